package multipaxos_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/multipaxos"
)

// chosen has the replica learn that a number of commands are chosen, as a follower of replica 1, and
// returns them.
func (d *desk) chosen(count int) (commands [][]byte) {
	for i := range count {
		commands = append(commands, d.encode(&kv.Command{Client: 7, Seq: uint64(i + 1), Key: []byte("k"), Value: fmt.Append(nil, "v", i+1)}))
		d.tell(1, ballot(1, 1), accept(uint64(i)+1, uint64(i)+1, commands[i]))
	}
	return commands
}

func TestSnapshotsTakeThePlaceOfWhatIsBeforeThem(t *testing.T) {
	d := newDesk(t, 3)
	commands := d.chosen(250)
	d.tell(1, ballot(1, 1), accept(252, 250, d.value("behind a gap")))
	if len(d.disk) != 52 {
		t.Errorf("250 instances later the disk has %d records, want the snapshot after 200, 51 accepts", len(d.disk))
	}
	expect(t, "below the snapshot before", d.tell(1, ballot(1, 1), accept(3, 250, d.value("other"))), "1.1 accepted from 3 count 1")
	expect(t, "what the log has no more", d.tell(2, ballot(2, 2), prepare(252)), "2.2 promise 252:1.1:behind a gap")
	expect(t, "what begins there", d.tell(2, ballot(2, 2), prepare(100)), "2.2 promise more from 101 truncated 100")
	if got := d.tell(2, ballot(2, 2), prepare(101)); !strings.HasPrefix(got, "2.2 promise 101:") || !strings.HasSuffix(got, " 252:1.1:behind a gap") {
		t.Errorf("the rest: %q", got)
	}
	d.start(3)
	if got := d.commits[0]; got != "state after 200" || len(d.commits) != 51 {
		t.Errorf("restored: %d commits, the first is %q", len(d.commits), got)
	}
	expect(t, "after a crash", d.tell(1, ballot(2, 1), prepare(252)), "2.1 refuse, promised 2.2")
	d.stand()
	d.tell(2, ballot(3, 0), promise())
	expect(t, "leads", d.sent(2), "3.0 heartbeat, commit 250; 3.0 accept from 251 no-op behind a gap")
	d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 7, Seq: 200}, Data: commands[199]})
	if len(d.out.Sends) > 0 || len(d.out.Answers) != 1 {
		t.Errorf("a command whose result is in the snapshot: sends %v, answers %v", d.out.Sends, d.out.Answers)
	}
	expect(t, "for one that lags", d.tell(2, ballot(3, 0), catchUp(7)), "3.0 piece of 250 byte 0 to the end")
}

func TestASnapshotHoldsThePromise(t *testing.T) {
	d := newDesk(t, 3)
	d.chosen(99)
	d.tell(2, ballot(5, 2), accept(100, 100, d.value("last")))
	if len(d.disk) != 1 {
		t.Fatalf("the disk has %d records, want the snapshot alone", len(d.disk))
	}
	d.start(3)
	expect(t, "after a crash", d.tell(1, ballot(4, 1), prepare(101)), "4.1 refuse, promised 5.2")
}

// state returns a snapshot of a store with one key, and its size.
func (d *desk) state() (state []byte, size uint64) {
	store := kv.NewStore()
	store.Apply(d.value("x"))
	state = store.Snapshot()
	return state, uint64(len(state))
}

