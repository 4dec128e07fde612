package keypaxos

import (
	"fmt"
	"slices"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
)

// Wish is a client's command on its way.
type Wish struct {
	Read bool

	id       protocols.CommandID
	version  uint64 // that the command names, zero for none
	value    []byte // the encoded command; nil for a read
	proposed bool
	failed   int // attempts
	late     int // attempts among them that waited in vain
	lost     int // versions
	attempt  Proposal
	next     *Wish
}

// Proposal is an attempt, under one ballot, to get a value chosen for one version.
type Proposal struct {
	Version     uint64
	Ballot      protocols.Ballot
	Phase       Phase
	Value       []byte           // to propose: the wish's, or one that was met; nil for a read so far
	ValueBallot protocols.Ballot // of the value that was met
	Agreed      quorum.Set       // who promised or accepted, in this phase
	Refused     quorum.Set       // who did not
	Highest     protocols.Ballot // that was met in a refusal
	To          protocols.NodeID // where it is, of a proposal that travels

	since time.Duration // the phase began
}

// Phase is how far a proposal is.
type Phase uint8

// The phases of a proposal. One that travels is Preparing until it is back.
const (
	Preparing Phase = iota + 1
	Accepting
	BackingOff
)

// measureLost is a measure by which conflicts show, besides protocols.MeasureRefused: how many versions the
// command has lost, the one noted included.
const measureLost = "version lost"

// Meet keeps rule 4: the value accepted under the highest ballot has to be proposed.
func (p *Proposal) Meet(valueBallot protocols.Ballot, value []byte) {
	if valueBallot > p.ValueBallot {
		p.ValueBallot, p.Value = valueBallot, value
	}
}

func (r *Replica) onCommand(id protocols.CommandID, data []byte) {
	var command kv.Command
	if err := protocols.Decode(data, &command); err != nil {
		panic(fmt.Sprintf("keypaxos: command %v is not a kv.Command: %v", id, err)) // made by the host of this replica
	}
	g := r.register(command.Key)
	w := &Wish{Read: command.Op == kv.Op_GET, id: id, version: command.Version}
	if result, over := g.outcome(w); over {
		if result != nil {
			r.Out.Answer(id, result)
		}
		return
	}
	if !w.Read {
		w.value = slices.Clone(data)
	}
	at := &g.wishes
	for ; *at != nil; at = &(*at).next {
		if (*at).id == id {
			return
		}
	}
	*at = w
	r.propose(g)
}

// outcome returns what has become of a wish, and whether anything has. A result of nil is one that
// the client holds already.
func (g *Register) outcome(w *Wish) (result []byte, over bool) {
	if result, over = g.state.Result(w.id); over {
		return result, true
	}
	op := kv.Op_PUT
	if w.Read {
		op = kv.Op_GET
	}
	return g.state.Known(op, w.version) // rule 8
}

// propose begins an attempt for the oldest wish, unless one is under way.
func (r *Replica) propose(g *Register) {
	w := g.wishes
	if g.Proposal != nil || w == nil {
		return
	}
	if w.proposed {
		r.Out.Mark(w.id, protocols.MarkRetried)
	} else {
		r.proposed(w)
	}
	r.begin(g, 0)
}

func (r *Replica) proposed(w *Wish) {
	w.proposed = true
	r.Out.Mark(w.id, protocols.MarkProposed)
}

// begin begins an attempt under a ballot above all that were met. The version's own promise holds every
// ballot that this replica has used for it, but for those taken back (rules 9 and 13).
func (r *Replica) begin(g *Register, met protocols.Ballot) {
	w, version := g.wishes, g.Next() // rule 8
	i := r.instance(g, version)
	b := max(i.LastBallot, i.abandoned, met).Next(r.ID)
	for other := w; w.Read && other != nil; other = other.next { // rule 6
		if other.Read && !other.proposed {
			r.proposed(other)
		}
	}
	w.attempt = Proposal{Version: version, Ballot: b, Phase: Preparing, Value: w.value, since: r.now}
	g.Proposal = &w.attempt
	before := r.Prepare(g, version, b)
	g.Proposal.Meet(before.ValueBallot, before.Value)
	r.rules.Begin(g)
}

// Awaited tells whether an answer belongs to the proposal under way, in that phase of it, and takes the
// time that it took.
func (r *Replica) Awaited(from protocols.NodeID, g *Register, m *Message, phase Phase) bool {
	p := g.Proposal
	if p == nil || p.Phase != phase || p.Version != m.Version || uint64(p.Ballot) != m.Ballot {
		return false
	}
	r.links[from].Sample(r.now - p.since)
	return true
}

