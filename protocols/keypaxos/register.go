package keypaxos

import (
	"math/rand/v2"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/slab"
	"quorumbench/protocols/snapshot"
)

// Rules are the driver's part: how it gets a value chosen.
type Rules interface {
	// Begin starts g.Proposal, under a ballot that this replica has not used. It calls PrepareHere first, unless the
	// driver begins otherwise. The request's attempts have met the given ballot, 0 for none: nobody has refused it.
	Begin(g *Register, met protocols.Ballot)
	// TimedOut handles the timeout of the current phase of g.Proposal.
	TimedOut(g *Register)
	// Receive handles a message of one of the driver's own kinds. A request among them concerns a version
	// that is not known to be chosen.
	Receive(from protocols.NodeID, g *Register, m *Message)
}

// Replica is one replica's state of all keys. It implements protocols.Node for the driver that embeds it.
type Replica struct {
	ID  protocols.NodeID
	Out *protocols.Outbox
	// Unheard are replicas whose answers are not waited for, though they count if they come. Drivers may set it.
	Unheard quorum.Set
	// silent are replicas that have let a message go unanswered, and have answered none since: what was measured of them does
	// not count.
	silent quorum.Set

	config     protocols.Config
	members    []protocols.NodeID
	rules      Rules
	random     *rand.Rand
	now        time.Duration
	roundTrips []protocols.RoundTrip // measured, by replica
	peers      []protocols.NodeID    // nearest first
	quorum     quorum.System

	registers     []*Register // in order of creation; the index, which is used again, is the timer's ID
	freeRegisters []*Register // those of registers whose keys were dropped
	byKey         map[string]*Register
	freeInstances *Instance // for reuse
	walk          snapshot.KeyWalk

	in     Message // reused: the message that was decoded last
	sent   Message // reused: the message that is encoded next
	entry  Entry
	record Record
	memory memory
}

// memory is where a replica's structs and the bytes of its keys are allocated, many at a time. Values are not: a key
// that is not written again keeps its last one.
type memory struct {
	registers slab.Items[Register]
	requests  slab.Items[Request]
	keys      slab.Slab
}

// New returns a replica without keys. The given quorums are those of phase 1; retries back off by up to the round trip to them.
func New(c protocols.Config, quorum quorum.System, rules Rules) *Replica {
	r := &Replica{
		ID: c.ID, config: c, members: c.Members, rules: rules, quorum: quorum,
		random:     rand.New(rand.NewPCG(c.Seed, 1)),
		roundTrips: make([]protocols.RoundTrip, c.Size()),
		peers:      c.Delays.Nearest(c.ID),
		byKey:      map[string]*Register{},
	}
	for to := range r.roundTrips {
		r.roundTrips[to] = protocols.NewRoundTrip(c.Delays.RoundTrip(c.ID, protocols.NodeID(to)))
	}
	r.record.Entries = []*Entry{&r.entry}
	return r
}

// Register is one key: its latest version, the open instances after it, and the requests of this
// replica's clients. There may be millions, most of them without a request.
type Register struct {
	Proposal *Proposal // of this replica, for the oldest request; nil if none is in progress

	key      []byte
	name     string // key as a string
	timer    protocols.TimerID
	version  uint64        // the latest applied; all before it are chosen
	fetched  time.Duration // when a gap was last asked about; 0: not since a state has come
	state    kv.Register   // after that version
	open     *Instance     // the instances after that version, as a list in order; nil if none
	requests *Request      // the oldest, which links to the others
}

// Next returns the first version that is not known to be chosen.
func (g *Register) Next() uint64 { return g.version + 1 }

// highest returns the highest version of the key in which this replica has accepted or applied anything. It never gets lower, not
// even by a restart: what is accepted and what is chosen is durable before it is told, and an instance that has a value is
// dropped only when its version is applied (rule 17).
func (g *Register) highest() uint64 {
	highest := g.version
	for i := g.open; i != nil; i = i.later {
		if i.ValueBallot > 0 || i.chosen != nil {
			highest = i.version
		}
	}
	return highest
}

// HighestFrom returns highest if it is at least the given version, else zero, which takes no room in a message.
func (g *Register) HighestFrom(version uint64) uint64 {
	if highest := g.highest(); highest >= version {
		return highest
	}
	return 0
}

// Request returns the oldest request of the key; nil if there is none. The key's proposal serves it.
func (g *Register) Request() *Request { return g.requests }

