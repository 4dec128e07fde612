package mmp3

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// alone is replica 2 of a cluster in which a test plays the other two.
type alone struct {
	*replica
	t    testing.TB
	at   time.Duration
	sent protocols.Outbox // what the last step wanted
}

// newAlone returns a started replica without state.
func newAlone(t testing.TB) *alone { return newAloneWith(t, nil) }

// newAloneWith returns one with options, started with the records that an earlier incarnation has left.
func newAloneWith(t testing.TB, options protocols.Choices, records ...*Record) *alone {
	r := newReplica(Driver.MustComplete(protocols.Config{ID: 2, Members: protocols.Members(replicas), Delays: regions, Seed: 1, Options: options}))
	a := &alone{replica: r.(*replica), t: t}
	for _, record := range records {
		data, err := protocols.Append(nil, record)
		if err != nil {
			t.Fatal(err)
		}
		a.step(protocols.Input{Kind: protocols.InputRestore, Data: data})
	}
	a.step(protocols.Input{Kind: protocols.InputStart})
	return a
}

// step hands the replica an input and keeps what it wants done in sent.
func (a *alone) step(in protocols.Input) {
	in.Now = a.at
	a.sent.Reset()
	a.Step(&in, &a.sent)
}

// receive hands the replica a message.
func (a *alone) receive(from protocols.NodeID, m *Message) {
	a.t.Helper()
	data, err := protocols.Append(nil, m)
	if err != nil {
		a.t.Fatal(err)
	}
	a.step(protocols.Input{Kind: protocols.InputMessage, From: from, Data: data})
}

// messages describes the messages to a replica that the last step sent.
func (a *alone) messages(to protocols.NodeID) (names []string) {
	for _, s := range a.sent.Sends {
		if s.To == to {
			names = append(names, describe(s.Data))
		}
	}
	return names
}

// timer returns for how long the last step has set a timer, and whether it has set it.
func (a *alone) timer(id protocols.TimerID) (after time.Duration, set bool) {
	i := slices.IndexFunc(a.sent.Timers, func(c protocols.TimerChange) bool { return c.ID == id && !c.Stop })
	if i < 0 {
		return 0, false
	}
	return a.sent.Timers[i].After, true
}

// fire lets a timer fire.
func (a *alone) fire(id protocols.TimerID) {
	a.step(protocols.Input{Kind: protocols.InputTimer, Timer: id})
}

// accepted returns the answer to the replica's proposal of an instance.
func (a *alone) accepted(at position) *Instance {
	x := a.get(at).message()
	x.ValueBallot = x.Ballot
	return x
}

// commands hands the replica count commands of a client, from the first on.
func (a *alone) commands(client uint64, count int) {
	for seq := range uint64(count) {
		a.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: client, Seq: seq + 1}, Data: put(a.t, client, seq+1, 0, 10)})
	}
}