// Prepared begins phase 2.
func (r *Replica) Prepared(g *Register) {
	p := g.Proposal
	p.Phase, p.Agreed, p.Refused, p.since = Accepting, 0, 0, r.now
	r.Out.Mark(g.wishes.id, protocols.MarkPrepared)
}

// Chosen keeps rules 5 and 7: the proposal's value is chosen, and all are told.
func (r *Replica) Chosen(g *Register) {
	p := g.Proposal
	r.Broadcast(g, r.message(Kind_COMMIT, p.Version, 0, p.Value))
	r.Learn(g, p.Version, p.Value)
}

// Absent keeps rule 6: in the version after the latest known one nothing is chosen. The run began after
// each of the reads had come that are proposed.
func (r *Replica) Absent(g *Register) {
	r.end(g)
	for at := &g.wishes; *at != nil; {
		w := *at
		if !w.Read || !w.proposed {
			at = &w.next
			continue
		}
		*at = w.next
		r.answer(w, g.state.Read(w.version))
	}
	r.propose(g)
}

func (r *Replica) end(g *Register) {
	if g.Proposal != nil {
		g.Proposal = nil
		r.Out.StopTimer(g.timer)
	}
}

// GiveUp ends an attempt; the next one begins after the back-off of rule 4.
func (r *Replica) GiveUp(g *Register) {
	w := g.wishes
	w.failed++
	if g.Proposal.Refused != 0 {
		r.Out.Measure(protocols.MeasureRefused, int64(w.failed))
	}
	g.Proposal.Phase = BackingOff
	r.Out.SetTimer(g.timer, r.backOff(w.failed))
}

// patience is how often a time is doubled at most: more, and a lossy network or a duel of several
// proposers would keep a client waiting for minutes between few attempts.
const patience = 4

// backOff is a random time, at most that of a phase, which doubles with each attempt up to 16 times.
func (r *Replica) backOff(failed int) time.Duration {
	return time.Duration(r.random.Int64N(int64(r.nearest(r.quorum)) << min(failed-1, patience)))
}

// onTimer begins a new attempt when the back-off is over: two proposers that time out in step must
// not go on in step.
func (r *Replica) onTimer(g *Register) {
	p := g.Proposal
	switch {
	case p == nil:
	case p.Phase == BackingOff:
		r.Out.Mark(g.wishes.id, protocols.MarkRetried)
		r.begin(g, p.Highest)
	default:
		g.wishes.late++
		r.rules.Late(g)
	}
}

// Wait sets the time that a phase may take in which a quorum has to answer: first the nearest one;
// after a wait in vain, since somebody near may be down, any.
func (r *Replica) Wait(g *Register, s quorum.System) {
	if g.wishes.late > 0 {
		s = quorum.Size(len(r.members), quorum.Of(r.members...))
	}
	r.wait(g, r.nearest(s))
}

// WaitFor sets the time that an answer of one replica may take.
func (r *Replica) WaitFor(g *Register, from protocols.NodeID) {
	r.wait(g, r.links[from].Timeout())
}

// wait doubles the time with each wait in vain: the link may be slower than ever measured, and an answer
// that comes too late is no measurement (RFC 6298, rule 5.5).
func (r *Replica) wait(g *Register, timeout time.Duration) {
	r.Out.SetTimer(g.timer, timeout<<min(g.wishes.late, patience))
}

// nearest is how long to wait for the answers of the nearest replicas that are a quorum with this one.
// Which are the nearest is a matter of configuration: of those that do not answer in time nothing is
// measured.
func (r *Replica) nearest(s quorum.System) time.Duration {
	timeout, heard := r.links[r.ID].Timeout(), quorum.Of(r.ID)
	for _, peer := range r.peers {
		if s.IsQuorum(heard) {
			break
		}
		heard.Add(int32(peer))
		timeout = max(timeout, r.links[peer].Timeout())
	}
	return timeout
}

// message fills in a message that is encoded at once.
func (r *Replica) message(kind Kind, version uint64, b protocols.Ballot, value []byte) *Message {
	m := &r.sent
	m.Kind, m.Version, m.Ballot, m.Value = kind, version, uint64(b), value
	m.LastBallot, m.ValueBallot, m.State = 0, 0, nil
	return m
}

// Ask is the proposal's request of that kind, with that value. It is to be sent at once.
func (r *Replica) Ask(g *Register, kind Kind, value []byte) *Message {
	return r.message(kind, g.Proposal.Version, g.Proposal.Ballot, value)
}

// Reply is an answer to a request, which tells the highest ballot promised before. It is to be sent at
// once.
func (r *Replica) Reply(request *Message, kind Kind, last protocols.Ballot) *Message {
	m := r.message(kind, request.Version, protocols.Ballot(request.Ballot), nil)
	m.LastBallot = uint64(last)
	return m
}