// Unanswered returns how many attempts for the oldest request have ended without an answer.
func (g *Register) Unanswered() int { return g.requests.unanswered }

// register returns the state of a key, which it creates if there is none.
func (r *Replica) register(key []byte) *Register {
	if g := r.byKey[string(key)]; g != nil {
		return g
	}
	g := r.newRegister()
	g.key, g.name = r.memory.keys.Clone(key), string(key)
	r.byKey[g.name] = g
	return g
}

// newRegister returns an empty register: one whose key was dropped, or a new one.
func (r *Replica) newRegister() *Register {
	if last := len(r.freeRegisters) - 1; last >= 0 {
		g := r.freeRegisters[last]
		r.freeRegisters = r.freeRegisters[:last]
		return g
	}
	g := r.memory.registers.New()
	g.timer = protocols.TimerID(len(r.registers))
	r.registers = append(r.registers, g)
	return g
}

// dropIfEmpty drops the instances of a key of which nothing is known any more, and the key itself if it has
// no version, no instance and no request. That is so after a read that found nothing has taken back its
// promises (rule 12: revert). All else stays: a promise is kept for ever, even one to a read (rule 1), so that
// without the option revert a read of a key that was never written leaves an instance at each replica it asked;
// and the reader must remember which ballots it has abandoned (rule 13: never use them again).
func (r *Replica) dropIfEmpty(g *Register) {
	for at := &g.open; *at != nil; {
		if (*at).empty() {
			r.dropInstance(at)
		} else {
			at = &(*at).later
		}
	}
	if g.version > 0 || g.open != nil || g.requests != nil {
		return
	}
	delete(r.byKey, g.name)
	*g = Register{timer: g.timer} // the timer is not set, since there is no request
	r.freeRegisters = append(r.freeRegisters, g)
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
		if in.Timer == walkTimer {
			r.walk.OnTimer()
		} else {
			r.onTimer(r.registers[in.Timer])
		}
	case protocols.InputMessage:
		if r.decode(in.Data) == nil && r.in.Version > 0 {
			g := r.register(r.in.Key)
			r.receive(in.From, g, &r.in)
			r.dropIfEmpty(g)
		}
	}
	r.compact()
}

// decode decodes a message into r.in. It reuses the memory of the last message's key, which no caller keeps.
func (r *Replica) decode(data []byte) error {
	key := r.in.Key[:0]
	r.in.Reset()
	r.in.Key = key
	return r.in.UnmarshalVT(data)
}

// receive handles commits, and questions about versions that are already applied; the rest is for the driver.
func (r *Replica) receive(from protocols.NodeID, g *Register, m *Message) {
	switch m.Kind {
	case Kind_COMMIT:
		r.learnFrom(from, g, m)
	case Kind_STATE:
		if r.heard(from, g, m.Asked, protocols.Ballot(m.Ballot)) {
			r.tellHighest(from, g, max(m.Version, m.Highest))
		}
		r.adopt(g, m.Version, m.State)
		r.afterAnswer(g)
	case Kind_FETCH:
		if m.Version <= g.version {
			r.sendState(from, g, nil)
		}
	case Kind_PREPARE, Kind_ACCEPT, Kind_PROPOSE, Kind_FAST_ACCEPT:
		if m.Version <= g.version { // rule 7: the version is decided, so the answer is the state
			r.sendState(from, g, m)
			return
		}
		r.rules.Receive(from, g, m)
	case Kind_PROMISE, Kind_ACCEPTED, Kind_PROPOSED, Kind_FAST_ACCEPTED:
		if r.heard(from, g, m.Version, protocols.Ballot(m.Ballot)) && (m.Kind == Kind_PROMISE || m.Kind == Kind_PROPOSED) {
			r.tellHighest(from, g, max(m.Version-1, m.Highest))
		}
		r.afterAnswer(g)
		r.rules.Receive(from, g, m)
	default:
		r.rules.Receive(from, g, m)
	}
}

// Now returns the time of the current step.
func (r *Replica) Now() time.Duration { return r.now }

// Send sends a message about a key to one replica.
func (r *Replica) Send(to protocols.NodeID, g *Register, m *Message) {
	m.Key = g.key
	r.Out.Send(to, m)
}

// Broadcast sends a message about a key to all other replicas.
func (r *Replica) Broadcast(g *Register, m *Message) {
	m.Key = g.key
	r.Out.Broadcast(r.ID, r.members, m)
}
