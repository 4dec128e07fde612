package explore

import (
	"fmt"
	"slices"

	"quorumbench/protocols"
	"quorumbench/protocols/host"
	"quorumbench/protocols/kv"
)

// notes are what a replica has told its host in all incarnations, as far as the checks need it. Sets of
// commands are bits, by their numbers.
type notes struct {
	id     protocols.NodeID
	search *search

	given    uint8 // handed over, ever
	again    uint8 // handed over once more, in this incarnation
	pending  uint8 // handed over and not answered, in this incarnation
	answered uint8 // ever
	had      uint8 // applied
	asked    uint8 // requests for other memberships that have reached it

	orders  []order               // by key; drivers with one log have one
	earlier [mostCommands]uint8   // for each command applied, those applied before it
	results [mostCommands]reading // of the reads answered

	agreed host.Agreement // among this replica's incarnations
	at     host.Position
}

// order is what a replica has applied at the places of one order: a command's number from 1, or one of
// those below.
type order struct {
	key     string
	applied []uint8
	adopted bool // some of it was not told command by command
}

// Places of an order that hold no command.
const (
	noop    = 0
	unknown = 0xff // adopted with a state
)

// reading is what a read has returned.
type reading struct {
	version uint8
	writer  uint8 // the number from 1 of the command whose value it is; noop: the key was absent
}

func newNotes(id protocols.NodeID, s *search) notes {
	return notes{id: id, search: s, at: host.Position{}}
}

// clone returns what a state keeps.
func (n *notes) clone() notes {
	kept := *n
	kept.orders = slices.Clone(n.orders)
	kept.agreed, kept.at = host.Agreement{}, nil
	return kept
}

// encode writes down what does not follow from the rest.
func (n *notes) encode(data []byte) []byte {
	data = append(data, n.given, n.again, n.pending, n.answered, n.had, byte(len(n.orders)))
	for _, o := range n.orders {
		data = append(append(append(data, o.key...), 0, byte(len(o.applied))), o.applied...)
	}
	for i, result := range n.results {
		if n.search.reads&n.answered&(1<<i) != 0 {
			data = append(data, result.version, result.writer)
		}
	}
	return data
}

func (n *notes) order(key string) *order {
	i := slices.IndexFunc(n.orders, func(o order) bool { return o.key >= key })
	if i < 0 {
		i = len(n.orders)
	}
	if i == len(n.orders) || n.orders[i].key != key {
		n.orders = slices.Insert(n.orders, i, order{key: key})
	}
	return &n.orders[i]
}

// issued notes that a client hands a command over.
func (n *notes) issued(number uint32) {
	bit := uint8(1) << number
	if n.given&bit != 0 || n.search.cluster.Commands[number].At != n.id {
		n.again |= bit
	}
	n.given |= bit
	n.pending |= bit
}

// crashed notes the end of an incarnation: the clients beside the replica that wait give up, and may
// hand over again.
func (n *notes) crashed() {
	n.pending, n.again = 0, 0
	clear(n.at)
}

// committed notes what is at a place of an order. An incarnation may tell again what one before it has
// told, and nothing else.
func (n *notes) committed(c protocols.Commit) *objection {
	if err := n.agreed.Apply(n.at, c); err != nil {
		return &objection{ApplyOrder, fmt.Sprintf("R%d %v", n.id, err)}
	}
	o, place, what := n.order(c.Slot.Key), int(c.Slot.Index), uint8(c.ID.Client)
	if c.ID.Client > uint64(len(n.search.commands)) {
		what = unknown // it was on a disk from the beginning
	}
	if c.Adopted {
		what, o.adopted = unknown, true
	}
	for len(o.applied) < place {
		o.applied = append(o.applied, unknown)
	}
	if what == unknown || o.applied[place-1] != unknown {
		return nil
	}
	o.applied[place-1] = what
	if what != noop && n.had&(1<<(what-1)) == 0 {
		n.earlier[what-1] = n.had
		n.had |= 1 << (what - 1)
	}
	return nil
}

// answer notes an answer. That it is the first of this incarnation the host sees to.
func (n *notes) answer(a protocols.Answer) *objection {
	number := a.ID.Client - 1
	n.pending &^= 1 << number
	n.answered |= 1 << number
	if n.search.reads&(1<<number) == 0 {
		return nil
	}
	var result kv.Result
	if err := protocols.Decode(a.Result, &result); err != nil {
		return &objection{RealTime, fmt.Sprintf("R%d answers %s with what is no result: %v", n.id, n.search.commandName(uint32(number)), err)}
	}
	n.results[number] = reading{uint8(result.Version), n.search.writer(result.Value)}
	return nil
}

// adoptedKey tells whether the replica has not been told all that it has applied of a command's order.
func (n *notes) adopted(key string) bool {
	for _, o := range n.orders {
		if o.key == key || o.key == "" {
			return o.adopted
		}
	}
	return false
}

// adoptedAny tells whether the replica has not been told all that it has applied.
func (n *notes) adoptedAny() bool {
	return slices.ContainsFunc(n.orders, func(o order) bool { return o.adopted })
}
