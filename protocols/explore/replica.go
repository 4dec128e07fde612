package explore

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/host"
)

// local is a state of one replica with its host. Many histories may lead to it; it holds the first one
// met, and what that has left behind.
type local struct {
	inputs  []input       // what has happened to the replica, from the beginning
	clock   time.Duration // of its host
	timers  []timer       // that are set, by ID
	node    protocols.Node
	writing bool // records, to a disk that takes time
	notes
}

// input is an event, and the time at which it happened by the replica's clock.
type input struct {
	event event
	at    time.Duration
}

type timer struct {
	id      protocols.TimerID
	setting uint64 // see host.Timer
	due     time.Duration
}

// event is what happens to a replica.
type event struct {
	kind   eventKind
	number uint32 // of the message, the timer among those set, the command, or the replica
}

type eventKind uint8

const (
	begin eventKind = iota
	arrive
	fire
	issue
	crash
	pause
	delay // of the message that is next: it is kept back
	cut
	heal
	ask // the replica is handed the request of that number
)

// letter is a message on its way.
type letter struct {
	from, to protocols.NodeID
	data     string
}

// step is what comes of an input: the replica's next state, messages, and which timers were set.
type step struct {
	next  uint32
	sends []uint32
	set   []setTimer
	wrong *objection
}

// setTimer is a timer that a step has set, and for how long.
type setTimer struct {
	id    protocols.TimerID
	after time.Duration
}

// objection is what is found wrong with a step: the check that fails, and why.
type objection struct{ rule, detail string }

// replica is a replica that runs on its host, and the host's world. It is made anew for each step from
// what has happened to it so far: see the package comment.
type replica struct {
	search *search
	host   *host.Host
	disk   disk
	now    time.Duration
	timers []timer // that were set, those no more among them
	sends  []uint32
	wrong  *objection
	notes
}

func (s *search) newReplica(id protocols.NodeID) *replica {
	r := &replica{search: s, notes: newNotes(id, s)}
	config := host.Config{
		World: r, Disk: &r.disk, Breach: func(err error) { r.object(&objection{AnswerOnce, fmt.Sprintf("R%d %v", id, err)}) },
		New: func(uint64) protocols.Node { return s.newNode(id) },
	}
	r.disk.slow = s.cluster.SlowDisks
	if s.cluster.Disks != nil {
		r.disk.Kept = slices.Clone(s.cluster.Disks[id])
	}
	r.host = host.New(config)
	return r
}

func (s *search) newNode(id protocols.NodeID) protocols.Node {
	return s.cluster.Driver.New(s.configs[id])
}

// configOf is the Config of a replica.
func (c *Cluster) configOf(id int, members []protocols.NodeID) protocols.Config {
	config := protocols.Config{
		ID: protocols.NodeID(id), Members: members, Leader: protocols.Nobody, Delays: c.delaysOf(id), Witnesses: c.Witnesses,
		Seed: uint64(id) + 1,
	}
	if len(c.Requests) > 0 {
		config.Replicas = len(members)
	}
	if c.Options != nil {
		config.Options = c.Options
	}
	if c.Driver.HasLeader {
		config.Leader = c.Leader
	}
	return c.Driver.MustComplete(config)
}

// delaysOf are the delays that a replica is configured with: they say which other one is nearest.
func (c *Cluster) delaysOf(id int) protocols.Delays {
	const near, far = 10 * time.Millisecond, 20 * time.Millisecond
	delays := make(protocols.Delays, c.Replicas)
	for i := range delays {
		delays[i] = make([]time.Duration, c.Replicas)
		for j := range delays[i] {
			if i != j {
				delays[i][j] = far
			}
		}
	}
	if c.Nearest != nil {
		nearest := c.Nearest[id]
		delays[id][nearest], delays[nearest][id] = near, near
	}
	return delays
}

// Now implements host.World.
func (r *replica) Now() time.Duration { return r.now }

// Wake implements host.World.
func (r *replica) Wake(at time.Duration, id protocols.TimerID, setting uint64) {
	if fires := r.search.cluster.Fires; fires == nil || fires(id) {
		r.timers = append(r.timers, timer{id, setting, at})
	}
}

// Send implements host.World.
func (r *replica) Send(messages []protocols.Send) {
	for _, send := range messages {
		data := send.Data
		if carry := r.search.cluster.Carry; carry != nil {
			if data = carry(data); data == nil {
				continue
			}
		}
		r.sends = append(r.sends, r.search.letters.number(letter{from: r.id, to: send.To, data: string(data)}))
	}
}

// Mark implements host.World.
func (r *replica) Mark(protocols.Mark, time.Duration) {}

// Commit implements host.World.
func (r *replica) Commit(c protocols.Commit) { r.object(r.committed(c)) }

// Answer implements host.World.
func (r *replica) Answer(_ protocols.NodeID, a protocols.Answer) { r.object(r.answer(a)) }

func (r *replica) object(to *objection) {
	if to != nil {
		r.wrong = to
	}
}

