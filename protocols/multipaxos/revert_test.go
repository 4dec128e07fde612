package multipaxos_test

import (
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/multipaxos"
)

// newRevertingDesk is newDesk with five replicas and the option revert.
func newRevertingDesk(t *testing.T) *desk {
	d := &desk{t: t, leader: 1, options: protocols.Choices{"revert": "on"}}
	d.start(5)
	return d
}

func revert() *multipaxos.Message {
	return &multipaxos.Message{Kind: &multipaxos.Message_Revert{Revert: &multipaxos.Revert{}}}
}

// exchange tells the replica a message of the ballot's proposer, and compares what is sent back.
func (d *desk) exchange(round uint64, proposer protocols.NodeID, m *multipaxos.Message, want string) {
	d.t.Helper()
	if got := d.tell(proposer, protocols.NewBallot(round, proposer), m); got != want {
		d.t.Errorf("ballot %d.%d: sends %q, want %q", round, proposer, got, want)
	}
}

// An acceptor takes its last promise back when the proposer asks, and no other; one that has been given up below it is struck. The
// ballot of a leader that was heard stays (rules 16 and 17).
func TestAnAcceptorTakesPromisesBack(t *testing.T) {
	d := newRevertingDesk(t)
	d.exchange(1, 1, heartbeat(0), "")
	d.exchange(2, 2, prepare(1), "2.2 promise")
	d.exchange(3, 3, prepare(1), "3.3 promise")
	d.exchange(3, 3, revert(), "")
	d.exchange(1, 1, heartbeat(0), "1.1 refuse, promised 2.2")
	d.exchange(3, 3, revert(), "")
	d.exchange(1, 1, heartbeat(0), "1.1 refuse, promised 2.2")
	d.exchange(2, 2, revert(), "")
	d.exchange(1, 1, heartbeat(0), "")

	d.exchange(5, 1, heartbeat(0), "")
	d.exchange(5, 1, revert(), "")
	d.exchange(1, 1, heartbeat(0), "1.1 refuse, promised 5.1")

	d.exchange(6, 2, prepare(1), "6.2 promise")
	d.exchange(7, 3, prepare(1), "7.3 promise")
	d.exchange(6, 2, revert(), "")
	d.exchange(5, 1, heartbeat(0), "5.1 refuse, promised 7.3")
	d.exchange(7, 3, revert(), "")
	d.exchange(5, 1, heartbeat(0), "")

	d.exchange(8, 2, prepare(1), "8.2 promise")
	d.tell(3, protocols.NewBallot(8, 2), revert()) // of another's ballot
	d.exchange(5, 1, heartbeat(0), "5.1 refuse, promised 8.2")
}

// A candidate takes its ballot back when its time is over, and when it hears the leader from before again. It never uses the
// ballot again, after a restart neither, answers late promises of it, and takes no ballot back under which it has led (rules 17
// and 18).
func TestACandidateGivesItsBallotUp(t *testing.T) {
	d := newRevertingDesk(t)
	sends := func(to protocols.NodeID, want string) {
		t.Helper()
		if got := d.sent(to); got != want {
			t.Errorf("sends %q, want %q", got, want)
		}
	}
	late := func(round uint64, want string) {
		t.Helper()
		if got := d.tell(2, protocols.NewBallot(round, 0), promise()); got != want {
			t.Errorf("a late promise of %d.0 is answered with %q, want %q", round, got, want)
		}
	}
	d.exchange(1, 1, heartbeat(0), "")
	d.stand()
	sends(2, "2.0 prepare from 1")
	d.stand()
	sends(2, "2.0 revert; 3.0 prepare from 1")
	late(2, "2.0 revert")
	d.exchange(1, 1, heartbeat(0), "3.0 revert")

	d.start(5)
	late(3, "3.0 revert")
	d.stand()
	sends(2, "4.0 prepare from 1")
	for _, from := range []protocols.NodeID{1, 2} {
		d.tell(from, protocols.NewBallot(4, 0), promise())
	}
	d.expectMark(protocols.MarkLeading)
	d.tell(3, protocols.NewBallot(4, 0), refuse(protocols.NewBallot(6, 3)))
	d.stand()
	sends(2, "7.0 prepare from 1")
	d.stand()
	sends(2, "7.0 revert; 8.0 prepare from 1")
	late(4, "")
}
