package explore

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// local is a state of one replica, and of its host: what the host has been told.
type local struct {
	id       protocols.NodeID
	node     protocols.Node
	clock    time.Duration // of those with this state that was met first
	timers   []timer       // that are set, by ID
	disk     []protocols.Record
	applied  []uint8 // by place: the command's number from 1, or one of those below
	answered uint8   // commands, as bits
	issued   uint8
	given    uint8 // issued in this life of the replica, or answered
	adopted  bool  // it has not been told all that it has applied

	had     uint8               // commands applied
	earlier [mostCommands]uint8 // for each of them, those applied before it
}

type timer struct {
	id  protocols.TimerID
	due time.Duration
}

// Places of the order that hold no command.
const (
	noop    = 0
	unknown = 0xff // adopted with a state: not told what is there
)

// step is what comes of an input: the replica's next state, and messages.
type step struct {
	next  uint32
	sends []uint32
	wrong *objection
}

// objection is what a host finds wrong with a step: the check that fails, and why.
type objection struct{ rule, detail string }

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
)

// letter is a message on its way.
type letter struct {
	from, to protocols.NodeID
	data     string
}

func (s *search) start(id int) uint32 {
	l := &local{id: protocols.NodeID(id), node: s.newNode(id)}
	out := &protocols.Outbox{}
	l.node.Step(&protocols.Input{Kind: protocols.InputStart}, out)
	if len(out.Sends) > 0 {
		panic("explore: a replica that sends when it starts is not provided for")
	}
	s.host(l, out)
	return s.localOf(l)
}

