package forward_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/forward"
	"quorumbench/protocols/quorum"
)

const (
	ms                       = time.Millisecond
	timer  protocols.TimerID = 5
	self   protocols.NodeID  = 1
	nobody                   = protocols.Nobody
)

// The round trip is 40 ms, the floor 80 ms, and an answer is late after 220 ms.
var delays = protocols.Delays{{0, 20 * ms, 20 * ms}, {20 * ms, 0, 20 * ms}, {20 * ms, 20 * ms, 0}}

const late = 220 * ms

func id(seq uint64) protocols.CommandID { return protocols.CommandID{Client: 9, Seq: seq} }

// rig is a Forwarder and what it has sent since it was last asked.
type rig struct {
	*forward.Forwarder
	out protocols.Outbox
}

func newRig() *rig {
	return &rig{Forwarder: forward.New(
		protocols.Config{ID: self, Members: protocols.Members(3), Delays: delays}, quorum.Majority(quorum.First(3)), timer,
		forward.Wire{
			Forward: func(f *forward.Forward) proto.Message { return f },
			Reply:   func(r *forward.Reply) proto.Message { return r },
		})}
}

func (r *rig) accept(seq uint64, at time.Duration) *forward.Command {
	return r.Accept(&protocols.Input{Command: id(seq), Data: fmt.Append(nil, "data ", seq), Now: at}, &r.out)
}

// forwarded returns who was sent which commands, in order, and forgets it.
func (r *rig) forwarded(t *testing.T) (to []protocols.NodeID, seqs []uint64) {
	t.Helper()
	for _, s := range r.out.Sends {
		var f forward.Forward
		if err := proto.Unmarshal(s.Data, &f); err != nil {
			t.Fatal(err)
		}
		to = append(to, s.To)
		for _, c := range f.Commands {
			seqs = append(seqs, c.Seq)
		}
	}
	r.out.Sends = nil
	return to, seqs
}

func (r *rig) expectForward(t *testing.T, to protocols.NodeID, seqs ...uint64) {
	t.Helper()
	gotTo, got := r.forwarded(t)
	if !slices.Equal(got, seqs) || len(seqs) > 0 && !slices.Equal(gotTo, []protocols.NodeID{to}) {
		t.Errorf("forwarded %v to %v, want %v to %v", got, gotTo, seqs, to)
	}
}

func TestCommandsWaitForALeaderAndGoToEveryNewOne(t *testing.T) {
	r := newRig()
	r.accept(1, 0)
	r.accept(2, 0)
	r.expectForward(t, nobody)
	r.Lead(0, 10*ms, &r.out)
	r.expectForward(t, 0, 1, 2)
	r.accept(3, 20*ms)
	r.expectForward(t, 0, 3)
	r.Lead(nobody, 30*ms, &r.out)
	r.expectForward(t, nobody)
	r.Lead(2, 40*ms, &r.out)
	r.expectForward(t, 2, 1, 2, 3)
	r.Lead(self, 50*ms, &r.out)
	r.expectForward(t, nobody)
	if got := r.Waiting(); len(got) != 3 || got[0].Seq != 1 || string(got[2].Data) != "data 3" {
		t.Errorf("a replica that leads finds waiting: %v", got)
	}
}

// A repetition changes when a command is due, and not its place before the next leader.
func TestWhatWasForwardedAgainKeepsItsPlace(t *testing.T) {
	r := newRig()
	r.Lead(0, 0, &r.out)
	r.accept(1, 0)
	r.accept(2, 100*ms)
	r.accept(3, 150*ms)
	r.OnTimer(late, &r.out) // the first is now due last
	r.OnTimer(late+100*ms, &r.out)
	r.forwarded(t)
	for i, c := range r.Waiting() {
		if c.Seq != uint64(i+1) {
			t.Errorf("%d waits at place %d", c.Seq, i+1)
		}
	}
	r.Lead(2, late+110*ms, &r.out)
	r.expectForward(t, 2, 1, 2, 3)
	r.OnTimer(2*late+110*ms, &r.out)
	r.expectForward(t, 2, 1, 2, 3)
}

