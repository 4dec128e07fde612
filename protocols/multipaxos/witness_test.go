package multipaxos_test

import (
	"fmt"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/multipaxos"
	"quorumbench/protocols/prototest"
	"quorumbench/protocols/quorum"
)

// run is what a witness tells of instances in a row.
func run(first, last uint64, under protocols.Ballot) *multipaxos.Span {
	return &multipaxos.Span{First: first, Count: last + 1 - first, Ballot: uint64(under)}
}

// witnessed is the promise of a witness.
func witnessed(runs ...*multipaxos.Span) *multipaxos.Message {
	m := promise()
	m.GetPromise().Witnessed = runs
	return m
}

// count is an accept for a witness.
func count(first, last uint64) *multipaxos.Message {
	m := accept(first, 0)
	m.GetAccept().Count = last + 1 - first
	return m
}

// What a witness does not answer is sent to it again though it is chosen, in one message with all that followed (rule 19).
func TestAWitnessIsSentAgainWhatItHasMissed(t *testing.T) {
	d := &desk{t: t, leader: 1, witnesses: quorum.Of[int32](2)}
	d.start(3)
	d.stand()
	d.tell(1, ballot(1, 0), promise())
	beat := func() (again string) {
		t.Helper()
		d.beat()
		for _, s := range d.out.Sends {
			var m multipaxos.Message
			if err := protocols.Decode(s.Data, &m); err != nil {
				t.Fatal(err)
			}
			if a := m.GetAccept(); a != nil {
				again += fmt.Sprintf("to %d: %d..%d ", s.To, a.First, a.First+a.Count-1)
			}
		}
		return again
	}
	for i, v := range []string{"a", "b", "c"} {
		d.command(v)
		d.tell(1, ballot(1, 0), accepted(uint64(i)+1, 1))
	}
	d.expectCommits("1 a", "2 b", "3 c")
	d.tell(2, ballot(1, 0), accepted(1, 1))
	d.tell(2, ballot(1, 0), accepted(3, 1))
	expect(t, "without the answer to 2", beat(), "to 2: 2..3 ")
	expect(t, "and again", beat(), "to 2: 2..3 ")
	d.tell(2, ballot(1, 0), accepted(2, 2))
	expect(t, "when it has answered", beat(), "")
	d.command("d")
	d.tell(1, ballot(1, 0), accepted(4, 1))
	d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer + 1})
	expect(t, "while the answer may be on its way", d.sent(2), "1.0 heartbeat, commit 4")
}

// A run that fills the gaps between others is one with them (rule 19).
func TestAWitnessMakesOneRunOfThoseWithoutGaps(t *testing.T) {
	d := &desk{t: t, leader: 1, witnesses: quorum.Of[int32](0)}
	d.start(3)
	for _, one := range []uint64{1, 3, 4, 6} {
		d.tell(1, ballot(1, 1), count(one, one))
	}
	expect(t, "with gaps", d.tell(1, ballot(1, 1), prepare(1)), "1.1 promise 1..1:1.1 3..4:1.1 6..6:1.1")
	d.tell(1, ballot(1, 1), count(2, 6))
	expect(t, "without", d.tell(1, ballot(1, 1), prepare(1)), "1.1 promise 1..6:1.1")
}

