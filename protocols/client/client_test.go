package client_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/client"
	"quorumbench/protocols/kv"
)

const ms = time.Millisecond

// desk holds a client node and does with it by hand what a host would do.
type desk struct {
	t      *testing.T
	node   protocols.Node
	now    time.Duration
	out    protocols.Outbox
	timers map[protocols.TimerID]time.Duration // when they are due
	sent   []string                            // what the last step sent
}

func newDesk(t *testing.T, config protocols.ClientConfig) *desk {
	return &desk{t: t, node: client.New(config), timers: map[protocols.TimerID]time.Duration{}}
}

func (d *desk) step(in protocols.Input) {
	d.t.Helper()
	d.out.Reset()
	in.Now = d.now
	d.node.Step(&in, &d.out)
	for _, change := range d.out.Timers {
		delete(d.timers, change.ID)
		if !change.Stop {
			d.timers[change.ID] = d.now + change.After
		}
	}
	for _, s := range d.out.Sends {
		id, err := kv.ID(s.Data)
		if err != nil {
			d.t.Fatal(err)
		}
		d.sent = append(d.sent, fmt.Sprintf("%d to R%d at %v", id.Seq, s.To, d.now))
	}
}

// issue has the load hand a command over.
func (d *desk) issue(seq uint64) {
	d.t.Helper()
	data, err := protocols.Append(nil, &kv.Command{Client: 1, Seq: seq, Key: []byte("k")})
	if err != nil {
		d.t.Fatal(err)
	}
	d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: seq}, Data: data})
	clear(data) // a node copies what it needs later
}

// answer is a replica's.
func (d *desk) answer(from protocols.NodeID, seq uint64) {
	d.t.Helper()
	id := protocols.CommandID{Client: 1, Seq: seq}
	d.step(protocols.Input{Kind: protocols.InputMessage, From: from, Data: client.AppendAnswer(nil, protocols.Answer{ID: id, Result: []byte("done")})})
	if want := []protocols.Answer{{ID: id, Result: []byte("done")}}; !slices.EqualFunc(d.out.Answers, want, func(a, b protocols.Answer) bool {
		return a.ID == b.ID && string(a.Result) == string(b.Result)
	}) {
		d.t.Errorf("the load is given %v, want %v", d.out.Answers, want)
	}
}

// wait lets time pass, with the timers that are due.
func (d *desk) wait(until time.Duration) {
	d.t.Helper()
	for {
		next, at := protocols.TimerID(0), until+1
		for id, due := range d.timers {
			if due < at || due == at && id < next {
				next, at = id, due
			}
		}
		if at > until {
			break
		}
		delete(d.timers, next)
		d.now = at
		d.step(protocols.Input{Kind: protocols.InputTimer, Timer: next})
	}
	d.now = until
}

func (d *desk) expect(when string, want ...string) {
	d.t.Helper()
	if !slices.Equal(d.sent, want) {
		d.t.Errorf("%s: %q, want %q", when, d.sent, want)
	}
	d.sent = nil
}

// A command without an answer goes to each replica in turn, and then begins again; the wait doubles up to
// 2 s (rule 2). It stays as it was (rule 3), and ends with the first answer.
func TestAnotherReplicaIsAsked(t *testing.T) {
	d := newDesk(t, protocols.ClientConfig{Replicas: []protocols.NodeID{2, 0, 1}, Retry: 300 * ms})
	d.issue(1)
	d.wait(11 * time.Second)
	d.expect("nobody answers", "1 to R2 at 0s", "1 to R0 at 300ms", "1 to R1 at 900ms", "1 to R2 at 2.1s",
		"1 to R0 at 4.1s", "1 to R1 at 6.1s", "1 to R2 at 8.1s", "1 to R0 at 10.1s")
	d.answer(1, 1)
	d.wait(30 * time.Second)
	d.expect("one has answered")
}

// A replica that has not answered in time comes last (rule 1), and is tried again after ten waits.
func TestTheNearestReplicaIsTriedAgain(t *testing.T) {
	d := newDesk(t, protocols.ClientConfig{Replicas: []protocols.NodeID{2, 0, 1}, Retry: 300 * ms})
	d.issue(1)
	d.wait(300 * ms)
	d.answer(0, 1)
	d.issue(2)
	d.answer(0, 2)
	d.now = 3299 * ms
	d.issue(3)
	d.answer(0, 3)
	d.expect("R2 is late", "1 to R2 at 0s", "1 to R0 at 300ms", "2 to R0 at 300ms", "3 to R0 at 3.299s")
	d.now = 3300 * ms
	d.issue(4)
	d.expect("ten waits later", "4 to R2 at 3.3s")
	d.wait(3600 * ms)
	d.answer(0, 4)
	d.expect("it is late again", "4 to R0 at 3.6s")
	d.answer(2, 4) // late, but it can be reached
	d.issue(5)
	d.expect("it has answered", "5 to R2 at 3.6s")
}

