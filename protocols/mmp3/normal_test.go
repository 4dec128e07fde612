package mmp3

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// The back-off after a refusal stays below 16 times the timeout, however often a proposal is refused. A refusal of an
// earlier attempt changes nothing.
func TestTheBackOffIsBounded(t *testing.T) {
	a := newAlone(t)
	a.commands(7, 1)
	at := position{2, 0}
	refuse := func(ballot protocols.Ballot) {
		a.receive(0, &Message{Kind: &Message_Refused{Refused: &Refused{Column: 2, Ballot: uint64(ballot), Promised: uint64(ballot.Next(1))}}})
	}
	for try := range 40 {
		p := a.get(at).proposal
		earlier := p.ballot
		refuse(p.ballot)
		after, set := a.timer(timerOf(at))
		if bound := a.retry[p.to] << maxDoublings; !set || after >= bound {
			t.Fatalf("refused %d times, backs off for %v, set %t; want less than %v", try+1, after, set, bound)
		}
		a.fire(timerOf(at))
		if refuse(earlier); len(a.sent.Timers) > 0 {
			t.Fatalf("a late refusal changes the timers %v", a.sent.Timers)
		}
	}
}

// Attempts without an answer double the timeout up to four times the configured one, since messages may just be lost,
// and do not make the next back-off longer.
func TestLossIsNoConflict(t *testing.T) {
	a := newAlone(t)
	a.commands(7, 1)
	at := position{2, 0}
	for try := range 40 {
		p := a.get(at).proposal
		after, set := a.timer(timerOf(at))
		if want := a.retry[p.to] << min(try, 2); !set || after != want {
			t.Fatalf("unanswered %d times, waits for %v, set %t; want %v", try, after, set, want)
		}
		a.fire(timerOf(at))
	}
	p := a.get(at).proposal
	a.receive(0, &Message{Kind: &Message_Refused{Refused: &Refused{Column: 2, Ballot: uint64(p.ballot), Promised: uint64(p.ballot.Next(1))}}})
	if after, set := a.timer(timerOf(at)); !set || after >= 2*a.retry[p.to] {
		t.Errorf("refused once, backs off for %v, set %t; want less than %v", after, set, 2*a.retry[p.to])
	}
}

// A retry is prepared at its own replica too, which promises its ballot (rule 4): the promise outlives a restart, or the
// replica would accept what the retry's quorum has refused.
func TestThePromiseOfARetryOutlivesARestart(t *testing.T) {
	a := newAlone(t)
	var records []*Record
	keep := func() {
		for _, r := range a.sent.Records {
			record := &Record{}
			if err := protocols.Decode(r.Data, record); err != nil {
				t.Fatal(err)
			}
			records = append(records, record)
		}
	}
	at := position{2, 0}
	a.commands(1, 1)
	keep()
	first := a.get(at).ballot
	a.fire(timerOf(at)) // no answer
	keep()
	promised := a.get(at).ballot
	if promised <= first {
		t.Fatalf("prepared under %v again, after %v", promised, first)
	}
	if restarted := newAloneWith(t, nil, records...).get(at); restarted == nil || restarted.ballot != promised {
		t.Errorf("promised %v, and after a restart %+v", promised, restarted)
	}
}

// A refusal names the proposal that it refuses, and what was promised, so that the proposer need not guess a ballot.
func TestARefusalNamesTheProposalAndThePromise(t *testing.T) {
	a := newAlone(t)
	x := proposedInstance(t, 0, 5, 10)
	low, high := x.Ballot, protocols.NewBallot(7, 1)
	x.Ballot = uint64(high)
	a.receive(1, &Message{Kind: &Message_Propose{Propose: x}})
	x.Ballot = low
	a.receive(0, &Message{Kind: &Message_Propose{Propose: x}})
	if len(a.sent.Sends) != 1 {
		t.Fatalf("answers %q", a.messages(0))
	}
	var m Message
	if err := protocols.Decode(a.sent.Sends[0].Data, &m); err != nil {
		t.Fatal(err)
	}
	if want := (&Refused{Column: 0, Lsn: 5, Ballot: low, Promised: uint64(high)}); !proto.Equal(m.GetRefused(), want) {
		t.Errorf("answers %v, want %v", &m, want)
	}
}

// Commands that were applied, and commands that their client wants no more, are answered and not proposed again
// (rule 11). The latter have no result: they never will be executed.
func TestWhatNeedNotBeExecutedIsNotProposed(t *testing.T) {
	a := newAlone(t)
	open := protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 7, Seq: 3}, Data: put(t, 7, 3, 0, 10)}
	a.step(open)
	x := committedInstance(t, 0, 0, 10)
	x.Commands = [][]byte{put(t, 7, 5, 5, 10)} // client 7 has given up its commands before the fifth
	a.receive(0, &Message{Kind: &Message_Commit{Commit: x}})
	for seq, result := range map[uint64][]byte{5: kv.PutResult, 4: nil} {
		id := protocols.CommandID{Client: 7, Seq: seq}
		a.step(protocols.Input{Kind: protocols.InputCommand, Command: id, Data: put(t, 7, seq, 0, 10)})
		if len(a.sent.Sends) > 0 || len(a.requests) > 1 {
			t.Errorf("command %v is proposed", id)
		}
		if len(a.sent.Answers) != 1 || a.sent.Answers[0].ID != id || !slices.Equal(a.sent.Answers[0].Result, result) {
			t.Errorf("command %v is answered by %v, want %v", id, a.sent.Answers, result)
		}
	}
	if a.step(open); len(a.sent.Answers) > 0 { // it is proposed, and answered when that is decided
		t.Errorf("a command that is proposed is answered twice, now by %v", a.sent.Answers)
	}
}

// A batch leaves when it has 256 commands, before its delay is over.
func TestABatchIsBoundedInCommands(t *testing.T) {
	a := newAloneWith(t, protocols.Choices{"batch": "1s"})
	a.commands(7, maxBatch)
	if len(a.batch) > 0 || a.seen[2] != 1 {
		t.Errorf("of %d commands, %d wait, and there are %d instances; want one", maxBatch, len(a.batch), a.seen[2])
	}
}

// What is committed on disk is applied in the next incarnation at once, and counts as records.
func TestWhatIsCommittedOnDiskIsAppliedAfterARestart(t *testing.T) {
	a := newAloneWith(t, nil,
		&Record{Instance: committedInstance(t, 0, 0, 10)}, &Record{Instance: committedInstance(t, 0, 1, 10)})
	if a.slots != 2 || a.records != 2 {
		t.Errorf("of 2 committed instances %d are applied; %d records are counted", a.slots, a.records)
	}
}
