package raft_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/prototest"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/raft"
)

// recent is a witness's refusal, or its vote: what it has accepted is more recent than the candidate's log.
func recent(term uint64, granted bool) *raft.Message {
	m := vote(term, granted)
	m.GetVote().Recent = true
	return m
}

// aside is the request of a candidate that may leave that aside.
func aside(term, lastIndex, lastTerm uint64) *raft.Message {
	m := requestVote(term, lastIndex, lastTerm)
	m.GetRequestVote().Aside = true
	return m
}

func preRecent(term uint64) *raft.Message {
	m := preVoted(term, false)
	m.GetPreVoted().Recent = true
	return m
}

// Replica 0 is a witness.
func TestAWitnessKeepsTheMostRecentEnd(t *testing.T) {
	d := newDeskAmong(t, quorum.Of[int32](0), nil, 3, 1)
	end := func(term, index, of uint64) {
		t.Helper()
		expect(t, d.tell(1, appendEntries(term, index, of, 0)), appended(term, index))
	}
	accepted := func(index, term uint64) {
		t.Helper()
		d.make(3, nil, quorum.Of[int32](0))
		for _, record := range d.disk {
			d.step(protocols.Input{Kind: protocols.InputRestore, Data: record})
		}
		d.start()
		d.tell(2, requestVote(9, 0, 0))
		expect(t, d.tell(2, requestVote(9, index-1, term)), recent(9, false))
		expect(t, d.tell(2, requestVote(9, index+9, term-1)), recent(9, false))
		expect(t, d.tell(2, requestVote(9, index, term)), vote(9, true))
	}
	end(1, 3, 1)
	end(1, 5, 1) // what comes between may be late
	end(1, 4, 1)
	end(2, 4, 1) // of the next leader, whose log is shorter
	accepted(5, 1)

	d = newDeskAmong(t, quorum.Of[int32](0), nil, 3, 1)
	end(2, 7, 1)
	end(4, 5, 4)
	end(4, 4, 3)
	records := len(d.out.Records)
	end(4, 5, 4)
	if len(d.out.Records) > records {
		t.Errorf("what is on disk is persisted again: %v", d.records())
	}
	accepted(5, 4)

	d = newDeskAmong(t, quorum.Of[int32](0), nil, 3, 1)
	for index := range uint64(250) { // its disk is cleared every 100 records
		end(2, index+1, 2)
	}
	if len(d.disk) > 110 {
		t.Errorf("%d records are on disk", len(d.disk))
	}
	accepted(250, 2)
}

func TestAWitnessHoldsNothingAndNeverStands(t *testing.T) {
	d := newDeskAmong(t, quorum.Of[int32](0), nil, 3, 1)
	for name, m := range map[string]*raft.Message{
		"entries":       appendEntries(1, 0, 0, 0, 1),
		"a snapshot":    whole(1, 1, 1, nil),
		"an invitation": timeoutNow(1),
	} {
		d.tell(1, appendEntries(1, 0, 0, 0)) // the leader
		if sent := d.tell(1, m); len(sent)+len(d.out.Records)+len(d.out.Timers) > 0 {
			t.Errorf("told %s, it sends %v and persists %v", name, sent, d.records())
		}
	}
	d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: 1}, Data: []byte("x")})
	if len(d.out.Sends)+len(d.out.Records) > 0 {
		t.Error("a command that a witness is handed goes on from there")
	}
	d = newDesk(t, 3, 2, 1)
	d.stand()
	if sent := d.tell(2, recent(3, false)); len(sent) > 0 {
		t.Errorf("replica 2 is no witness, and its word as one is answered with %v", sent)
	}
}

