package raft_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/prototest"
	"quorumbench/protocols/prototest/leadertest"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/raft"
)

func on(name string) protocols.Choices { return protocols.Choices{name: "on"} }

func preVote(term, lastIndex, lastTerm uint64) *raft.Message {
	return &raft.Message{Term: term, Kind: &raft.Message_PreVote{PreVote: &raft.PreVote{LastIndex: lastIndex, LastTerm: lastTerm}}}
}

func preVoted(term uint64, granted bool) *raft.Message {
	return &raft.Message{Term: term, Kind: &raft.Message_PreVoted{PreVoted: &raft.PreVoted{Granted: granted}}}
}

func revert(term, abandoned uint64) *raft.Message {
	return &raft.Message{Term: term, Kind: &raft.Message_Revert{Revert: &raft.Revert{Abandoned: abandoned}}}
}

func confirmed(term, round uint64, began time.Duration) *raft.Message {
	return &raft.Message{Term: term, Kind: &raft.Message_Confirmed{Confirmed: &raft.Confirmed{Round: round, BeganNs: int64(began)}}}
}

func timeoutNow(term uint64) *raft.Message {
	return &raft.Message{Term: term, Kind: &raft.Message_TimeoutNow{TimeoutNow: &raft.TimeoutNow{}}}
}

// PreVote.

func TestNoTermBeginsWithoutAMajorityOfPreVotes(t *testing.T) {
	d := newDeskWith(t, on("prevote"), 3, 1, 1)
	d.tell(1, appendEntries(1, 1, 1, 0)) // the leader's last one
	d.stand()
	expect(t, d.sent(2), preVote(1, 1, 1))
	if len(d.out.Records) > 0 {
		t.Errorf("wrote %v", d.records())
	}
	if d.command(1); len(d.out.Sends) > 0 {
		t.Errorf("forwards a command to the leader that is silent: %v", d.sent(1))
	}
	if sent := d.tell(2, preVoted(1, false)); len(sent) > 0 {
		t.Errorf("refused, sends %v", sent)
	}
	d.tell(1, preVoted(1, true))
	expect(t, d.sent(2), requestVote(2, 1, 1))
}

func TestAPreVoteIsRefusedWhileALeaderIsHeard(t *testing.T) {
	d := newDeskWith(t, on("prevote"), 3, 1, 1)
	d.now += time.Hour
	expect(t, d.tell(2, preVote(1, 0, 0)), preVoted(1, false)) // its log is behind
	expect(t, d.tell(2, preVote(0, 1, 1)), preVoted(1, false)) // its term is over
	expect(t, d.tell(2, preVote(1, 1, 1)), preVoted(1, true))
	d.tell(1, appendEntries(1, 1, 1, 0))
	expect(t, d.tell(2, preVote(1, 1, 1)), preVoted(1, false))
}

// CheckQuorum.

func TestALeaderWithoutAMajorityResigns(t *testing.T) {
	pulse := func(d *desk) { d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer + 1}) }
	d := newDeskWith(t, on("checkquorum"), 3, 1, 1)
	d.stand()
	d.tell(1, vote(2, true))
	d.now += 5 * time.Second
	d.tell(1, appended(2, 2))
	if pulse(d); d.marked(protocols.MarkDeposed) {
		t.Error("resigns, though it has just heard a majority")
	}
	d.now += 5 * time.Second
	if pulse(d); !d.marked(protocols.MarkDeposed) || len(d.out.Sends) > 0 {
		t.Error("does not resign when it has heard nobody")
	}
}

func TestAVoteIsKeptWhileALeaderIsHeard(t *testing.T) {
	d := newDeskWith(t, on("checkquorum"), 3, 1, 1)
	d.now += time.Hour
	d.tell(1, appendEntries(1, 1, 1, 0))
	expect(t, d.tell(2, requestVote(2, 1, 1)), refusal(1, 2))
	transfer := requestVote(2, 1, 1)
	transfer.GetRequestVote().Transfer = true
	expect(t, d.tell(2, transfer), vote(2, true))
	d.now += time.Hour
	expect(t, d.tell(1, requestVote(3, 1, 1)), vote(3, true))
}

// Revert.

func TestARefusalForTheLogLeavesTheTerm(t *testing.T) {
	d := newDeskWith(t, on("revert"), 3, 2, 1, 2)
	expect(t, d.tell(1, requestVote(5, 1, 1)), refusal(2, 5))
	if len(d.out.Records) > 0 {
		t.Errorf("wrote %v", d.records())
	}
}