func TestEveryAcceptedCommandIsAnsweredOnce(t *testing.T) {
	r := newRig()
	r.Lead(0, 0, &r.out)
	r.accept(1, 0)
	r.accept(1, 0) // the client tries again
	r.accept(2, 0)
	r.expectForwards(t, 2)
	r.OnReply(&forward.Reply{Client: 9, Seq: 2, Result: []byte("by the leader")}, &r.out)
	r.OnApplied(id(1), []byte("by this replica"), &r.out)
	r.OnApplied(id(2), []byte("late"), &r.out)
	r.OnReply(&forward.Reply{Client: 9, Seq: 1, Result: []byte("late")}, &r.out)
	r.OnReply(&forward.Reply{Client: 9, Seq: 3, Result: []byte("for nobody")}, &r.out)
	got := fmt.Sprintf("%d %s, %d %s", r.out.Answers[0].ID.Seq, r.out.Answers[0].Result, r.out.Answers[1].ID.Seq, r.out.Answers[1].Result)
	if want := "2 by the leader, 1 by this replica"; len(r.out.Answers) != 2 || got != want {
		t.Errorf("%d answers: %s; want %s", len(r.out.Answers), got, want)
	}
	if r.accept(1, 0); len(r.Waiting()) != 1 {
		t.Error("a command given again after its answer is not accepted again")
	}
}

func (r *rig) expectForwards(t *testing.T, n int) {
	t.Helper()
	if to, _ := r.forwarded(t); len(to) != n {
		t.Errorf("%d messages, want %d", len(to), n)
	}
}

// On a slow network every repetition waits twice as long as the one before, within bounds, and a command
// that comes meanwhile does not wait for it.
func TestRepetitionsBecomeRare(t *testing.T) {
	r := newRig()
	r.Lead(0, 0, &r.out)
	r.accept(1, 0)
	due := late
	for _, wait := range []time.Duration{2, 4, 4, 4, 4, 4} {
		r.out.Timers = nil
		r.OnTimer(due, &r.out)
		if want := []protocols.TimerChange{{ID: timer, After: wait * late}}; !slices.Equal(r.out.Timers, want) {
			t.Errorf("at %v: timers %v, want %v", due, r.out.Timers, want)
		}
		due += wait * late
	}
	r.out.Timers = nil
	r.accept(2, due-16*late)
	if want := []protocols.TimerChange{{ID: timer, After: late}}; !slices.Equal(r.out.Timers, want) {
		t.Errorf("with a new command: timers %v, want %v", r.out.Timers, want)
	}
	if r.Lead(2, due, &r.out); r.out.Timers[1].After >= 2*late {
		t.Errorf("under a new leader the patience is %v, not what it is at first", r.out.Timers[1].After)
	}
}

func TestOnlyWhatIsLateIsForwardedAgain(t *testing.T) {
	r := newRig()
	r.Lead(0, 0, &r.out)
	r.accept(1, 0)
	r.accept(2, 100*ms)
	r.accept(3, 150*ms)
	r.forwarded(t)
	want := []protocols.TimerChange{{ID: timer, After: late}}
	if !slices.Equal(r.out.Timers, want) {
		t.Errorf("timers %v, want %v", r.out.Timers, want)
	}
	r.OnReply(&forward.Reply{Client: 9, Seq: 2}, &r.out)

	r.out.Timers = nil
	r.OnTimer(late, &r.out)
	r.expectForward(t, 0, 1)
	r.OnTimer(late+150*ms, &r.out)
	r.expectForward(t, 0, 3)
	want = []protocols.TimerChange{{ID: timer, After: 150 * ms}, {ID: timer, After: 2*late - 150*ms}}
	if !slices.Equal(r.out.Timers, want) {
		t.Errorf("timers %v, want %v", r.out.Timers, want)
	}
	r.OnReply(&forward.Reply{Client: 9, Seq: 1}, &r.out)
	r.OnReply(&forward.Reply{Client: 9, Seq: 3}, &r.out)
	r.out.Timers = nil
	r.OnTimer(4*late, &r.out)
	if r.expectForward(t, nobody); len(r.out.Timers) > 0 {
		t.Errorf("with nothing waiting the timer is set: %v", r.out.Timers)
	}
}