// A witness votes for a log that is less recent than what it has accepted if the candidate leaves that aside, and nothing else is
// against it.
func TestAWitnessIsAskedAgain(t *testing.T) {
	d := newDeskAmong(t, quorum.Of[int32](0), nil, 3, 1)
	d.tell(1, appendEntries(2, 5, 2, 0))
	expect(t, d.tell(2, requestVote(3, 4, 2)), recent(3, false))
	expect(t, d.tell(2, aside(3, 4, 2)), recent(3, true))
	expect(t, d.tell(1, aside(3, 5, 2)), vote(3, false)) // it has voted
	expect(t, d.tell(1, requestVote(3, 4, 2)), vote(3, false))

	d = newDeskAmong(t, quorum.Of[int32](0), on("checkquorum"), 3, 1)
	d.tell(1, appendEntries(2, 5, 2, 0))
	expect(t, d.tell(2, aside(3, 4, 2)), refusal(2, 3)) // it hears a leader
	d.now += time.Hour
	expect(t, d.tell(2, aside(3, 4, 2)), recent(3, true))

	d = newDeskAmong(t, quorum.Of[int32](0), on("prevote"), 3, 1)
	d.tell(1, appendEntries(2, 5, 2, 0))
	expect(t, d.tell(2, preVote(2, 4, 2)), preVoted(2, false))
	d.now += time.Hour
	expect(t, d.tell(2, preVote(2, 4, 2)), preRecent(2))
	expect(t, d.tell(2, preVote(2, 5, 2)), preVoted(2, true))

	d = newDesk(t, 3, 2, 1) // who is no witness never does
	expect(t, d.tell(2, aside(3, 0, 0)), vote(3, false))
}

// Replica 0 stands, of replicas of which the last ones are witnesses that have accepted something more recent.
func TestACandidateLeavesAsideOnlyWhatCannotBeCommitted(t *testing.T) {
	leads := func(d *desk, want bool, why string) {
		t.Helper()
		if got := d.marked(protocols.MarkLeading); got != want {
			t.Errorf("leads: %t, though %s", got, why)
		}
	}
	nothing := func(d *desk, to protocols.NodeID, why string) {
		t.Helper()
		if sent := d.sent(to); len(sent) > 0 {
			t.Errorf("sends %v, though %s", sent, why)
		}
	}
	for _, options := range []protocols.Choices{nil, on("revert")} {
		// Of two and a witness.
		d := newDeskAmong(t, quorum.Of[int32](2), options, 3, 1, 1)
		d.stand()
		d.tell(2, recent(2, false))
		nothing(d, 2, "replica 1 and the witness may have committed what it lacks")
		d.tell(2, recent(2, true)) // as if it had been asked
		leads(d, false, "replica 1 and the witness may have committed what it lacks")
		d.tell(1, vote(2, true))
		leads(d, true, "both others that hold commands have the same")

		// Of two and two witnesses: three are a quorum.
		last := quorum.Of[int32](2, 3)
		d = newDeskAmong(t, last, options, 4, 1, 1)
		d.stand()
		d.tell(2, recent(2, false))
		d.tell(3, recent(2, false))
		nothing(d, 3, "replica 1 has not voted")
		d.tell(1, vote(2, true))
		leads(d, false, "two votes are no quorum")
		expect(t, d.sent(2), aside(2, 1, 1))
		expect(t, d.sent(3), aside(2, 1, 1))
		nothing(d, 1, "it has voted")
		d.tell(2, recent(2, true))
		leads(d, true, "three votes are a quorum, and the witnesses alone commit nothing")

		d = newDeskAmong(t, last, options, 4, 1, 1)
		d.stand()
		d.tell(2, recent(2, false))
		d.tell(1, vote(2, true))
		d.tell(3, recent(2, false))
		expect(t, d.sent(3), aside(2, 1, 1)) // who answers last
		d.now += time.Second
		d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer + 1})
		expect(t, d.sent(2), aside(2, 1, 1)) // the question may be lost

		// Of three and two witnesses, a log that is as recent as one of them, and one vote: two others may have committed with the
		// other witness.
		d = newDeskAmong(t, quorum.Of[int32](3, 4), options, 5, 1, 1)
		d.stand()
		d.tell(3, vote(2, true))
		d.tell(4, recent(2, false))
		nothing(d, 4, "replicas 1 and 2 and the witness may have committed what it lacks")
		d.tell(4, recent(2, true))
		leads(d, false, "of three votes one is from a witness that has something more recent")
		d.tell(1, vote(2, true))
		leads(d, true, "three votes are from those that have nothing more recent")
	}
}