func TestAVoteIsTakenBack(t *testing.T) {
	for _, c := range []struct {
		name   string
		before []*raft.Message // from replica 2
		revert *raft.Message   // from replica 1, whose vote request for term 3 was granted
		term   uint64          // then
	}{
		{"as asked", nil, revert(2, 3), 2},
		{"not of another term", nil, revert(2, 4), 3},
		{"not when a later one was given", []*raft.Message{requestVote(4, 9, 9)}, revert(2, 3), 4},
		{"not when the leader of the term was heard", []*raft.Message{appendEntries(3, 2, 2, 0, 3)}, revert(2, 3), 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDeskWith(t, on("revert"), 5, 2, 1, 2)
			expect(t, d.tell(1, requestVote(3, 2, 2)), vote(3, true))
			for _, m := range c.before {
				d.tell(2, m)
			}
			d.tell(1, c.revert)
			d.tell(3, requestVote(1, 9, 9)) // refused, and tells the term
			if got := d.sent(3)[0].Term; got != c.term {
				t.Errorf("is in term %d, want %d", got, c.term)
			}
		})
	}
}

func TestAVoteIsTakenBackByItsCandidateOnly(t *testing.T) {
	d := newDeskWith(t, on("revert"), 5, 2, 1, 2)
	d.tell(1, requestVote(3, 2, 2))
	d.tell(2, revert(2, 3))
	expect(t, d.tell(3, requestVote(3, 2, 2)), vote(3, false))
}

// Two votes are taken back one by one.
func TestVotesAreTakenBackInTurn(t *testing.T) {
	d := newDeskWith(t, on("revert"), 5, 2, 1, 2)
	d.tell(1, requestVote(3, 2, 2))
	d.tell(2, requestVote(4, 2, 2))
	d.tell(2, revert(2, 4))
	expect(t, d.tell(3, requestVote(2, 1, 1)), refusal(3, 2))
	d.tell(1, revert(2, 3))
	expect(t, d.tell(3, requestVote(1, 1, 1)), refusal(2, 1))
}

// The first revert of replica 1 comes when it has been granted a vote for its next term.
func TestARevertThatIsOvertakenIsNotMissed(t *testing.T) {
	d := newDeskWith(t, on("revert"), 5, 2, 1, 2)
	d.tell(1, requestVote(3, 2, 2))
	d.tell(1, requestVote(4, 2, 2))
	d.tell(1, revert(2, 3))
	d.tell(2, revert(2, 4))
	expect(t, d.tell(3, requestVote(2, 1, 1)), refusal(4, 2))
	d.tell(1, revert(2, 4))
	expect(t, d.tell(3, requestVote(1, 1, 1)), refusal(2, 1))
}

func TestAFailedCandidateTakesItsTermBack(t *testing.T) {
	d := newDeskWith(t, on("revert"), 5, 2, 1, 2)
	d.stand() // term 3
	d.tell(1, vote(3, true))
	d.tell(2, refusal(2, 3))
	d.tell(3, refusal(2, 3))
	if len(d.out.Sends) > 0 {
		t.Errorf("it may still be elected, and sends %v", d.sent(1))
	}
	d.tell(4, refusal(2, 3))
	expect(t, d.sent(1), revert(2, 3))
	if state := d.records()[0].GetState(); state.GetTerm() != 2 || state.GetStood() != 3 {
		t.Errorf("wrote %v", state)
	}
	expect(t, d.tell(2, vote(3, true)), revert(2, 3)) // a grant that comes late
	expect(t, d.tell(1, appendEntries(2, 2, 2, 0)), appended(2, 2))
	d.stand()
	expect(t, d.sent(1), requestVote(4, 2, 2)) // never again in term 3
	d.tell(1, vote(3, true))
	d.tell(2, vote(3, true))
	if d.marked(protocols.MarkLeading) {
		t.Error("late grants of term 3 elect it in term 4")
	}
}

func TestATermOnceStoodInIsDurable(t *testing.T) {
	d := newDeskWith(t, on("revert"), 3, 2, 1, 2)
	d.restore(&raft.Record{Kind: &raft.Record_State{State: &raft.State{Term: 2, VotedFor: -1, Stood: 7}}})
	d.stand()
	expect(t, d.sent(1), requestVote(8, 2, 2))
}

func TestACandidateGivesWayToTheLeaderItMissed(t *testing.T) {
	d := newDeskWith(t, on("revert"), 3, 2, 1, 2)
	d.stand()
	expect(t, d.tell(1, appendEntries(1, 1, 1, 0)), rejected(3, 0, 0, 0)) // of a term before the one it came from
	expect(t, d.tell(1, appendEntries(2, 2, 2, 0)), appended(2, 2))
}