// Who is not told who leads goes by the leader that it knows, as long as that replies, and else by one replica after the other.
func TestWhoIsNotToldTakesOneAfterTheOtherForTheLeader(t *testing.T) {
	r := newRig()
	r.accept(1, 0)
	r.Guess(0, &r.out)
	r.expectForward(t, 0, 1)
	r.OnTimer(late, &r.out)
	r.expectForward(t, 0, 1) // it may have been lost
	r.Guess(2*late, &r.out)
	r.accept(2, 2*late)
	r.expectForward(t, 0, 2)
	r.OnTimer(3*late, &r.out)
	r.expectForward(t, 2, 1, 2) // this replica is 1

	r.OnReply(&forward.Reply{Client: 9, Seq: 2}, &r.out)
	now := 3 * late
	for _, wait := range []time.Duration{1, 2, 4, 4} { // of the command that 2 does not answer, though it leads
		now += wait * late
		r.OnTimer(now, &r.out)
		r.expectForward(t, 2, 1)
	}
	r.accept(3, now)
	r.expectForward(t, 2, 3)
	r.OnTimer(now+late, &r.out)
	r.expectForward(t, 2, 3)
	r.OnTimer(now+3*late, &r.out) // it has answered nothing that came after its last reply
	r.expectForward(t, 0, 1, 3)

	r.Lead(2, now, &r.out) // it is told
	r.expectForward(t, 2, 1, 3)
	for _, wait := range []time.Duration{1, 2, 4, 4} {
		now += wait * late
		r.OnTimer(now, &r.out)
		r.expectForward(t, 2, 1, 3)
	}
	if r.Leader() != 2 {
		t.Errorf("it was told that 2 leads, and knows %d", r.Leader())
	}
	r.Lead(nobody, now, &r.out)
	r.Guess(now, &r.out)
	r.expectForward(t, 0, 1, 3)
	if r.Leader() != nobody {
		t.Errorf("it was told of no leader, and knows %d", r.Leader())
	}
}

func TestALeaderProposesACommandOnceAndRepliesToWhoHandedItOver(t *testing.T) {
	r := newRig()
	r.Lead(self, 0, &r.out)
	own, theirs := r.accept(1, 0), &forward.Command{Client: 9, Seq: 2}
	for i, c := range []struct {
		from protocols.NodeID
		what *forward.Command
		want bool
	}{{self, own, true}, {2, theirs, true}, {self, own, false}, {2, theirs, false}, {0, theirs, false}} {
		if got := r.Admit(c.from, c.what); got != c.want {
			t.Errorf("%d: admitted: %v", i, got)
		}
	}
	r.OnApplied(id(1), nil, &r.out)
	r.OnApplied(id(2), nil, &r.out)
	r.OnApplied(id(2), nil, &r.out)
	if len(r.out.Answers) != 1 || len(r.out.Sends) != 1 || r.out.Sends[0].To != 0 {
		t.Errorf("answers %v, sends %v; want one answer, and one reply to replica 0", r.out.Answers, r.out.Sends)
	}
	if !r.Admit(2, theirs) {
		t.Error("a command that was applied before is not admitted again")
	}
	r.Lead(nobody, 0, &r.out)
	r.Lead(self, 0, &r.out)
	if !r.Admit(2, theirs) {
		t.Error("a new leadership remembers what was under way in the old one")
	}
}

// BenchmarkBehindRetries accepts and answers commands while others wait that have been forwarded again, and are due later. The
// time for a command must not depend on how many these are, which is seen by comparing the two.
func BenchmarkBehindRetries(b *testing.B) {
	for _, waiting := range []uint64{100, 10_000} {
		b.Run(fmt.Sprint(waiting), func(b *testing.B) {
			r := newRig()
			r.Lead(0, 0, &r.out)
			for seq := range waiting {
				r.accept(seq, 0)
			}
			r.OnTimer(late, &r.out)
			for i := range uint64(b.N) {
				seq := waiting + i
				r.accept(seq, late)
				r.OnReply(&forward.Reply{Client: 9, Seq: seq}, &r.out)
				r.out = protocols.Outbox{}
			}
		})
	}
}