// play lets an event happen. Its time is by the replica's clock.
func (r *replica) play(in input) {
	r.sends, r.now = r.sends[:0], in.at
	switch in.event.kind {
	case begin:
		r.host.Restore()
		r.host.Start()
	case crash:
		r.host.Crash()
		r.timers = r.timers[:0]
		r.crashed()
		r.host.Restore()
		r.host.Start()
	case pause:
	case arrive:
		m := r.search.letters.all[in.event.number]
		if m.data == endOfWrite {
			if r.disk.writing != nil {
				r.disk.done()
				r.host.Durable()
			}
			break
		}
		r.host.Message(m.from, []byte(m.data), r.now)
	case fire:
		t := r.timers[in.event.number]
		r.host.Fire(t.id, t.setting, r.now)
	case ask:
		r.asked |= 1 << in.event.number
		r.host.Membership(uint64(in.event.number)+1, r.search.cluster.Requests[in.event.number].Text)
	case issue:
		r.issued(in.event.number)
		client := protocols.NodeID(r.search.replicas) + protocols.NodeID(in.event.number)
		r.host.Request(client, slices.Clone(r.search.commands[in.event.number]), r.now)
	}
	r.host.Release()
	if r.disk.began {
		r.disk.began = false
		r.sends = append(r.sends, r.search.letters.number(letter{from: r.id, to: r.id, data: endOfWrite}))
	}
	r.timers = slices.DeleteFunc(r.timers, func(t timer) bool { return !r.host.Due(t.id, t.setting) })
	slices.SortFunc(r.timers, func(a, b timer) int { return cmp.Compare(a.id, b.id) })
}

// start returns the step with which a replica begins.
func (s *search) start(id int) step {
	r := s.newReplica(protocols.NodeID(id))
	in := input{}
	r.play(in)
	return s.stepOf(r, []input{in}, nil)
}

// after returns what comes of an event at a replica, computing it the first time.
func (s *search) after(at uint32, e event) step {
	key := stepKey{at, e}
	known, computed := s.steps[key]
	if !computed {
		known = s.compute(at, e)
		s.steps[key] = known
	}
	return known
}

type stepKey struct {
	local uint32
	event event
}

// replay makes the replica of a state.
func (s *search) replay(l *local) *replica {
	r := s.newReplica(l.id)
	for _, in := range l.inputs {
		r.play(in)
	}
	return r
}

// verify makes the replica of each state again, and tells if it is another than it was.
func (s *search) verify() {
	for n, l := range s.locals {
		was := s.encoder.encode(nil, l.node)
		if is := s.encoder.encode(nil, s.replay(l).host.Node()); !bytes.Equal(was, is) {
			s.violation = &Violation{Rule: Replay, Detail: fmt.Sprintf("state %d of R%d, after %d events, is another when it is made again", n, l.id, len(l.inputs))}
			return
		}
	}
}

// mostAgain is how often a timer fires at most that does nothing but set itself again.
const mostAgain = 4

// longPause is longer than all times for which replicas wait.
const longPause = time.Hour

func (s *search) compute(at uint32, e event) step {
	l := s.locals[at]
	r := s.replay(l)
	in := input{e, l.clock}
	switch e.kind {
	case fire:
		in.at = max(in.at, l.timers[e.number].due)
	case pause:
		in.at += longPause
	}
	before := slices.Clone(r.timers)
	r.wrong = nil
	r.play(in)
	inputs := append(slices.Clip(l.inputs), in)
	result := s.stepOf(r, inputs, before)
	for again := 0; e.kind == fire && result.next == at && len(result.sends) == 0 && again < mostAgain; again++ {
		id := l.timers[e.number].id
		place := slices.IndexFunc(r.timers, func(t timer) bool { return t.id == id })
		if place < 0 {
			break
		}
		in = input{event{fire, uint32(place)}, max(r.now, r.timers[place].due)}
		r.play(in)
		inputs = append(inputs, in)
		result = s.stepOf(r, inputs, before)
	}
	return result
}

// stepOf is the step that has led to the present state of a replica.
func (s *search) stepOf(r *replica, inputs []input, before []timer) step {
	result := step{sends: slices.Clone(r.sends), wrong: r.wrong}
	for _, t := range r.timers {
		if !slices.Contains(before, t) {
			result.set = append(result.set, setTimer{t.id, t.due - r.now})
		}
	}
	result.next = s.localOf(r, inputs)
	return result
}

// localOf numbers a replica's state.
func (s *search) localOf(r *replica, inputs []input) uint32 {
	data := append(s.scratch[:0], byte(r.id))
	if data = r.notes.encode(data); len(s.cluster.Requests) > 0 {
		data = append(data, r.asked)
	}
	for _, t := range r.timers {
		data = binary.AppendUvarint(data, uint64(t.id)+1)
		if s.cluster.Clocks {
			data = binary.AppendVarint(data, int64(t.due-r.now))
		}
	}
	if data = append(data, 0); s.cluster.Clocks {
		data = binary.AppendVarint(data, int64(r.now))
	}
	data = s.encoder.encode(data, r.host.Node())
	if s.cluster.Crashes > 0 {
		data = s.encoder.encode(data, s.restored(r)) // what a disk is worth
	}
	if s.cluster.SlowDisks {
		data = s.encoder.appendWaiting(data, r.host)
	}
	s.scratch = data
	sum := sha256.Sum256(data)
	hash := [16]byte(sum[:])
	number, known := s.localNumbers[hash]
	if !known {
		number = uint32(len(s.locals))
		l := &local{inputs: inputs, clock: r.now, writing: r.disk.writing != nil, timers: slices.Clone(r.timers), node: r.host.Node(), notes: r.notes.clone()}
		s.locals = append(s.locals, l)
		s.localNumbers[hash] = number
	}
	return number
}

// restored returns a replica as its disk makes it.
func (s *search) restored(r *replica) protocols.Node {
	node := s.newNode(r.id)
	out := &protocols.Outbox{}
	for _, record := range r.disk.Records() {
		out.Reset()
		node.Step(&protocols.Input{Kind: protocols.InputRestore, Data: record}, out)
	}
	return node
}
