package paxos

import (
	"slices"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// register is one key: its chosen versions, the open instances after them, and the wishes of
// this replica's clients.
type register struct {
	key     []byte
	timer   protocols.TimerID
	decided [][]byte             // decided[i] is the value of version i+1
	ahead   map[uint64][]byte    // chosen versions after a gap
	open    map[uint64]*instance // instances promised or accepted here and not known chosen
	store   *kv.Store            // this key alone, versions applied in order

	wishes   []*wish // of clients of this replica, served one after the other
	proposal *proposal
}

// instance is the acceptor's state of one version.
type instance struct {
	lastBallot  protocols.Ballot // the highest promised
	valueBallot protocols.Ballot // that of the accepted value, zero for none
	value       []byte
}

// wish is a client's command on its way.
type wish struct {
	id       protocols.CommandID
	value    []byte // the encoded command; nil for a read
	attempts int    // failed so far
}

func (r *replica) register(key []byte) *register {
	if g := r.byKey[string(key)]; g != nil {
		return g
	}
	g := &register{
		key: slices.Clone(key), timer: protocols.TimerID(len(r.registers)),
		ahead: map[uint64][]byte{}, open: map[uint64]*instance{}, store: kv.NewStore(),
	}
	r.registers = append(r.registers, g)
	r.byKey[string(key)] = g
	return g
}

// next is the first version not known chosen.
func (g *register) next() uint64 { return uint64(len(g.decided)) + 1 }

// instance returns the acceptor's state of a version that is not known chosen.
func (g *register) instance(version uint64) *instance {
	i := g.open[version]
	if i == nil {
		i = &instance{}
		g.open[version] = i
	}
	return i
}

// add queues a wish, unless its command is queued already.
func (g *register) add(w *wish) bool {
	if slices.ContainsFunc(g.wishes, func(other *wish) bool { return other.id == w.id }) {
		return false
	}
	g.wishes = append(g.wishes, w)
	return true
}

// learn notes that a value is chosen, and applies what can be applied in order.
func (r *replica) learn(g *register, version uint64, value []byte) {
	if _, known := g.ahead[version]; known || version < g.next() {
		return
	}
	r.out.Persist(&Record{Key: g.key, Version: version, Value: value, Chosen: true})
	g.ahead[version] = value
	r.apply(g)
	if p := g.proposal; p != nil && p.version < g.next() {
		g.proposal = nil // rule 5: this version is decided; on to the next
	}
	r.propose(g)
}

func (r *replica) apply(g *register) {
	for {
		version := g.next()
		value, chosen := g.ahead[version]
		if !chosen {
			return
		}
		g.decided = append(g.decided, value)
		delete(g.ahead, version)
		delete(g.open, version) // rule 7
		id, result := g.store.Apply(value)
		r.out.Commit(protocols.Slot{Key: string(g.key), Index: version}, id, value)
		r.answer(g, id, result)
	}
}

// answer serves a wish, if this replica has it.
func (r *replica) answer(g *register, id protocols.CommandID, result []byte) {
	i := slices.IndexFunc(g.wishes, func(w *wish) bool { return w.id == id })
	if i < 0 {
		return
	}
	g.wishes = slices.Delete(g.wishes, i, i+1)
	r.out.Mark(id, protocols.MarkCommitted)
	r.out.Mark(id, protocols.MarkApplied)
	r.out.Answer(id, result)
}

func (r *replica) restore(data []byte) {
	var record Record
	if protocols.Decode(data, &record) != nil {
		return // a torn record was never told to anybody
	}
	g := r.register(record.Key)
	switch {
	case record.Version < g.next():
	case record.Chosen:
		g.ahead[record.Version] = record.Value
		r.apply(g)
	default:
		*g.instance(record.Version) = instance{
			lastBallot:  protocols.Ballot(record.LastBallot),
			valueBallot: protocols.Ballot(record.ValueBallot),
			value:       record.Value,
		}
	}
}
