package keypaxos

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
)

// alone is replica 0 of three, whose messages are looked at.
type alone struct {
	*Classic
	t   *testing.T
	out protocols.Outbox
}

func newAlone(t *testing.T) *alone {
	const far = 50 * time.Millisecond
	c := protocols.Config{ID: 0, Members: protocols.Members(3), Seed: 1, Delays: protocols.Delays{{0, far, far}, {far, 0, far}, {far, far, 0}}}
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