// Replica 0 of three or five stands for election and gets promises from a quorum, witnesses among them, who tell of commands
// that they do not have (rule 20).
func TestACandidateWaitsForTheCommandOfTheWitness(t *testing.T) {
	stands := func(replicas int, witnesses quorum.Set, own ...string) *desk {
		d := &desk{t: t, leader: 1, witnesses: witnesses}
		d.start(replicas)
		if len(own) > 0 {
			d.tell(1, ballot(1, 1), accept(1, 0, d.values(own...)...))
		}
		d.tell(2, ballot(2, 2), heartbeat(0)) // so that it stands under the ballot 3.0
		d.stand()
		return d
	}
	waits := func(d *desk, why string) {
		t.Helper()
		for _, m := range d.out.Marks {
			if m.Event == protocols.MarkLeading {
				t.Errorf("the candidate leads, though %s", why)
			}
		}
	}
	two, lasts := quorum.Of[int32](2), quorum.Of[int32](3, 4)

	d := stands(3, two)
	d.tell(2, ballot(3, 0), witnessed(run(1, 1, ballot(1, 1))))
	waits(d, "replica 1 and the witness may have chosen 1")
	d.tell(1, ballot(3, 0), promise(d.proposal(1, ballot(1, 1), "a")))
	expect(t, "the command is told", d.sent(1), "3.0 heartbeat, commit 0; 3.0 accept from 1 a")
	expect(t, "to the witness without it", d.sent(2), "3.0 heartbeat, commit 0; 3.0 accept from 1")

	d = stands(3, two)
	d.tell(2, ballot(3, 0), witnessed(run(1, 1, ballot(1, 1))))
	d.tell(1, ballot(3, 0), promise())
	d.expectMark(protocols.MarkLeading)
	expect(t, "nobody but the witness has accepted it", d.sent(1), "3.0 heartbeat, commit 0")

	d = stands(3, two, "a")
	d.tell(2, ballot(3, 0), witnessed(run(1, 2, ballot(1, 1))))
	waits(d, "it has 1, and replica 1 and the witness may have chosen 2")
	d.tell(1, ballot(3, 0), promise(d.proposal(1, ballot(1, 1), "a"), d.proposal(2, ballot(1, 1), "b")))
	expect(t, "both are known", d.sent(1), "3.0 heartbeat, commit 0; 3.0 accept from 1 a b")

	d = stands(5, lasts, "lower")
	d.tell(3, ballot(3, 0), witnessed(run(1, 1, ballot(2, 2))))
	d.tell(4, ballot(3, 0), witnessed(run(1, 1, ballot(2, 2))))
	waits(d, "the command that it has is of a lower ballot")
	d.tell(2, ballot(3, 0), promise(d.proposal(1, ballot(2, 2), "higher")))
	expect(t, "of two ballots", d.sent(1), "3.0 heartbeat, commit 0; 3.0 accept from 1 higher")

	// Replica 1 and both witnesses have chosen a command under 1.1; one witness has accepted it again under 2.2 from
	// replica 2, which has lost it with its disk.
	d = stands(5, lasts)
	d.tell(2, ballot(3, 0), promise())
	d.tell(3, ballot(3, 0), witnessed(run(1, 1, ballot(2, 2))))
	d.tell(4, ballot(3, 0), witnessed(run(1, 1, ballot(1, 1))))
	waits(d, "who has accepted under 2.2 may have accepted under 1.1 before")
	d.tell(1, ballot(3, 0), promise(d.proposal(1, ballot(1, 1), "chosen")))
	expect(t, "found at last", d.sent(1), "3.0 heartbeat, commit 0; 3.0 accept from 1 chosen")
}

func TestAWitnessRemembersWhatItHasAccepted(t *testing.T) {
	d := &desk{t: t, leader: 1, witnesses: quorum.Of[int32](0)}
	d.start(3)
	expect(t, "accept", d.tell(1, ballot(1, 1), count(1, 3)), "1.1 accepted from 1 count 3")
	records := len(d.disk)
	expect(t, "the same again", d.tell(1, ballot(1, 1), count(1, 3)), "1.1 accepted from 1 count 3")
	if len(d.disk) != records {
		t.Error("what is on disk is persisted again")
	}
	expect(t, "commands", d.tell(1, ballot(1, 1), accept(4, 0, d.value("x"))), "")
	expect(t, "a gap", d.tell(1, ballot(1, 1), count(5, 6)), "1.1 accepted from 5 count 2")
	expect(t, "a higher ballot", d.tell(2, ballot(2, 2), count(2, 2)), "2.2 accepted from 2 count 1")
	expect(t, "a lower ballot", d.tell(1, ballot(1, 1), count(7, 7)), "1.1 refuse, promised 2.2")
	expect(t, "a question for what is chosen", d.tell(2, ballot(2, 2), catchUp(1)), "")
	d.start(3)
	expect(t, "after a crash", d.tell(1, ballot(3, 1), prepare(1)), "3.1 promise 1..1:1.1 2..2:2.2 3..3:1.1 5..6:1.1")
	for i := range uint64(250) { // a snapshot every 100 records
		d.tell(1, ballot(3, 1), count(10+i, 10+i))
	}
	if len(d.disk) > 110 {
		t.Errorf("%d records are on disk", len(d.disk))
	}
	d.start(3)
	expect(t, "after snapshots", d.tell(2, ballot(4, 2), prepare(3)), "4.2 promise 3..3:1.1 5..6:1.1 10..259:3.1")
	d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: 1}, Data: d.value("x")})
	if len(d.out.Sends)+len(d.out.Records) > 0 {
		t.Error("a command that a witness is handed goes on from there")
	}
}

// What is sent to a witness, in bytes for each write of 1 KiB, beside what a follower gets (docs/witnesses.md).
func TestAWitnessTakesHardlyAnyTraffic(t *testing.T) {
	const writes = 1000
	bytes := map[quorum.Set]int{}
	for _, witnesses := range []quorum.Set{0, quorum.Of[int32](2)} {
		delays := protocols.Delays{{0, 30 * ms, 30 * ms}, {30 * ms, 0, 30 * ms}, {30 * ms, 30 * ms, 0}}
		c := prototest.NewCluster(t, multipaxos.Driver, prototest.Network{Delays: delays, Witnesses: witnesses,
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