// put returns an encoded write of a value of size bytes. The client holds the answers to its commands below acked.
func put(t testing.TB, client, seq, acked uint64, size int) []byte {
	t.Helper()
	data, err := proto.Marshal(&kv.Command{Client: client, Seq: seq, Acked: acked, Op: kv.Op_PUT, Key: []byte("k"), Value: make([]byte, size)})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// proposedInstance returns an instance as the owner of its column proposes it first, with one command of size bytes.
func proposedInstance(t testing.TB, column int, lsn uint64, size int) *Instance {
	deps := make([]uint64, replicas)
	deps[column] = lsn
	return &Instance{
		Column: uint32(column), Lsn: lsn, Ballot: uint64(protocols.NewBallot(1, protocols.NodeID(column))), Deps: deps,
		Commands: [][]byte{put(t, uint64(column)+1, lsn+1, 0, size)},
	}
}

// committedInstance returns an instance as the owner of its column commits it, with one command of size bytes.
func committedInstance(t testing.TB, column int, lsn uint64, size int) *Instance {
	x := proposedInstance(t, column, lsn, size)
	x.ValueBallot, x.Committed = x.Ballot, true
	return x
}

// An answer that was cut off is followed by a query for the rest, also if the replica knew all its instances.
func TestCatchingUpGoesOnAfterKnownInstances(t *testing.T) {
	a := newAlone(t)
	answer := &Committed{More: true}
	for lsn := uint64(1); lsn <= 5; lsn++ {
		a.receive(1, &Message{Kind: &Message_Commit{Commit: committedInstance(t, 0, lsn, 10)}})
		answer.Instances = append(answer.Instances, committedInstance(t, 0, lsn, 10))
	}
	a.receive(0, &Message{Kind: &Message_Committed{Committed: answer}})
	if got, want := a.messages(0), []string{"Query a0 a6… b0… c0…"}; !slices.Equal(got, want) {
		t.Errorf("asks the one who has more %q, not %q", got, want)
	}
	if got := a.messages(1); len(got) > 0 {
		t.Errorf("asks the other %q", got)
	}
	if a.receive(0, &Message{Kind: &Message_Committed{Committed: answer}}); len(a.sent.Sends) > 0 {
		t.Errorf("when the same answer arrives a second time, asks again: %q", a.messages(0))
	}
	if len(a.sent.Marks) > 0 {
		t.Errorf("of an answer with nothing new it measures %v", a.sent.Marks)
	}
	a.at += regions.RoundTrip(2, 0)
	if a.receive(0, &Message{Kind: &Message_Committed{Committed: answer}}); len(a.messages(0)) != 1 {
		t.Errorf("when it may be the answer to the last query, asks %q", a.messages(0))
	}
	answer.More = false
	if a.receive(0, &Message{Kind: &Message_Committed{Committed: answer}}); len(a.sent.Sends) > 0 {
		t.Errorf("when there is no more, sends %q", a.messages(0))
	}
}

// One recovery proposes instances of at most maxBytes; later ones propose the others.
func TestARecoveryIsBoundedInBytes(t *testing.T) {
	const size, count = maxBytes / 5, 20
	a := newAlone(t)
	for lsn := range uint64(count) {
		a.receive(0, &Message{Kind: &Message_Propose{Propose: proposedInstance(t, 0, lsn, size)}})
	}
	for range 2 { // the first of them, and then all, are asked for
		a.step(protocols.Input{Kind: protocols.InputTimer, Timer: recoveryTimer})
	}
	a.get(position{0, 0}).proposal = nil
	recovered, recoveries := 0, 0
	for ; recovered < count && recoveries < count; recoveries++ {
		a.step(protocols.Input{Kind: protocols.InputTimer, Timer: recoveryTimer})
		bytes := 0
		for _, s := range a.sent.Sends {
			bytes += len(s.Data)
			recovered++
		}
		if bytes == 0 || bytes > maxBytes+2*size {
			t.Errorf("recovery %d proposes %d bytes; at most %d are wanted", recoveries, bytes, maxBytes)
		}
	}
	if recovered != count || recoveries < 4 {
		t.Errorf("%d of %d are proposed in %d recoveries", recovered, count, recoveries)
	}
}

// What is too much for one recovery is proposed as soon as the proposals of that one have ended, without another wait. What the
// others were asked about just now is not.
func TestARecoveryGoesOnWhenItsProposalsHaveEnded(t *testing.T) {
	const size, count = maxBytes / 2, 6
	a := newAlone(t)
	propose := func(from, end uint64) {
		for lsn := from; lsn < end; lsn++ {
			a.receive(0, &Message{Kind: &Message_Propose{Propose: proposedInstance(t, 0, lsn, size)}})
		}
	}
	propose(0, count)
	a.step(protocols.Input{Kind: protocols.InputTimer, Timer: recoveryTimer}) // asks for the first
	a.step(protocols.Input{Kind: protocols.InputTimer, Timer: recoveryTimer}) // asks for the others
	propose(count, count+1)
	a.recoverBelow = a.seen
	a.get(position{0, 0}).proposal = nil
	a.step(protocols.Input{Kind: protocols.InputTimer, Timer: recoveryTimer}) // asks for the last
	proposed := uint64(0)
	for step := 1; proposed < count && step < count; step++ {
		now := proposed
		for ; now < count && a.get(position{0, now}).proposal != nil; now++ {
		}
		if now == proposed {
			t.Fatalf("step %d: of %d instances, no more than %d are proposed", step, count, now)
		}
		if now-proposed > 3 {
			t.Errorf("step %d: %d instances of half the greatest size are proposed at once", step, now-proposed)
		}
		for ; proposed < now; proposed++ {
			a.receive(1, &Message{Kind: &Message_Commit{Commit: committedInstance(t, 0, proposed, size)}})
		}
	}
	if a.get(position{0, count}).proposal != nil {
		t.Error("what others were asked about when the timer fired last is proposed")
	}
}

// Attempts after the first wait a random time more than the answer takes, so that two recoverers do not collide
// again and again.
func TestRecoverersWaitARandomTime(t *testing.T) {
	a := newAlone(t)
	a.receive(0, &Message{Kind: &Message_Propose{Propose: proposedInstance(t, 0, 0, 10)}})
	a.step(protocols.Input{Kind: protocols.InputTimer, Timer: recoveryTimer})
	a.step(protocols.Input{Kind: protocols.InputTimer, Timer: recoveryTimer})
	timer := timerOf(position{0, 0})
	extra := map[time.Duration]bool{}
	for try := range 10 {
		i := slices.IndexFunc(a.sent.Timers, func(c protocols.TimerChange) bool { return c.ID == timer })
		if i < 0 {
			t.Fatalf("try %d has no timer", try)
		}
		x := a.get(position{0, 0})
		more := a.sent.Timers[i].After - a.timeout(x.proposal.to, try)
		if more < 0 || more >= a.retry[x.proposal.to] || try == 0 && more > 0 {
			t.Errorf("try %d waits %v more than the answer takes", try, more)
		}
		extra[more] = true
		a.step(protocols.Input{Kind: protocols.InputTimer, Timer: timer})
	}
	if len(extra) < 9 {
		t.Errorf("ten tries wait %v more than the answer takes", extra)
	}
}

// Instances that are not applied take a record each, with a snapshot or without one, so that another snapshot is not due
// before there are several times as many records.
func TestOpenInstancesAreNotWrittenAgainAndAgain(t *testing.T) {
	a, snapshots := newAlone(t), 0
	for lsn := range uint64(25_000) {
		a.receive(0, &Message{Kind: &Message_Propose{Propose: proposedInstance(t, 0, lsn, 10)}})
		for _, record := range a.sent.Records {
			if record.Snapshot {
				snapshots++
			}
		}
	}
	if snapshots != 1 {
		t.Errorf("%d snapshots for 25,000 instances that are not applied", snapshots)
	}
}

// A proposal of an instance that is truncated is answered with how far all is applied (rule 13).
func TestAProposalOfATruncatedInstanceIsAnswered(t *testing.T) {
	a := newAlone(t)
	for peer := range protocols.NodeID(2) { // all have applied a0, so that it is truncated
		a.receive(peer, &Message{Kind: &Message_Applied{Applied: &Applied{Applied: []uint64{1, 0, 0}}}})
	}
	a.receive(0, &Message{Kind: &Message_Commit{Commit: committedInstance(t, 0, 0, 10)}})
	a.receive(0, &Message{Kind: &Message_Propose{Propose: proposedInstance(t, 0, 0, 10)}})
	if got, want := a.messages(0), []string{"Applied [1,0,0]"}; !slices.Equal(got, want) {
		t.Errorf("for a truncated instance, answers %q, want %q", got, want)
	}
}

// Instances that are committed and wait for others are neither asked for nor proposed.
func TestWhatIsCommittedIsNotRecovered(t *testing.T) {
	a := newAlone(t)
	a.receive(0, &Message{Kind: &Message_Commit{Commit: committedInstance(t, 0, 1, 10)}})
	for _, want := range []string{"Query a0", "Propose a0 2.2 no-op [0,0,0]"} {
		a.step(protocols.Input{Kind: protocols.InputTimer, Timer: recoveryTimer})
		if got := a.messages(a.peers[0]); !slices.Equal(got, []string{want}) {
			t.Errorf("sends %q, want %q", got, want)
		}
	}
}

// A query of recovery names at most maxOpen instances of a column.
func TestAQueryOfRecoveryIsBounded(t *testing.T) {
	a := newAlone(t)
	a.receive(0, &Message{Kind: &Message_Applied{Applied: &Applied{Applied: []uint64{2 * maxOpen, 0, 0}}}})
	a.fire(recoveryTimer)
	if got, want := a.messages(0), []string{"Query a0…a1023"}; !slices.Equal(got, want) {
		t.Errorf("sends %q, want %q", got, want)
	}
	a.fire(recoveryTimer)
	proposed := slices.DeleteFunc(append(a.messages(0), a.messages(1)...), func(m string) bool { return !strings.HasPrefix(m, "Propose") })
	if len(proposed) != maxUnknown {
		t.Errorf("%d instances are proposed of which it has no value, not %d", len(proposed), maxUnknown)
	}
}

// A large answer that may be on its way is not sent again; a query for what comes after it is answered at once, and so is a small one.
func TestALargeAnswerIsNotSentAgainWhileItMayBeOnItsWay(t *testing.T) {
	a := newAlone(t)
	for lsn := range uint64(6) {
		a.receive(0, &Message{Kind: &Message_Commit{Commit: committedInstance(t, 0, lsn, maxBytes/2)}})
	}
	asks := func(from, end uint64, answered bool) {
		t.Helper()
		a.receive(0, &Message{Kind: &Message_Query{Query: &Query{Stretches: []*Query_Stretch{{From: from, End: end}}}}})
		if got := len(a.messages(0)) > 0; got != answered {
			t.Errorf("at %v, a query from %d is answered: %v, want %v", a.at, from, got, answered)
		}
	}
	asks(0, 0, true)
	a.at += 3 * time.Second
	asks(0, 0, false)
	asks(3, 0, true)
	asks(3, 0, false)
	asks(0, 0, true) // only the last is remembered
	a.at += 6 * time.Second
	asks(0, 0, true)
	a.receive(1, &Message{Kind: &Message_Commit{Commit: committedInstance(t, 1, 0, 10)}})
	for range 2 {
		a.receive(0, &Message{Kind: &Message_Query{Query: &Query{Stretches: []*Query_Stretch{{Column: 1}}}}})
		if len(a.messages(0)) == 0 {
			t.Error("a query with a small answer is not answered")
		}
	}
}

// The answer to a query holds instances of about maxBytes, and tells that there are more.
func TestAnAnswerToAQueryIsBounded(t *testing.T) {
	a := newAlone(t)
	for lsn := range uint64(4) {
		a.receive(0, &Message{Kind: &Message_Commit{Commit: committedInstance(t, 0, lsn, maxBytes/2)}})
	}
	a.receive(1, &Message{Kind: &Message_Query{Query: &Query{Stretches: []*Query_Stretch{{}}}}})
	var m Message
	if err := protocols.Decode(a.sent.Sends[0].Data, &m); err != nil || len(m.GetCommitted().Instances) != 2 || !m.GetCommitted().More {
		t.Errorf("%v: answers %q, and that there are more: %t", err, a.messages(1), m.GetCommitted().GetMore())
	}
}

// A batch leaves at once when it has maxBatch commands, or when a command does not fit into maxBytes any more (rule
// 12).
func TestABatchThatIsFullLeaves(t *testing.T) {
	a := newAlone(t)
	a.batchDelay = time.Second
	if a.commands(7, maxBatch-1); len(a.batch) != maxBatch-1 {
		t.Errorf("of %d commands, %d are in the batch before the delay is over", maxBatch-1, len(a.batch))
	}
	if a.commands(8, 1); len(a.sent.Sends) != 1 || len(a.batch) > 0 {
		t.Errorf("with %d commands it does not leave", maxBatch)
	}

	add := func(seq uint64, size int) (leaves bool) {
		a.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 9, Seq: seq}, Data: put(t, 9, seq, 0, size)})
		return len(a.sent.Sends) > 0
	}
	const half = maxBytes / 2
	overhead := len(put(t, 9, 1, 0, half)) - half
	if add(1, half) || add(2, half-2*overhead) || a.batchBytes != maxBytes {
		t.Errorf("two commands of %d bytes altogether do not stay in the batch", maxBytes)
	}
	if !add(3, 0) {
		t.Error("when there is another one, they do not leave")
	}
}