func (s *search) newNode(id int) protocols.Node {
	const near, far = 10 * time.Millisecond, 20 * time.Millisecond
	n := len(s.cluster.Nearest)
	delays := make(protocols.Delays, n)
	for i := range delays {
		delays[i] = make([]time.Duration, n)
		for j := range delays[i] {
			switch {
			case i == j:
			case i == id && j == int(s.cluster.Nearest[id]), j == id && i == int(s.cluster.Nearest[id]):
				delays[i][j] = near
			default:
				delays[i][j] = far
			}
		}
	}
	return s.cluster.Driver.New(s.cluster.Driver.MustComplete(protocols.Config{
		ID: protocols.NodeID(id), Members: protocols.Members(n), Leader: protocols.Nobody, Delays: delays,
		Options: s.cluster.Options, Seed: uint64(id) + 1,
	}))
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

func (s *search) compute(at uint32, e event) step {
	was := s.locals[at]
	l := &local{}
	*l = *was
	l.timers, l.disk, l.applied = slices.Clone(was.timers), slices.Clip(was.disk), slices.Clone(was.applied)
	if e.kind == crash {
		return s.restart(l)
	}
	l.node = s.copier.copyNode(was.node)
	in := &protocols.Input{Now: l.clock}
	switch e.kind {
	case arrive:
		m := s.letters.all[e.number]
		in.Kind, in.From, in.Data = protocols.InputMessage, m.from, []byte(m.data)
	case fire:
		t := l.timers[e.number]
		l.timers = slices.Delete(l.timers, int(e.number), int(e.number)+1)
		l.clock = max(l.clock, t.due)
		in.Kind, in.Timer, in.Now = protocols.InputTimer, t.id, l.clock
	case issue:
		l.issued |= 1 << e.number
		l.given |= 1 << e.number
		in.Kind, in.Command, in.Data = protocols.InputCommand, commandID(e.number), s.commands[e.number]
	}
	out := &protocols.Outbox{}
	l.node.Step(in, out)
	wrong := s.host(l, out)
	return step{next: s.localOf(l), sends: s.post(l.id, out), wrong: wrong}
}

// restart lets a replica lose all but its disk.
func (s *search) restart(l *local) step {
	l.node = s.newNode(int(l.id))
	l.timers, l.given = nil, l.answered
	var wrong *objection
	for _, record := range l.disk {
		out := &protocols.Outbox{}
		l.node.Step(&protocols.Input{Kind: protocols.InputRestore, Now: l.clock, Data: record.Data}, out)
		if w := s.note(l, out); w != nil {
			wrong = w
		}
	}
	out := &protocols.Outbox{}
	l.node.Step(&protocols.Input{Kind: protocols.InputStart, Now: l.clock}, out)
	if w := s.host(l, out); w != nil {
		wrong = w
	}
	return step{next: s.localOf(l), sends: s.post(l.id, out), wrong: wrong}
}

func commandID(number uint32) protocols.CommandID {
	return protocols.CommandID{Client: uint64(number) + 1, Seq: 1}
}

// post numbers the messages of an outbox.
func (s *search) post(from protocols.NodeID, out *protocols.Outbox) []uint32 {
	var sends []uint32
	for _, send := range out.Sends {
		data := send.Data
		if s.cluster.Carry != nil {
			if data = s.cluster.Carry(data); data == nil {
				continue
			}
		}
		sends = append(sends, s.letters.number(letter{from: from, to: send.To, data: string(data)}))
	}
	return sends
}

// host does what a host does with an outbox, but for the messages. It returns what is wrong with
// it.
func (s *search) host(l *local, out *protocols.Outbox) (wrong *objection) {
	for _, change := range out.Timers {
		i, set := slices.BinarySearchFunc(l.timers, change.ID, func(t timer, id protocols.TimerID) int {
			return int(int64(t.id) - int64(id))
		})
		if set {
			l.timers = slices.Delete(l.timers, i, i+1)
		}
		if !change.Stop && (s.cluster.Fires == nil || s.cluster.Fires(change.ID)) {
			l.timers = slices.Insert(l.timers, i, timer{change.ID, l.clock + change.After})
		}
	}
	if s.cluster.Crashes > 0 {
		for _, record := range out.Records {
			if record.Snapshot {
				l.disk = nil
			}
			l.disk = append(l.disk, protocols.Record{Data: bytes.Clone(record.Data), Snapshot: record.Snapshot})
		}
	}
	return s.note(l, out)
}

// note takes down what a step applied and answered.
func (s *search) note(l *local, out *protocols.Outbox) (wrong *objection) {
	for _, commit := range out.Commits {
		if was, is := l.apply(commit, len(s.commands)); was != is {
			wrong = &objection{ApplyOrder, fmt.Sprintf("place %d: R%d applies %s, where it had applied %s",
				commit.Slot.Index, l.id, s.placeName(is), s.placeName(was))}
		}
	}
	for _, answer := range out.Answers {
		bit := uint8(1) << (answer.ID.Client - 1)
		if l.given&bit == 0 || l.answered&bit != 0 {
			wrong = &objection{AnswerOnce, fmt.Sprintf("R%d answers %s, which nobody waits for", l.id, s.commandName(uint32(answer.ID.Client-1)))}
		}
		l.answered |= bit
	}
	return wrong
}

// apply notes what is at a place of the order, and returns what is told to be there, before and now. A
// replica that was restored may tell again what it told before, and nothing else.
func (l *local) apply(commit protocols.Commit, commands int) (was, is uint8) {
	place := int(commit.Slot.Index)
	if commit.Slot.Key != "" || commit.ID.Client > uint64(commands) {
		panic(fmt.Sprintf("explore: %v at %v is not provided for", commit.ID, commit.Slot))
	}
	is = uint8(commit.ID.Client)
	if commit.Adopted {
		is, l.adopted = unknown, true
	}
	for len(l.applied) < place {
		l.applied = append(l.applied, unknown)
	}
	was = l.applied[place-1]
	switch {
	case is == unknown:
		return unknown, unknown
	case was != unknown:
		return was, is
	}
	l.applied[place-1] = is
	if is != noop && l.had&(1<<(is-1)) == 0 {
		l.earlier[is-1] = l.had
		l.had |= 1 << (is - 1)
	}
	return is, is
}

// localOf numbers a replica's state.
func (s *search) localOf(l *local) uint32 {
	data := append(s.scratch[:0], byte(l.id), l.answered, l.issued, l.given, l.had)
	data = append(append(data, byte(len(l.applied))), l.applied...)
	for _, t := range l.timers {
		data = fmt.Append(data, t.id, " ")
	}
	data = s.encoder.encode(append(data, 0), l.node)
	if s.cluster.Crashes > 0 {
		data = s.encoder.encode(data, s.restored(l)) // what a disk is worth
	}
	s.scratch = data
	sum := sha256.Sum256(data)
	hash := [16]byte(sum[:])
	number, known := s.localNumbers[hash]
	if !known {
		number = uint32(len(s.locals))
		s.locals = append(s.locals, l)
		s.localNumbers[hash] = number
	}
	return number
}

// restored returns a replica as its disk makes it.
func (s *search) restored(l *local) protocols.Node {
	node := s.newNode(int(l.id))
	for _, record := range l.disk {
		node.Step(&protocols.Input{Kind: protocols.InputRestore, Data: record.Data}, &protocols.Outbox{})
	}
	return node
}

func encodeCommand(number int, op kv.Op) []byte {
	command := &kv.Command{Client: uint64(number) + 1, Seq: 1, Op: op, Key: []byte("x")}
	if op == kv.Op_PUT {
		command.Value = []byte{byte('a' + number)}
	}
	data, err := protocols.Append(nil, command)
	if err != nil {
		panic(fmt.Sprintf("explore: encoding a command: %v", err)) // an invalid message type
	}
	return data
}