func TestAPreVoteOfAWitnessCountsLikeItsVote(t *testing.T) {
	d := newDeskAmong(t, quorum.Of[int32](2, 3), on("prevote"), 4, 1, 1)
	d.stand()
	d.tell(2, preRecent(1))
	d.tell(3, preRecent(1))
	if len(d.out.Sends) > 0 {
		t.Errorf("stands though replica 1 may hold what it lacks")
	}
	d.tell(1, preVoted(1, true))
	expect(t, d.sent(1), requestVote(2, 1, 1))
	expect(t, d.sent(2), requestVote(2, 1, 1)) // nobody has told anything in the new term
}

// With the option revert, a candidate gives up when it can win no more.
func TestACandidateThatMayLeaveNothingAsideGivesUp(t *testing.T) {
	d := newDeskAmong(t, quorum.Of[int32](2), on("revert"), 3, 1, 1)
	d.stand()
	d.tell(2, recent(2, false))
	if d.marked(protocols.MarkReverted) {
		t.Error("gives up though replica 1 may still vote")
	}
	d.tell(1, vote(2, false))
	if !d.marked(protocols.MarkReverted) {
		t.Error("stands though it cannot win")
	}
}

// A leader sends its witnesses where its log ends, and counts them.
func TestALeaderTellsWitnessesWhereItsLogEnds(t *testing.T) {
	d := newDeskAmong(t, quorum.Of[int32](2), nil, 3, 1, 1)
	d.stand()
	d.tell(1, vote(2, true))
	sent := d.sent(2)
	if len(sent) != 2 || !proto.Equal(sent[0], appendEntries(2, 1, 1, 0)) || !proto.Equal(sent[1], appendEntries(2, 2, 2, 0)) {
		t.Errorf("of its old log and of its no-op, it sends %v", sent)
	}
	d.tell(2, appended(2, 2))
	d.expectCommits(1, 2)
	d.command(1)
	expect(t, d.sent(2), appendEntries(2, 3, 2, 2)) // whether or not the one before was confirmed
	d.command(2)
	expect(t, d.sent(2), appendEntries(2, 4, 2, 2))
	d.tell(2, appended(2, 4))
	d.expectCommits(1, 2, 3, 4)
}

// What is sent to a witness, in bytes for each write of 1 KiB, beside what a follower gets (docs/witnesses.md).
func TestAWitnessTakesHardlyAnyTraffic(t *testing.T) {
	const (
		writes = 1000
		ms     = time.Millisecond
	)
	bytes := map[quorum.Set]int{}
	for _, witnesses := range []quorum.Set{0, quorum.Of[int32](2)} {
		delays := protocols.Delays{{0, 30 * ms, 30 * ms}, {30 * ms, 0, 30 * ms}, {30 * ms, 30 * ms, 0}}
		c := prototest.NewCluster(t, raft.Driver, prototest.Network{Delays: delays, Witnesses: witnesses,
			Drop: func(_, to protocols.NodeID, message []byte) bool {
				if to == 2 {
					bytes[witnesses] += len(message)
				}
				return false
			}}, 0, 1)
		value := string(make([]byte, 1024))
		for i := range writes {
			c.At(time.Second+time.Duration(i)*5*ms, func() { c.Put(0, 1, fmt.Sprint("key ", i), value) })
		}
		c.Run(8 * time.Second)
		c.CheckConverged()
	}
	follower, witness := bytes[0]/writes, bytes[quorum.Of[int32](2)]/writes
	t.Logf("for each write, a follower gets %d bytes, a witness %d", follower, witness)
	if follower < 1024 || witness > 40 {
		t.Errorf("for each write, a follower gets %d bytes, a witness %d; want more than the value, and at most 40", follower, witness)
	}
}
