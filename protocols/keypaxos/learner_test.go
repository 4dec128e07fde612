package keypaxos

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
)

// alone is replica 0 of several, whose messages are looked at.
type alone struct {
	*Classic
	t   *testing.T
	out protocols.Outbox
}

func newAlone(t *testing.T) *alone { return newAloneOf(t, 3) }

// newAloneOf returns replica 0 of so many, which are 50 ms apart.
func newAloneOf(t *testing.T, replicas int) *alone {
	c := protocols.Config{ID: 0, Members: protocols.Members(replicas), Seed: 1, Delays: make(protocols.Delays, replicas)}
	for i := range c.Delays {
		c.Delays[i] = slices.Repeat([]time.Duration{50 * time.Millisecond}, replicas)
		c.Delays[i][i] = 0
	}
	c.Quorums = quorum.Roles{quorum.Phase1: quorum.Majority(c.All()), quorum.Phase2: quorum.Majority(c.All())}
	return &alone{Classic: NewClassic(c, ClassicOptions{}, nil), t: t}
}

// receive hands a message to the replica, and returns how many of a kind it sends.
func (a *alone) receive(at time.Duration, from protocols.NodeID, m *Message, kind Kind) int {
	a.t.Helper()
	data, err := proto.Marshal(m)
	if err != nil {
		a.t.Fatal(err)
	}
	a.out.Reset()
	a.Step(&protocols.Input{Kind: protocols.InputMessage, From: from, Data: data, Now: at}, &a.out)
	n := 0
	for _, s := range a.out.Sends {
		var sent Message
		if protocols.Decode(s.Data, &sent) == nil && sent.Kind == kind {
			n++
		}
	}
	return n
}

// read hands a read of the key k to the replica.
func (a *alone) read(seq uint64) {
	a.t.Helper()
	id := protocols.CommandID{Client: 9, Seq: seq}
	data, err := proto.Marshal(&kv.Command{Client: id.Client, Seq: seq, Op: kv.Op_GET, Key: []byte("k")})
	if err != nil {
		a.t.Fatal(err)
	}
	a.out.Reset()
	a.Step(&protocols.Input{Kind: protocols.InputCommand, Command: id, Data: data}, &a.out)
}

// write returns an encoded write of the key k, and the state of the key after it as another replica would send it.
func write(t *testing.T, seq uint64, value []byte) (command, state []byte) {
	t.Helper()
	command, err := proto.Marshal(&kv.Command{Client: 1, Seq: seq, Acked: seq, Key: []byte("k"), Value: value})
	if err != nil {
		t.Fatal(err)
	}
	var g kv.Register
	g.Apply(command)
	return command, g.State()
}

// Commits that come while versions before them are missing lead to one question within a timeout, until the answer has come.
func TestAGapIsAskedAboutOnceWithinATimeout(t *testing.T) {
	a := newAlone(t)
	command, state := write(t, 1, []byte("v"))
	timeout := a.timeout(1, 0)
	for _, step := range []struct {
		name    string
		at      time.Duration
		kind    Kind
		version uint64
		asks    int
	}{
		{"a commit with a gap before it", time.Second, Kind_COMMIT, 2, 1},
		{"another one", time.Second + 1, Kind_COMMIT, 3, 0},
		{"one shortly before the timeout", time.Second + timeout - 1, Kind_COMMIT, 5, 0},
		{"one after the timeout", time.Second + timeout, Kind_COMMIT, 6, 1},
		{"the answer", time.Second + timeout + 1, Kind_STATE, 6, 0},
		{"the next version", time.Second + timeout + 2, Kind_COMMIT, 7, 0},
		{"a commit with another gap before it", time.Second + timeout + 3, Kind_COMMIT, 9, 1},
	} {
		m := &Message{Kind: step.kind, Key: []byte("k"), Version: step.version, Value: command}
		if step.kind == Kind_STATE {
			m.Value, m.State = nil, state
		}
		if asks := a.receive(step.at, 1, m, Kind_FETCH); asks != step.asks {
			t.Errorf("%s: asks %d times, want %d", step.name, asks, step.asks)
		}
	}
}

// A read is answered when a phase-1 quorum has told how far the key has come, after it was asked for the read's sake, and the replica
// has applied as much (rule 17). That holds for refusals and states as well.
func TestAReadIsAnsweredWhenAQuorumHasToldHowFarTheKeyIs(t *testing.T) {
	const before, after = 1, 2 // sequence numbers of the reads that came before and after the prepare was sent
	command, state := write(t, 1, []byte("v"))
	ballot := uint64(protocols.NewBallot(1, 0))
	higher := uint64(protocols.NewBallot(5, 3))
	for _, test := range []struct {
		name     string
		messages []*Message // of replicas 1, 2, …
		answered bool
	}{
		{"one of four is behind", []*Message{{Kind: Kind_STATE, Version: 1, State: state, Asked: 1, Ballot: ballot}}, false},
		{"two have told", []*Message{
			{Kind: Kind_STATE, Version: 1, State: state, Asked: 1, Ballot: ballot},
			{Kind: Kind_PROMISE, Version: 1, Ballot: ballot}}, true},
		{"one of them refuses", []*Message{
			{Kind: Kind_STATE, Version: 1, State: state, Asked: 1, Ballot: ballot},
			{Kind: Kind_PROMISE, Version: 1, Ballot: ballot, LastBallot: higher}}, true},
		{"one of them has accepted the next version", []*Message{
			{Kind: Kind_STATE, Version: 1, State: state, Asked: 1, Ballot: ballot, Highest: 2},
			{Kind: Kind_PROMISE, Version: 1, Ballot: ballot}}, false},
		{"which is committed then", []*Message{
			{Kind: Kind_STATE, Version: 1, State: state, Asked: 1, Ballot: ballot, Highest: 2},
			{Kind: Kind_PROMISE, Version: 1, Ballot: ballot},
			{Kind: Kind_COMMIT, Version: 2, Value: command}}, true},
		{"one of them answers another ballot", []*Message{
			{Kind: Kind_STATE, Version: 1, State: state, Asked: 1, Ballot: higher},
			{Kind: Kind_PROMISE, Version: 1, Ballot: ballot}}, false},
		{"one of them answers nothing that was asked", []*Message{
			{Kind: Kind_STATE, Version: 1, State: state},
			{Kind: Kind_PROMISE, Version: 1, Ballot: ballot}}, false},
	} {
		a := newAloneOf(t, 5)
		answers := map[uint64]bool{}
		note := func() {
			for _, answer := range a.out.Answers {
				answers[answer.ID.Seq] = true
			}
		}
		a.read(before)
		a.read(after)
		for i, m := range test.messages {
			m.Key = []byte("k")
			a.receive(time.Second, protocols.NodeID(i+1), m, Kind_FETCH)
			note()
		}
		if answers[before] != test.answered {
			t.Errorf("%s: the read is answered: %t, want %t", test.name, answers[before], test.answered)
		}
		if answers[after] {
			t.Errorf("%s: a read that came after the prepare was sent is answered", test.name)
		}
	}
}