// The heartbeat that a leader sends along with TimeoutNow does not end the candidacy that it has asked for (rules 25 and 27).
func TestACandidateThatWasToldToStandDoesNotGiveWay(t *testing.T) {
	d := newDeskWith(t, on("revert"), 3, 2, 1, 2)
	d.tell(1, appendEntries(2, 2, 2, 0))
	d.tell(1, timeoutNow(2))
	expect(t, d.tell(1, appendEntries(2, 2, 2, 0)), rejected(3, 0, 0, 0))
	if d.marked(protocols.MarkReverted) {
		t.Error("it takes its term back")
	}
}

// A leader's own term is not taken back when the leader of the term before makes itself heard (rule 23).
func TestALeaderDoesNotTakeItsTermBack(t *testing.T) {
	d := newDeskWith(t, on("revert"), 3, 2, 1, 2)
	d.stand()
	d.tell(1, vote(3, true))
	expect(t, d.tell(2, appendEntries(2, 2, 2, 0)), rejected(3, 0, 0, 0))
	if d.marked(protocols.MarkReverted) {
		t.Error("it takes its term back")
	}
}

// Reads.

// get hands the replica a read and returns whether it is answered at once.
func (d *desk) get(seq uint64) bool {
	data, err := proto.Marshal(&kv.Command{Client: 1, Seq: seq, Op: kv.Op_GET, Key: []byte("k")})
	if err != nil {
		d.t.Fatal(err)
	}
	d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: seq}, Data: data})
	return len(d.out.Answers) > 0
}

// round is the last round of confirmations that the step before has begun.
func (d *desk) round(to protocols.NodeID) (round uint64) {
	for _, m := range d.sent(to) {
		round = max(round, m.GetConfirm().GetRound())
	}
	return round
}

// leadWith returns a leader of three in term 2, with those options, whose no-op is committed.
func leadWith(t *testing.T, options protocols.Choices) *desk {
	d := newDeskWith(t, options, 3, 1, 1)
	d.stand()
	d.tell(1, vote(2, true))
	if d.get(1); len(d.out.Answers) > 0 {
		t.Error("reads before it has committed an entry of its term")
	}
	d.tell(1, confirmed(2, d.round(1), d.now))
	if len(d.out.Answers) > 0 {
		t.Error("reads before it has committed an entry of its term, since it is confirmed")
	}
	d.tell(1, appended(2, 2))
	if len(d.out.Answers) != 1 {
		t.Errorf("does not read when it has")
	}
	return d
}

func TestAReadWaitsForARoundThatBeganAfterIt(t *testing.T) {
	d := newDeskWith(t, protocols.Choices{"reads": "index"}, 3, 1, 1)
	d.stand()
	d.tell(1, vote(2, true))
	d.tell(1, appended(2, 2))
	if d.get(1) {
		t.Fatal("reads without asking")
	}
	first := d.round(2)
	if d.tell(1, confirmed(2, first+1, 0)); len(d.out.Answers) > 0 {
		t.Error("takes a confirmation of a round that has not begun")
	}
	d.get(2)
	d.tell(1, confirmed(2, first, 0))
	if len(d.out.Answers) != 1 {
		t.Errorf("of two reads, the first round answers %d", len(d.out.Answers))
	}
	d.tell(2, confirmed(2, first+1, 0))
	if len(d.out.Answers) != 1 {
		t.Errorf("of two reads, the second round answers %d", len(d.out.Answers))
	}
	if d.log() > 2 {
		t.Error("reads are in the log")
	}
}

// log is where the leader's log ends.
func (d *desk) log() uint64 {
	d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer + 1})
	return d.sent(1)[0].GetAppendEntries().GetPrevIndex()
}

func TestALeaseEnds(t *testing.T) {
	d := leadWith(t, protocols.Choices{"reads": "lease"})
	timeout := make(protocols.Delays, 1).ElectionTimeout()
	d.now += timeout*9/10 - 1
	if !d.get(2) {
		t.Error("does not read under its lease")
	}
	d.now++
	if d.get(3) {
		t.Error("reads when its lease is over")
	}
	d.tell(2, confirmed(2, d.round(2), d.now))
	if len(d.out.Answers) != 1 {
		t.Error("does not read when it is confirmed")
	}
	if d.tell(2, confirmed(2, 1, 0)); !d.get(4) { // it is late
		t.Error("a confirmation of an earlier round ends the lease")
	}
}

// A replica may have heard a leader a moment before its crash, and a lease may rest on that: for an election timeout after a
// restart it refuses its vote (rule 21).
func TestARestartedReplicaRefusesItsVoteForATimeout(t *testing.T) {
	d := newDeskWith(t, on("checkquorum"), 3, 1, 1)
	timeout := make(protocols.Delays, 1).ElectionTimeout() // without any delay
	d.now += timeout - 1
	if sent := d.tell(2, requestVote(2, 1, 1)); slices.ContainsFunc(sent, func(m *raft.Message) bool { return m.GetVote().GetGranted() }) {
		t.Errorf("a moment before the timeout: %v", sent)
	}
	d.now++
	expect(t, d.tell(2, requestVote(2, 1, 1)), vote(2, true))
}