func TestAReplicaThatLagsAdoptsASnapshot(t *testing.T) {
	d := newDesk(t, 3)
	state, size := d.state()
	d.tell(2, ballot(1, 2), accept(52, 0, d.value("ahead")))
	expect(t, "behind", d.tell(2, ballot(1, 2), heartbeat(51)), "1.2 catch up from 1")
	expect(t, "half of it", d.tell(2, ballot(1, 2), piece(50, 0, size, state[:5])), "1.2 catch up from 1 snapshot 50 byte 5")
	expect(t, "twice", d.tell(2, ballot(1, 2), piece(50, 0, size, state[:5])), "")
	expect(t, "of an older one", d.tell(2, ballot(1, 2), piece(49, 5, size, state[5:])), "")
	d.expectCommits()
	expect(t, "the rest", d.tell(2, ballot(1, 2), piece(50, 5, size, state[5:])), "1.2 catch up from 51")
	expect(t, "of what it has", d.tell(2, ballot(1, 2), piece(50, 0, size, state)), "")
	d.expectCommits("state after 50")
	d.tell(2, ballot(1, 2), accept(51, 52, d.value("last")))
	d.expectCommits("state after 50", "51 last", "52 ahead")
	d.start(3)
	d.expectCommits("state after 50") // that the others are chosen, it has to hear again

	d = newDesk(t, 3)
	d.stand()
	expect(t, "as a candidate", d.tell(1, ballot(1, 0), truncated(50)), "1.0 catch up from 1")
	expect(t, "has all", d.tell(1, ballot(1, 0), piece(50, 0, size, state)), "1.0 prepare from 51")
	d.tell(1, ballot(1, 0), promise(d.proposal(52, ballot(0, 2), "y")))
	d.expectMark(protocols.MarkLeading)
	expect(t, "leads", d.sent(2), "1.0 heartbeat, commit 50; 1.0 accept from 51 no-op y")
	expect(t, "as a leader, late", d.tell(1, ballot(1, 0), piece(60, 0, size, state)), "")
	d.expectCommits("state after 50") // not over its own proposals (rule 13)
}

// An acceptor that has truncated its log far beyond what a candidate follows is asked all the same.
func TestACandidateFarBehindAsksForASnapshot(t *testing.T) {
	d := newDesk(t, 3)
	d.stand()
	const far = 2 << 20
	expect(t, "lacks a beginning", d.tell(2, ballot(1, 0), truncated(far, d.proposal(far+1, ballot(0, 1), "x"))), "1.0 catch up from 1")
}

// A candidate that fetches a snapshot of many pieces is not its own enemy: it stands again when pieces
// come no more, and not before.
func TestACandidateThatFetchesASnapshotDoesNotStandAgain(t *testing.T) {
	d := newDesk(t, 3)
	d.stand()
	timeout := d.out.Timers[0].After
	expect(t, "lacks a beginning", d.tell(1, ballot(1, 0), truncated(50)), "1.0 catch up from 1")
	timer := func() string {
		d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer})
		return d.sent(2)
	}
	for offset := range uint64(5) {
		d.now += timeout - time.Millisecond
		expect(t, "the next", d.tell(1, ballot(1, 0), piece(50, offset, 7, []byte{0})), fmt.Sprint("1.0 catch up from 1 snapshot 50 byte ", offset+1))
		d.now += time.Millisecond
		expect(t, "when the first timeout is over", timer(), "")
	}
	d.now += timeout - 2*time.Millisecond
	expect(t, "one that came twice", d.tell(1, ballot(1, 0), piece(50, 4, 7, []byte{0})), "")
	expect(t, "another's", d.tell(2, ballot(1, 0), piece(51, 0, 7, []byte{0})), "")
	d.now += time.Millisecond
	expect(t, "when nothing of use has come", timer(), "2.0 prepare from 1")
	expect(t, "then it begins anew", d.tell(2, ballot(2, 0), truncated(51)), "2.0 catch up from 1")
}

// A candidate tells those who have promised that pieces come, so that they wait for it, and asks for a lost piece with
// its next prepares. When another candidate interrupts it, it goes on later at the byte where it was.
func TestACandidateKeepsThePiecesThatItHas(t *testing.T) {
	d := newDesk(t, 5)
	d.stand()
	d.tell(1, ballot(1, 0), promise())
	d.tell(2, ballot(1, 0), truncated(50))
	d.tell(2, ballot(1, 0), piece(50, 0, 7, []byte{0, 1}))
	timer := func(to protocols.NodeID) string {
		d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer + 1})
		return d.sent(to)
	}
	expect(t, "one that has promised, after a piece", timer(1), "1.0 prepare from 1")
	expect(t, "without another piece", timer(1), "")
	expect(t, "the sender", timer(2), "1.0 prepare from 1; 1.0 catch up from 1 snapshot 50 byte 2")
	d.tell(3, ballot(2, 3), prepare(1))
	d.stand()
	expect(t, "in the next candidacy", d.tell(2, ballot(3, 0), truncated(50)), "3.0 catch up from 1 snapshot 50 byte 2")
}