// Where all are late, the first of them is asked.
func TestOneOfThoseThatAreLateIsAsked(t *testing.T) {
	d := newDesk(t, protocols.ClientConfig{Replicas: []protocols.NodeID{1, 0}, Retry: 300 * ms})
	d.issue(1)
	d.wait(1000 * ms)
	d.issue(2)
	d.expect("both are late", "1 to R1 at 0s", "1 to R0 at 300ms", "1 to R1 at 900ms", "2 to R1 at 1s")
}

// With a short retry timeout, a replica that did not answer may count as reachable again before all have been asked.
// Each replica is asked once all the same before one is asked again (rule 2).
func TestAllAreAskedBeforeOneIsAskedAgain(t *testing.T) {
	d := newDesk(t, protocols.ClientConfig{Replicas: []protocols.NodeID{0, 1, 2, 3, 4}, Retry: 10 * ms})
	d.issue(1)
	d.wait(5 * time.Second)
	d.expect("nobody answers", "1 to R0 at 0s", "1 to R1 at 10ms", "1 to R2 at 30ms", "1 to R3 at 70ms", "1 to R4 at 150ms",
		"1 to R0 at 310ms", "1 to R1 at 630ms", "1 to R2 at 1.27s", "1 to R3 at 2.55s", "1 to R4 at 4.55s")
}

func TestACommandThatNobodyWantsIsForgotten(t *testing.T) {
	d := newDesk(t, protocols.ClientConfig{Replicas: []protocols.NodeID{0, 1}, Retry: 300 * ms, GiveUp: 900 * ms})
	d.issue(1)
	d.wait(5 * time.Second)
	d.expect("given up", "1 to R0 at 0s", "1 to R1 at 300ms")
}

func TestAClientThatDoesNotRetryAsksOnce(t *testing.T) {
	d := newDesk(t, protocols.ClientConfig{Replicas: []protocols.NodeID{1, 0}})
	d.issue(1)
	d.wait(time.Minute)
	d.expect("no retry", "1 to R1 at 0s")
}

func TestBytesThatAreNoAnswerAreDropped(t *testing.T) {
	d := newDesk(t, protocols.ClientConfig{Replicas: []protocols.NodeID{0}, Retry: 300 * ms})
	whole := client.AppendAnswer(nil, protocols.Answer{ID: protocols.CommandID{Client: 300, Seq: 300}})
	for _, data := range [][]byte{nil, whole[:1], whole[:2], whole[:3]} {
		d.step(protocols.Input{Kind: protocols.InputMessage, From: 0, Data: data})
		if len(d.out.Answers) > 0 {
			t.Errorf("%v is an answer: %v", data, d.out.Answers)
		}
	}
	for _, from := range []protocols.NodeID{protocols.Nobody, 1} {
		d.step(protocols.Input{Kind: protocols.InputMessage, From: from, Data: whole})
		if len(d.out.Answers) > 0 {
			t.Errorf("node %d, which is no replica, answers", from)
		}
	}
}

// Where reads are sequentially consistent only, a read tells the highest slot that an answer has told of, whoever it came from. Writes do
// not, nor does anybody else's read (rule 4).
func TestAReadTellsWhatItsClientHasSeen(t *testing.T) {
	type choice struct {
		Reads string `option:"reads" accepts:"log,local" sequential:"local"`
	}
	for _, c := range []struct {
		reads string
		want  []uint64
	}{{"local", []uint64{0, 0, 7, 7}}, {"log", []uint64{0, 0, 0, 0}}} {
		d := newDesk(t, protocols.ClientConfig{Replicas: []protocols.NodeID{0, 1}, Retry: 300 * ms, Options: &choice{c.reads}})
		var got []uint64
		issue := func(seq uint64, op kv.Op) {
			data, err := protocols.Append(nil, &kv.Command{Client: 1, Seq: seq, Op: op, Key: []byte("k")})
			if err != nil {
				t.Fatal(err)
			}
			d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: seq}, Data: data})
			var sent kv.Command
			if err := protocols.Decode(d.out.Sends[0].Data, &sent); err != nil {
				t.Fatal(err)
			}
			got = append(got, sent.Seen)
		}
		answer := func(from protocols.NodeID, seq, seen uint64) {
			id := protocols.CommandID{Client: 1, Seq: seq}
			d.step(protocols.Input{Kind: protocols.InputMessage, From: from, Data: client.AppendAnswer(nil, protocols.Answer{ID: id, Result: kv.WithResultSeen(nil, seen)})})
		}
		issue(1, kv.Op_GET)
		answer(1, 1, 7)
		issue(2, kv.Op_PUT)
		answer(0, 2, 5)
		issue(3, kv.Op_GET)
		issue(4, kv.Op_GET)
		if !slices.Equal(got, c.want) {
			t.Errorf("reads: %s: the commands tell %v, want %v", c.reads, got, c.want)
		}
	}
}