// Transfer.

func TestAFollowerStandsWhenItsLeaderSaysSo(t *testing.T) {
	d := newDeskWith(t, protocols.Choices{"prevote": "on", "checkquorum": "on"}, 3, 2, 1, 2)
	if sent := d.tell(1, timeoutNow(2)); len(sent) > 0 {
		t.Errorf("stands for one it does not follow: %v", sent)
	}
	d.tell(1, appendEntries(2, 2, 2, 0))
	if sent := d.tell(1, timeoutNow(1)); len(sent) > 0 {
		t.Errorf("stands for a leader whose term is over: %v", sent)
	}
	want := requestVote(3, 2, 2)
	want.GetRequestVote().Transfer = true
	expect(t, d.tell(1, timeoutNow(2)), want)
}

// TimeoutNow may be lost, so a leader that hands over repeats it while the handover is pending (rule 27).
func TestALeaderThatHandsOverRepeatsIt(t *testing.T) {
	d := newDeskWith(t, on("transfer"), 3, 1, 1)
	d.stand()
	d.tell(1, vote(2, true))
	told := 0
	for range 12 {
		d.tell(1, appended(2, 2))
		d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer + 1})
		told += len(slices.DeleteFunc(d.sent(1), func(m *raft.Message) bool { return m.GetTimeoutNow() == nil }))
	}
	if told < 2 {
		t.Errorf("TimeoutNow is sent %d times in 12 heartbeats", told)
	}
}

func TestALeaderHandsOverToTheConfiguredOne(t *testing.T) {
	d := newDeskWith(t, protocols.Choices{"transfer": "on", "reads": "lease"}, 3, 1, 1)
	d.stand()
	d.tell(1, vote(2, true))
	end := uint64(2)
	for beat := 1; beat <= 8; beat++ {
		if beat != 3 { // it falls behind once
			d.tell(1, appended(2, end))
		} else {
			d.command(1)
			end++
			d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer + 1})
		}
		d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer + 1})
		if got, want := d.marked("hands over"), beat == 8; got != want {
			t.Fatalf("at beat %d, hands over: %t", beat, got)
		}
	}
	if sent := d.sent(1); sent[0].GetTimeoutNow() == nil {
		t.Errorf("to its successor, that has the whole log, sends %v", sent)
	}
	d.command(2)
	if len(d.out.Sends) > 0 {
		t.Error("proposes while it hands over")
	}
	if d.get(3) {
		t.Error("reads under a lease that its successor may have ended")
	}
	for range 10 {
		d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer + 1})
	}
	if !d.marked(protocols.MarkProposed) {
		t.Error("does not go on when its successor does not stand")
	}
	if d.get(4) {
		t.Error("reads under a lease that its successor may still end")
	}
}

// Elections need four of five, writes two, and two of five are dead: the leader works on, and nobody could be elected. It does not hand over
// to the configured leader that has come back (rule 26), until another has, too.
func TestTheLeadIsHandedOverToOneThatCanBeElected(t *testing.T) {
	driver := raft.Driver
	driver.Quorums = func(c protocols.Config) quorum.Roles {
		return quorum.Roles{quorum.Election: quorum.Size(4, c.All()), quorum.Write: quorum.Size(2, c.All())}
	}
	c := prototest.NewCluster(t, driver, prototest.Network{Delays: leadertest.Even(5, 10*time.Millisecond)}, 0, 1)
	c.Run(time.Second)
	c.Crash(0)
	c.Run(10 * time.Second)
	leader := protocols.NodeID(1)
	for c.Marked(protocols.MarkLeading, leader) == c.Marked(protocols.MarkDeposed, leader) {
		leader++
	}
	ledFirst := c.Marked(protocols.MarkLeading, 0)
	var dead []protocols.NodeID
	for id := protocols.NodeID(1); len(dead) < 2; id++ {
		if id != leader {
			c.Crash(id)
			dead = append(dead, id)
		}
	}
	c.Restart(0)
	c.Run(c.Now() + 5*time.Second)
	c.Put(leader, 1, "k", "v")
	c.RunUntilAnswered(time.Second)
	if c.Marked(protocols.MarkDeposed, leader) > 0 {
		t.Error("the lead was handed over where nobody can be elected")
	}
	c.Restart(dead[0])
	c.Run(c.Now() + 5*time.Second)
	if c.Marked(protocols.MarkLeading, 0) == ledFirst {
		t.Error("the lead is not handed over though the configured leader can be elected")
	}
}
