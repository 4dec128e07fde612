package raft_test

import (
	"strings"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/membership"
	"quorumbench/protocols/prototest"
	"quorumbench/protocols/prototest/leadertest"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/raft"
)

// A change holds no write up: it takes two round trips of 20 ms.
func TestMembership(t *testing.T) { leadertest.Membership(t, raft.Driver, 41*time.Millisecond) }

// newElasticDesk starts replica 0 of four, of which three are members, as a follower of replica 1 in term 5.
func newElasticDesk(t *testing.T) *desk {
	delays := make(protocols.Delays, 4)
	for i := range delays {
		delays[i] = make([]time.Duration, 4)
	}
	d := &desk{t: t, node: raft.Driver.New(raft.Driver.MustComplete(protocols.Config{ID: 0, Members: protocols.Members(3), Replicas: 4, Leader: 1, Delays: delays}))}
	d.restore(&raft.Record{Kind: &raft.Record_State{State: &raft.State{Term: 5, VotedFor: -1}}})
	d.step(protocols.Input{Kind: protocols.InputStart})
	d.electionTimer = d.out.Timers[0].ID
	d.now = time.Minute
	d.tell(1, appendEntries(5, 0, 0, 0))
	return d
}

// A replica that hears a leader does not answer a candidate that is no voter, whose term it does not adopt (rule 31). It
// listens when the leader has told the candidate to stand, and when no leader is heard any more: the candidate may know a later membership.
func TestACandidateThatIsNoVoterIsIgnored(t *testing.T) {
	d := newElasticDesk(t)
	if got := append(d.tell(3, preVote(9, 7, 7)), d.tell(3, requestVote(9, 7, 7))...); len(got) > 0 {
		t.Errorf("it answers %v", got)
	}
	if got := d.tell(2, preVote(5, 7, 7)); len(got) != 1 || got[0].Term != 5 {
		t.Errorf("it tells a voter %v, want a refusal of term 5", got)
	}
	told := requestVote(6, 7, 7)
	told.GetRequestVote().Transfer = true
	if got := d.tell(3, told); len(got) != 1 || !got[0].GetVote().GetGranted() {
		t.Errorf("it answers %v, want its vote: the leader has told the candidate to stand", got)
	}
	d = newElasticDesk(t)
	d.now = 2 * time.Minute
	if got := d.tell(3, requestVote(9, 7, 7)); len(got) != 1 || !got[0].GetVote().GetGranted() {
		t.Errorf("it answers %v, want its vote: no leader is heard", got)
	}
}

// A leader that proposes a membership without itself crashes when only those have the entry who are to leave. Nobody else can be
// elected, since they refuse to vote for a log that is behind theirs: so one of them stands, commits the entry, and leaves (rule 30).
func TestWhoIsToLeaveStandsIfNobodyElseCan(t *testing.T) {
	e := leadertest.NewElastic(t, raft.Driver, 4, 4, prototest.Network{}, 1, 2*time.Second)
	last := false // the membership of 1 and 3 alone is under way
	e.At(time.Second, func() { e.Membership("change majority(1,3)") })
	e.Network.Drop = func(from, to protocols.NodeID, data []byte) bool {
		text := string(data)
		last = last || from == 0 && strings.Contains(text, "majority(1,3)") && e.Marked(protocols.MarkMembership+"majority(R0,R1,R2,R3), on the way to majority(R1,R3)") > 0
		return last && to != 2
	}
	e.Run(1100 * time.Millisecond)
	if !last {
		t.Fatal("the last membership was not proposed")
	}
	for id := range e.Replicas {
		e.Crash(protocols.NodeID(id))
	}
	e.Network.Drop = nil
	for _, id := range []protocols.NodeID{1, 2, 3} {
		e.Restart(id)
	}
	e.Run(20 * time.Second)
	all := e.Memberships()
	if got := all[len(all)-1]; got != "majority(R1,R3), learners (R0,R2)" {
		t.Errorf("the last membership is %s; all: %q", got, all)
	}
	e.ExpectSame(1, 2, 3)
	if e.Marked(protocols.MarkLeading, 1, 3) == 0 {
		t.Error("no voter leads in the end")
	}
}

// A new leader proposes a membership only when an entry of its own term is committed (rule 29).
func TestANewLeaderCommitsAnEntryBeforeItProposesAMembership(t *testing.T) {
	d := newElasticDesk(t)
	d.now = 2 * time.Minute
	d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer})
	d.tell(1, preVoted(5, true))
	d.tell(1, vote(6, true))
	proposed := func() bool {
		for _, m := range d.sent(1) {
			for _, e := range m.GetAppendEntries().GetEntries() {
				if len(e.Membership) > 0 {
					return true
				}
			}
		}
		return false
	}
	d.step(protocols.Input{Kind: protocols.InputMembership, Notice: 1, Data: []byte("add-learner 3")})
	if proposed() {
		t.Error("it proposes a membership before it has committed an entry of its term")
	}
	d.tell(1, appended(6, 1))
	if !proposed() {
		t.Error("it proposes no membership though it has committed an entry of its term")
	}
}

// Neither its election timer nor a leader makes a replica stand that is no voter (rule 30).
func TestWhoIsNoVoterDoesNotStand(t *testing.T) {
	d := newElasticDesk(t)
	first := entriesOf(5)
	d.setMembership(first[0])
	d.tell(1, &raft.Message{Term: 5, Kind: &raft.Message_AppendEntries{AppendEntries: &raft.AppendEntries{Entries: first, Commit: 1}}})
	for range 10 {
		d.now += time.Minute
		d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer})
		if len(d.out.Sends) > 0 {
			t.Fatalf("it sends %d messages when its election timer fires", len(d.out.Sends))
		}
	}
	if got := d.tell(1, timeoutNow(5)); len(got) > 0 {
		t.Errorf("told to stand, it sends %v", got)
	}
}

// setMembership puts the membership of the replicas 1, 2 and 3 into an entry.
func (d *desk) setMembership(e *raft.Entry) {
	d.t.Helper()
	three := quorum.Majority(quorum.First(3))
	m := membership.First(quorum.First(3), quorum.Roles{quorum.Election: three, quorum.Write: three}, raft.Driver.Meeting)
	request, err := membership.ParseRequest(1, "change majority(1,2,3)")
	if err != nil {
		d.t.Fatal(err)
	}
	all := quorum.First(4)
	e.Membership = m.Next(membership.Requests{request}).Step(all).Step(all).Encoded()
}
