package load

import (
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// A command without an answer is given up when it is out of time: the clients' next command says so, and
// an answer that comes later changes nothing.
func TestACommandOutOfTimeIsGivenUp(t *testing.T) {
	load := &experiment.Load{
		Arrivals: experiment.Poisson, Rate: 1, Keys: experiment.Keys{Count: 1, Distribution: experiment.Uniform}, ValueSize: 1,
		Duration: time.Minute, Timeout: 5 * time.Second,
	}
	c := NewClients(load, 1, 0, 0, 2)
	issue := func(at time.Duration, acked uint64) protocols.CommandID {
		t.Helper()
		id, data := c.Issue(at, at)
		var command kv.Command
		if err := protocols.Decode(data, &command); err != nil {
			t.Fatal(err)
		}
		if command.Acked != acked {
			t.Errorf("at %v command %d says that all below %d are over, want %d", at, id.Seq, command.Acked, acked)
		}
		return id
	}
	lost := issue(0, 1)
	for at := time.Second; at < 5*time.Second; at += time.Second {
		c.Answered(issue(at, 1), kv.PutResult, at) // all but the first are answered at once
	}
	late := issue(5*time.Second-1, 1)
	issue(5*time.Second, uint64(late.Seq))
	if pending := c.Pending.Load(); pending != 2 {
		t.Errorf("%d commands are waited for, want the last two", pending)
	}
	c.Answered(lost, kv.PutResult, 6*time.Second)
	if got := c.Samples.At(int(lost.Seq) - 1).Answered; got != result.Never {
		t.Errorf("the command that was given up has an answer at %v", got)
	}
	c.Answered(late, kv.PutResult, 11*time.Second) // out of time, but nothing has been said of it
	if got := c.Samples.At(int(late.Seq) - 1).Answered; got != 11*time.Second {
		t.Errorf("the command that was not given up has its answer at %v, want 11s", got)
	}
	if pending := c.Pending.Load(); pending != 1 {
		t.Errorf("%d commands are waited for, want the last", pending)
	}
	if r := c.Operations(result.Writes, load.Duration); r.Errors != 3 || r.Answered != 4 {
		t.Errorf("%d errors and %d answers, want 3 and 4", r.Errors, r.Answered)
	}
}

// A client of a closed loop goes on exactly once, whenever the answer to its command comes, or if it never
// does.
func TestAClientOfAClosedLoopGoesOn(t *testing.T) {
	for _, sent := range []time.Duration{0, 100 * time.Millisecond} { // the load may be late
		for answered := 200 * time.Millisecond; answered < 4*time.Second; answered += 50 * time.Millisecond {
			load := &experiment.Load{
				Arrivals: experiment.Closed, Clients: 1, Keys: experiment.Keys{Count: 1, Distribution: experiment.Uniform},
				Duration: time.Minute, Timeout: time.Second,
			}
			c := NewClients(load, 1, 0, 0, 2)
			id, _ := c.Issue(0, sent)
			went := 0
			note := func(again bool) {
				if again {
					went++
				}
			}
			wait, waits := c.Expires()
			if !waits {
				t.Fatal("the client waits for ever")
			}
			if sent+wait > answered {
				again, _ := c.Answered(id, kv.PutResult, answered)
				note(again)
			}
			again, _ := c.Expired(id, sent+wait)
			note(again)
			again, _ = c.Answered(id, kv.PutResult, answered)
			note(again)
			if went != 1 {
				t.Errorf("sent at %v, answered at %v: the client goes on %d times", sent, answered, went)
			}
		}
	}
}

// A client that thinks issues its next command that long after the answer, or after the timeout of a command without one,
// and none whose time comes when the load is over.
func TestAClientThinksBeforeItGoesOn(t *testing.T) {
	load := &experiment.Load{
		Arrivals: experiment.Closed, Clients: 1, Keys: experiment.Keys{Count: 1, Distribution: experiment.Uniform},
		Duration: time.Minute, Timeout: time.Second, ThinkTime: 300 * time.Millisecond,
	}
	c := NewClients(load, 1, 0, 0, 2)
	id, _ := c.Issue(0, 0)
	if again, due := c.Answered(id, kv.PutResult, 200*time.Millisecond); !again || due != 500*time.Millisecond {
		t.Errorf("answered at 200ms, the client goes on: %v, at %v; want 500ms", again, due)
	}
	lost, _ := c.Issue(500*time.Millisecond, 500*time.Millisecond)
	if again, due := c.Expired(lost, 1500*time.Millisecond); !again || due != 1800*time.Millisecond {
		t.Errorf("timed out at 1.5s, the client goes on: %v, at %v; want 1.8s", again, due)
	}
	last, _ := c.Issue(59*time.Second, 59*time.Second)
	if again, due := c.Answered(last, kv.PutResult, 59800*time.Millisecond); again {
		t.Errorf("the client goes on at %v, after the end of the load", due)
	}
}

// Clients that think are spread over a think time when they begin: a million of them do not arrive at once.
func TestClientsThatThinkBeginOneAfterTheOther(t *testing.T) {
	load := &experiment.Load{
		Arrivals: experiment.Closed, Clients: 1_000_000, Keys: experiment.Keys{Count: 1, Distribution: experiment.Uniform},
		Duration: time.Minute, Timeout: time.Second, ThinkTime: 1000 * time.Second,
	}
	for i, due := range NewClients(load, 1, 0, 0, 2).Begin() {
		if want := time.Duration(i) * time.Millisecond; due != want {
			t.Fatalf("client %d begins at %v, want %v", i, due, want)
		}
	}
	load.ThinkTime = 0
	for i, due := range NewClients(load, 1, 0, 0, 2).Begin() {
		if due != 0 {
			t.Fatalf("client %d does not think and begins at %v, want 0s", i, due)
		}
	}
}