// One snapshot at a time is fetched, and a new leader's takes the place of one of another replica.
func TestOneSnapshotIsFetchedAtATime(t *testing.T) {
	d := newDesk(t, 5)
	d.stand()
	d.tell(1, ballot(1, 0), truncated(50))
	d.tell(1, ballot(1, 0), piece(50, 0, 7, []byte{0}))
	expect(t, "of another acceptor", d.tell(2, ballot(1, 0), truncated(60)), "")
	expect(t, "of the same", d.tell(1, ballot(1, 0), truncated(50)), "1.0 catch up from 1 snapshot 50 byte 1")
	d.now += time.Second
	expect(t, "that leads now", d.tell(1, ballot(2, 1), heartbeat(70)), "2.1 catch up from 1 snapshot 50 byte 1")
	expect(t, "of a new leader", d.tell(2, ballot(3, 2), heartbeat(70)), "")
	d.now += time.Second
	expect(t, "of a new leader", d.tell(2, ballot(3, 2), heartbeat(70)), "3.2 catch up from 1")
	expect(t, "of a new leader", d.tell(2, ballot(3, 2), piece(60, 0, 7, []byte{0})), "3.2 catch up from 1 snapshot 60 byte 1")
}

// A piece that is under way is not sent again, however often it is asked for.
func TestAPieceIsSentAgainWhenItMayBeLost(t *testing.T) {
	d := newDesk(t, 3)
	commands := d.chosen(250)
	const want = "1.1 piece of 250 byte 0 to the end"
	expect(t, "asked for", d.tell(2, ballot(1, 1), catchUp(1)), want)
	expect(t, "asked for again", d.tell(2, ballot(1, 1), catchUp(1)), "")
	d.now += flow.Transmission(1) // of which the state has more
	expect(t, "too early", d.tell(2, ballot(1, 1), catchUp(1)), "")
	d.now += time.Second + flow.Transmission(250*len(commands[249]))
	expect(t, "when it may be lost", d.tell(2, ballot(1, 1), catchUp(1)), want)
	d.tell(1, ballot(2, 1), heartbeat(0))
	expect(t, "under another ballot", d.tell(2, ballot(2, 1), catchUp(1)), "2"+want[1:])
}

// A replica that has adopted a later state does not go on offering the former.
func TestAnAdoptedStateTakesThePlaceOfTheOneOnOffer(t *testing.T) {
	d := newDesk(t, 3)
	d.chosen(250)
	expect(t, "the state", d.tell(2, ballot(1, 1), catchUp(1)), "1.1 piece of 250 byte 0 to the end")
	d.tell(1, ballot(1, 1), heartbeat(400))
	d.tell(1, ballot(1, 1), piece(400, 0, 0, nil))
	expect(t, "what follows on the state", d.tell(2, ballot(1, 1), catchUp(251)), "1.1 piece of 400 byte 0 to the end")
}

// While a replica fetches a state of many pieces, its leader goes on and takes one snapshot after the
// other; yet what follows on the first of them is still in its log when the last piece has come. The
// accepts that the replica gets meanwhile are lost: else it would hardly need the log.
func TestALongSnapshotIsFetchedOnceWhileTheLeaderGoesOn(t *testing.T) {
	c := cluster(t, 3, nil, 1)
	fetched := map[uint64]bool{} // by the index
	pieces, whole := 0, false
	c.Network.Drop = func(_, to protocols.NodeID, message []byte) bool {
		var m multipaxos.Message
		if err := protocols.Decode(message, &m); err != nil {
			t.Error(err)
		}
		if p := m.GetPiece(); p != nil {
			fetched[p.Index] = true
			pieces++
			whole = whole || p.Offset+uint64(len(p.Data)) == p.Size
		}
		return m.GetAccept() != nil && to == 2 && !whole
	}
	c.Run(time.Second)
	c.Crash(2)
	large := strings.Repeat("x", flow.MaxBytes/2)
	for i := range 10 {
		c.Put(0, 1, fmt.Sprint("large ", i), large)
	}
	write := func(count int) {
		for i := range count {
			c.At(c.Now()+time.Duration(i)*ms, func() { c.Put(0, 1, fmt.Sprint("key ", i%10), "v") })
		}
		c.Run(c.Now() + time.Duration(count)*ms)
	}
	write(300) // more than the log holds
	c.Restart(2)
	write(1000) // ten times more than between two snapshots
	c.RunUntilAnswered(time.Second)
	c.Run(c.Now() + time.Second)
	c.CheckConverged()
	adopted := adoptedBy(c, 2)
	if adopted != 1 || len(fetched) != 1 || pieces < 5 {
		t.Errorf("adopted %d snapshots, of the %d of which %d pieces came; want one, of five pieces at least", adopted, len(fetched), pieces)
	}
}
