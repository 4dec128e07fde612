// Package keypaxos is what the drivers paxos and paxos1 have in common: a key-value store in which an
// instance of Paxos decides each version of each key. It keeps the acceptor's state, the queue of the
// clients' commands, what is chosen, snapshots and disk; how a value gets chosen is for the driver, which
// keeps [Rules].
//
// The rules that are kept here are cited by their numbers in package paxos, where they stand.
package keypaxos

//go:generate go run quorumbench/protocols/protogen protocols/keypaxos/keypaxos.proto

import (
	"math/rand/v2"
	"slices"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
)

// Rules are a driver's own: how it gets a value chosen.
type Rules interface {
	// Begin sends a new proposal on its way; this replica itself has promised its ballot.
	Begin(g *Register)
	// Late tells that the proposal under way has no answer yet that ends it, and its time is over.
	Late(g *Register)
	// Receive handles a message of one of the driver's own kinds. It concerns a version that is not
	// known chosen, unless it is an answer.
	Receive(from protocols.NodeID, g *Register, m *Message)
}

// Replica is one replica's keys. It implements protocols.Node for the driver that embeds it.
type Replica struct {
	ID  protocols.NodeID
	Out *protocols.Outbox

	members []protocols.NodeID
	rules   Rules
	random  *rand.Rand
	now     time.Duration
	links   []protocols.RoundTrip // to each replica
	peers   []protocols.NodeID    // nearest first
	quorum  quorum.System

	registers []*Register // in the order met; the place, which is used again, is the timer's ID
	vacant    []*Register // of them, those whose keys were dropped
	byKey     map[string]*Register
	spare     *Instance // instances that are over, for new ones
	logged    int       // records since the last snapshot

	in     Message // reused for decoding
	sent   Message // and for encoding
	entry  Entry
	record Record
}

// New returns a replica without keys. How long a proposal backs off follows from the round trip to a quorum.
func New(c protocols.Config, quorum quorum.System, rules Rules) *Replica {
	r := &Replica{
		ID: c.ID, members: c.Members, rules: rules, quorum: quorum,
		random: rand.New(rand.NewPCG(c.Seed, 1)),
		links:  make([]protocols.RoundTrip, c.Size()),
		peers:  c.Delays.Nearest(c.ID),
		byKey:  map[string]*Register{},
	}
	for to := range r.links {
		r.links[to] = protocols.NewRoundTrip(c.Delays.RoundTrip(c.ID, protocols.NodeID(to)))
	}
	r.record.Entries = []*Entry{&r.entry}
	return r
}

// Register is one key: its latest version, the open instances after it, and the wishes of this
// replica's clients. There may be millions, most of them at rest.
type Register struct {
	Proposal *Proposal // of this replica, for the oldest wish; nil: none is under way

	key     []byte
	name    string // the same
	timer   protocols.TimerID
	version uint64      // the latest that is applied; all before it are chosen too
	state   kv.Register // after that version: the snapshot of the key
	open    *Instance   // of what is promised, accepted or chosen after that version, the first
	wishes  *Wish       // the oldest
}

// Next is the first version not known chosen.
func (g *Register) Next() uint64 { return g.version + 1 }

// Wish is the command for which there is, or next will be, a proposal.
func (g *Register) Wish() *Wish { return g.wishes }

func (r *Replica) register(key []byte) *Register {
	if g := r.byKey[string(key)]; g != nil {
		return g
	}
	g := r.vacancy()
	g.key, g.name = slices.Clone(key), string(key)
	r.byKey[g.name] = g
	return g
}

func (r *Replica) vacancy() *Register {
	if last := len(r.vacant) - 1; last >= 0 {
		g := r.vacant[last]
		r.vacant = r.vacant[:last]
		return g
	}
	g := &Register{timer: protocols.TimerID(len(r.registers))}
	r.registers = append(r.registers, g)
	return g
}

// tidy drops what is empty: instances of which nothing is known any more, and the key, if nobody has
// written it. That is so where the prepare of a read that found nothing has been taken back: rule 12.
// More must not be dropped. A promise is kept for ever, even one to a read (rule 1), so that without the
// option revert a read of a key that nobody has written leaves an instance at each replica that it asked;
// and the reader itself has to know which ballots it has abandoned (rule 13).
func (r *Replica) tidy(g *Register) {
	for at := &g.open; *at != nil; {
		if (*at).empty() {
			r.drop(at)
		} else {
			at = &(*at).later
		}
	}
	if g.version > 0 || g.open != nil || g.wishes != nil {
		return
	}
	delete(r.byKey, g.name)
	*g = Register{timer: g.timer} // which is not set: only for a wish it is
	r.vacant = append(r.vacant, g)
}

// Step implements protocols.Node.
func (r *Replica) Step(in *protocols.Input, out *protocols.Outbox) {
	r.now, r.Out = in.Now, out
	switch in.Kind {
	case protocols.InputRestore:
		r.restore(in.Data)
		return
	case protocols.InputCommand:
		r.onCommand(in.Command, in.Data)
	case protocols.InputTimer:
		r.onTimer(r.registers[in.Timer])
	case protocols.InputMessage:
		if r.decode(in.Data) == nil && r.in.Version > 0 { // nothing but a replica of this driver sends; skip what is not ours
			g := r.register(r.in.Key)
			r.receive(in.From, g, &r.in)
			r.tidy(g)
		}
	}
	r.compact()
}

// decode is protocols.Decode into r.in, whose key, which nobody keeps, it reuses.
func (r *Replica) decode(data []byte) error {
	key := r.in.Key[:0]
	r.in.Reset()
	r.in.Key = key
	return r.in.UnmarshalVT(data)
}

func (r *Replica) receive(from protocols.NodeID, g *Register, m *Message) {
	switch m.Kind {
	case Kind_COMMIT:
		r.Learn(g, m.Version, m.Value)
		if g.version < m.Version { // an earlier commit was lost
			r.Send(from, g, r.message(Kind_FETCH, g.Next(), 0, nil))
		}
	case Kind_STATE:
		r.adopt(g, m.Version, m.State)
	case Kind_FETCH:
		if m.Version <= g.version {
			r.tellState(from, g)
		}
	case Kind_PREPARE, Kind_ACCEPT, Kind_PROPOSE:
		if m.Version <= g.version { // rule 7
			r.tellState(from, g)
			return
		}
		r.rules.Receive(from, g, m)
	default:
		r.rules.Receive(from, g, m)
	}
}

// Now is the time of the step.
func (r *Replica) Now() time.Duration { return r.now }

// Send sends a message about a key.
func (r *Replica) Send(to protocols.NodeID, g *Register, m *Message) {
	m.Key = g.key
	r.Out.Send(to, m)
}

// Broadcast sends a message about a key to all other replicas.
func (r *Replica) Broadcast(g *Register, m *Message) {
	m.Key = g.key
	r.Out.Broadcast(r.ID, r.members, m)
}
