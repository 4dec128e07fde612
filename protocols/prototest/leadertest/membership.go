package leadertest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/prototest"
)

// Membership is what drivers must survive whose membership may change, in virtual time. The longest that a write may take while the
// membership changes and nobody dies, on links that take 10 ms each way, is the driver's own: from two round trips on, which a client
// beside a follower needs anyway.
func Membership(t *testing.T, driver protocols.Driver, longest time.Duration) {
	t.Run("a replica is exchanged while clients write", func(t *testing.T) { aReplicaIsExchangedWhileClientsWrite(t, driver, longest) })
	t.Run("a dead replica is replaced", func(t *testing.T) { aDeadReplicaIsReplaced(t, driver) })
	t.Run("those who were replaced are gone", func(t *testing.T) { thoseWhoWereReplacedAreGone(t, driver) })
	t.Run("new voters catch up first", func(t *testing.T) { newVotersCatchUpFirst(t, driver) })
	t.Run("a change is turned back", func(t *testing.T) { aChangeIsTurnedBack(t, driver, longest) })
	t.Run("a joint membership is turned back", func(t *testing.T) { aJointMembershipIsTurnedBack(t, driver) })
	t.Run("the leader leaves", func(t *testing.T) { theLeaderLeaves(t, driver) })
	t.Run("a voter that does not know that it left deposes nobody", func(t *testing.T) { aVoterThatDoesNotKnowThatItLeftDeposesNobody(t, driver, longest) })
	t.Run("a voter that became a learner deposes nobody", func(t *testing.T) { aVoterThatBecameALearnerDeposesNobody(t, driver, longest) })
	t.Run("who is no member finds the next leader", func(t *testing.T) { whoIsNoMemberFindsTheNextLeader(t, driver) })
	t.Run("clients beside a voter that does not know that it left are answered", func(t *testing.T) { clientsBesideAVoterThatDoesNotKnowThatItLeftAreAnswered(t, driver) })
	t.Run("the configured leader is no member", func(t *testing.T) { theConfiguredLeaderIsNoMember(t, driver) })
	t.Run("the next leader ends the change", func(t *testing.T) { theNextLeaderEndsTheChange(t, driver) })
	t.Run("the membership survives restarts", func(t *testing.T) { theMembershipSurvivesRestarts(t, driver) })
	t.Run("a snapshot carries the membership", func(t *testing.T) { aSnapshotCarriesTheMembership(t, driver) })
}

// Elastic is a cluster whose membership changes while a client beside one of its replicas writes every 20 ms. Messages take 10 ms.
type Elastic struct {
	*prototest.Cluster
	t *testing.T
}

// NewElastic starts replicas of which the first few are members, and the first leads.
func NewElastic(t *testing.T, driver protocols.Driver, replicas, members int, network prototest.Network, writer protocols.NodeID, until time.Duration) *Elastic {
	t.Helper()
	network.Delays = Even(replicas, 10*ms)
	network.Members, network.Retry = members, 500*ms
	e := &Elastic{prototest.NewCluster(t, driver, network, 0, 1), t}
	for at := 100 * time.Millisecond; at < until; at += 20 * time.Millisecond {
		e.At(at, func() { e.Put(writer, 1, "k", fmt.Sprint(at)) })
	}
	return e
}

// Memberships lists the memberships that leaders have committed, in the order of time. A later leader may commit one again.
func (e *Elastic) Memberships() (texts []string) {
	var all []prototest.Mark
	for _, r := range e.Replicas {
		for _, m := range r.Marks {
			if strings.HasPrefix(m.Event, protocols.MarkMembership) {
				all = append(all, m)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b prototest.Mark) int { return cmp.Compare(a.At, b.At) })
	for _, m := range all {
		texts = append(texts, strings.TrimPrefix(m.Event, protocols.MarkMembership))
	}
	return texts
}

// ExpectMemberships checks that these memberships have been committed, in this order.
func (e *Elastic) ExpectMemberships(want ...string) {
	e.t.Helper()
	if got := e.Memberships(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		e.t.Errorf("the memberships were\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// ExpectLeaders checks that these replicas have led, in this order, and each once.
func (e *Elastic) ExpectLeaders(want ...protocols.NodeID) {
	e.t.Helper()
	var got []protocols.NodeID
	for last := time.Duration(-1); ; {
		next, who := time.Duration(-1), protocols.Nobody
		for id, r := range e.Replicas {
			for _, m := range r.Marks {
				if m.Event == protocols.MarkLeading && m.At > last && (next < 0 || m.At < next) {
					next, who = m.At, protocols.NodeID(id)
				}
			}
		}
		if who == protocols.Nobody {
			break
		}
		last, got = next, append(got, who)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		e.t.Errorf("%v led, want %v", got, want)
	}
}

// ExpectSame checks that some replicas have applied the same, up to the end.
func (e *Elastic) ExpectSame(replicas ...protocols.NodeID) {
	e.t.Helper()
	end := func(id protocols.NodeID) uint64 {
		commits := e.Replicas[id].Commits
		if len(commits) == 0 {
			return 0
		}
		return commits[len(commits)-1].Slot.Index
	}
	for _, id := range replicas {
		if end(id) != end(replicas[0]) || end(id) == 0 {
			e.t.Errorf("replica %d has applied up to %d, replica %d up to %d", replicas[0], end(replicas[0]), id, end(id))
		}
	}
}

// Slowest is the longest that a write has taken.
func (e *Elastic) Slowest() (longest time.Duration) {
	for _, a := range e.Answers {
		longest = max(longest, a.Latency)
	}
	return longest
}

func aReplicaIsExchangedWhileClientsWrite(t *testing.T, driver protocols.Driver, longest time.Duration) {
	e := NewElastic(t, driver, 4, 3, prototest.Network{}, 1, 4*time.Second)
	e.At(time.Second, func() { e.Membership("add-learner 3") })
	e.At(2*time.Second, func() { e.Membership("change majority(0,1,3)") })
	e.At(3*time.Second, func() { e.Membership("remove 2") })
	e.Run(4 * time.Second)
	e.RunUntilAnswered(5 * time.Second)
	e.Run(e.Now() + time.Second)
	e.ExpectMemberships(
		"majority(R0,R1,R2), learners (R3)",
		"majority(R0,R1,R2), learners (R3), on the way to majority(R0,R1,R3)",
		"majority(R0,R1,R2) + majority(R0,R1,R3), on the way to majority(R0,R1,R3)",
		"majority(R0,R1,R3), learners (R2)",
		"majority(R0,R1,R3)",
	)
	e.ExpectLeaders(0)
	e.ExpectSame(0, 1, 3)
	if slowest := e.Slowest(); slowest > longest {
		t.Errorf("a write took %v, want %v at most", slowest, longest)
	}
	sent := 0 // to the replica that was removed
	e.Network.Drop = func(_, to protocols.NodeID, _ []byte) bool {
		if to == 2 {
			sent++
		}
		return false
	}
	e.Put(1, 1, "k", "after")
	e.Run(e.Now() + 10*time.Second)
	if sent > 0 || e.Marked(protocols.MarkDeposed) > 0 {
		t.Errorf("%d messages were sent to the replica that was removed, and %d leaders deposed; want none", sent, e.Marked(protocols.MarkDeposed))
	}
}

// The dead replica's place is taken by another, and the next crash is survived that the old membership would not have survived.
func aDeadReplicaIsReplaced(t *testing.T, driver protocols.Driver) {
	e := NewElastic(t, driver, 4, 3, prototest.Network{}, 1, 8*time.Second)
	e.At(time.Second, func() { e.Crash(2) })
	e.At(2*time.Second, func() { e.Membership("change majority(0,1,3)") })
	e.At(3*time.Second, func() { e.Membership("remove 2") })
	e.At(4*time.Second, func() { e.Crash(0) })
	e.Run(8 * time.Second)
	e.RunUntilAnswered(10 * time.Second)
	e.Run(e.Now() + time.Second)
	e.ExpectSame(1, 3)
}

// Replicas 1 and 2 are exchanged for 3 and 4 and switched off for ever, and the third voter dies: 3 and 4 are a quorum.
func thoseWhoWereReplacedAreGone(t *testing.T, driver protocols.Driver) {
	for _, missed := range []bool{false, true} { // whether 3 has accepted the joint membership, and not the one after it
		c := prototest.NewCluster(t, driver, prototest.Network{Delays: Even(5, 10*ms), Members: 3, Retry: 500 * ms}, 0, 1)
		c.Put(0, 1, "k", "before")
		c.At(time.Second, func() { c.Membership("change majority(0,3,4)") })
		alone := false
		c.Network.Drop = func(from, to protocols.NodeID, data []byte) bool {
			if alone && (from == 3 || to == 3) {
				return true
			}
			alone = alone || missed && from == 0 && to == 3 && strings.Count(string(data), "majority(0,3,4)") >= 2*2 // it gets the joint one
			return false
		}
		if missed {
			c.At(1500*ms, func() { c.Put(0, 1, "k", "after") })
		}
		c.Run(2 * time.Second)
		if alone != missed || len(c.Answers) == 0 {
			t.Fatalf("cut off: %t, want %t", alone, missed)
		}
		for id := range c.Replicas {
			c.Crash(protocols.NodeID(id))
		}
		alone = false
		c.Restart(3)
		c.Restart(4)
		c.Put(3, 2, "k", "last")
		c.RunUntilAnswered(20 * time.Second)
	}
}

// Nobody tells replica 3, which is no member, that the leader is dead and another one leads. Its clients ask no other replica.
func whoIsNoMemberFindsTheNextLeader(t *testing.T, driver protocols.Driver) {
	for _, removed := range []bool{false, true} { // it has never been one; or it has been, and was removed
		c := prototest.NewCluster(t, driver, prototest.Network{Delays: Even(4, 10*time.Millisecond), Members: 3}, 0, 1)
		crash := time.Second
		if removed {
			c.At(time.Second, func() { c.Membership("change majority(0,1,3)") })
			c.At(2*time.Second, func() { c.Membership("change majority(0,1,2)") })
			c.At(3*time.Second, func() { c.Membership("remove 3") })
			crash = 4 * time.Second
		}
		c.At(crash, func() { c.Crash(0) })
		for at := 100 * time.Millisecond; at < 10*time.Second; at += 100 * time.Millisecond {
			c.At(at, func() { c.Put(3, 1, "k", fmt.Sprint(at)) })
		}
		c.Run(10 * time.Second)
		c.RunUntilAnswered(time.Second)
		for id, a := range c.Answers {
			if a.Latency > 5*time.Second {
				t.Errorf("removed: %v: the command %v took %v", removed, id, a.Latency)
			}
		}
	}
}

// The configured leader is no member yet, or has been removed and restarts. It does not take itself for the leader: its clients are
// answered, and it does not stand.
func theConfiguredLeaderIsNoMember(t *testing.T, driver protocols.Driver) {
	for _, leader := range []protocols.NodeID{3, 0} {
		c := prototest.NewCluster(t, driver, prototest.Network{Delays: Even(4, 10*ms), Members: 3}, leader, 1)
		if removed := leader == 0; removed {
			c.At(time.Second, func() { c.Membership("change majority(1,2,3)") })
			c.At(2*time.Second, func() { c.Membership("remove 0") })
			c.Run(5 * time.Second)
			c.Crash(leader)
			c.Restart(leader)
		}
		stood := c.Marked(protocols.MarkLeading, leader)
		c.Put(leader, 1, "k", "v")
		c.RunUntilAnswered(5 * time.Second)
		c.Run(c.Now() + 5*time.Second)
		if c.Marked(protocols.MarkLeading, leader) > stood {
			t.Errorf("the configured leader %d leads, and is no member", leader)
		}
	}
}

// New voters that have nothing become voters only when they have everything; writes do not wait for that.
func newVotersCatchUpFirst(t *testing.T, driver protocols.Driver) {
	e := NewElastic(t, driver, 5, 3, prototest.Network{SnapshotEvery: 20, Rate: func(_, to protocols.NodeID) int {
		if to >= 3 {
			return 20_000 // bytes a second
		}
		return 0
	}}, 1, 20*time.Second)
	e.At(6*time.Second, func() { e.Membership("change majority(0,3,4)") })
	e.Run(20 * time.Second)
	e.RunUntilAnswered(10 * time.Second)
	e.Run(e.Now() + time.Second)
	e.ExpectMemberships(
		"majority(R0,R1,R2), learners (R3,R4), on the way to majority(R0,R3,R4)",
		"majority(R0,R1,R2) + majority(R0,R3,R4), on the way to majority(R0,R3,R4)",
		"majority(R0,R3,R4), learners (R1,R2)",
	)
	e.ExpectSame(0, 1, 2, 3, 4)
	if slowest := e.Slowest(); slowest > 200*time.Millisecond {
		t.Errorf("a write took %v, want two round trips of 20ms, and in the end the time of a message on a slow link", slowest)
	}
	for _, id := range []protocols.NodeID{3, 4} {
		if first := e.Replicas[id].Commits[0]; !first.Adopted {
			t.Errorf("replica %d began with the instance %d, want a snapshot: it had nothing to catch up with", id, first.Slot.Index)
		}
	}
}

// One of the new replicas does not answer: the change waits for it, writes do not, and it is turned back.
func aChangeIsTurnedBack(t *testing.T, driver protocols.Driver, longest time.Duration) {
	e := NewElastic(t, driver, 5, 3, prototest.Network{}, 1, 6*time.Second)
	e.Crash(4)
	e.At(time.Second, func() { e.Membership("change majority(0,3,4)") })
	e.At(3*time.Second, func() { e.Membership("change majority(0,1,2)") })
	e.Run(6 * time.Second)
	e.RunUntilAnswered(time.Second)
	e.ExpectMemberships(
		"majority(R0,R1,R2), learners (R3,R4), on the way to majority(R0,R3,R4)",
		"majority(R0,R1,R2), learners (R3,R4)",
	)
	if slowest := e.Slowest(); slowest > longest {
		t.Errorf("a write took %v, want %v at most", slowest, longest)
	}
}

// A change that is asked for while the joint membership is being committed leads on from there.
func aJointMembershipIsTurnedBack(t *testing.T, driver protocols.Driver) {
	for _, c := range []struct{ to, last string }{
		{"majority(0,1,2)", "majority(R0,R1,R2), learners (R3,R4)"},
		{"majority(1,2,3)", "majority(R1,R2,R3), learners (R0,R4)"},
	} {
		e := NewElastic(t, driver, 5, 3, prototest.Network{}, 1, 4*time.Second)
		e.At(500*time.Millisecond, func() { e.Membership("add-learner 3"); e.Membership("add-learner 4") })
		joint := false
		e.At(time.Second, func() { e.Membership("change majority(0,3,4)") })
		e.Network.Drop = func(from, to protocols.NodeID, data []byte) bool { // the first message that has the joint membership
			if from == 0 && !joint && strings.Count(string(data), "majority(0,3,4)") >= 2*2 {
				joint = true
				e.At(e.Now()+time.Millisecond, func() { e.Membership("change " + c.to) })
			}
			return false
		}
		e.Run(4 * time.Second)
		e.RunUntilAnswered(5 * time.Second)
		all := e.Memberships()
		if got := all[len(all)-1]; got != c.last {
			t.Errorf("turned to %s: the last membership is %s, want %s; all: %q", c.to, got, c.last, all)
		}
		if !strings.Contains(strings.Join(all, "\n"), "majority(R0,R1,R2) + majority(R0,R3,R4)") {
			t.Errorf("turned to %s: no joint membership among %q", c.to, all)
		}
		if strings.Contains(strings.Join(all, "\n"), "\nmajority(R0,R3,R4)") {
			t.Errorf("turned to %s: the change went to its end: %q", c.to, all)
		}
	}
}

// A leader that is to be no voter any more leads until that is committed, and has another one stand at once.
func theLeaderLeaves(t *testing.T, driver protocols.Driver) {
	e := NewElastic(t, driver, 4, 3, prototest.Network{}, 1, 4*time.Second)
	e.At(time.Second, func() { e.Membership("change majority(1,2,3)") })
	e.At(3*time.Second, func() { e.Membership("remove 0") })
	e.Run(4 * time.Second)
	e.RunUntilAnswered(5 * time.Second)
	e.Run(e.Now() + 10*time.Second)
	all := e.Memberships()
	if got := all[len(all)-1]; got != "majority(R1,R2,R3)" {
		t.Errorf("the last membership is %s; all: %q", got, all)
	}
	if n := e.Marked(protocols.MarkLeading); n != 2 || e.Marked(protocols.MarkLeading, 0) != 1 {
		t.Errorf("%d leaderships, want that of replica 0 and one more", n)
	}
	e.ExpectSame(1, 2, 3)
	if slowest := e.Slowest(); slowest > 200*time.Millisecond {
		t.Errorf("a write took %v, want a few round trips of 20ms: no election timeout passes", slowest)
	}
}

// A voter that was cut off while it was removed does not know, and deposes nobody when it is back.
func aVoterThatDoesNotKnowThatItLeftDeposesNobody(t *testing.T, driver protocols.Driver, longest time.Duration) {
	e := NewElastic(t, driver, 4, 3, prototest.Network{}, 1, 20*time.Second)
	removeWhileCutOff(e.Cluster)
	e.Run(20 * time.Second)
	e.RunUntilAnswered(5 * time.Second)
	e.Run(e.Now() + time.Second)
	e.ExpectLeaders(0)
	e.ExpectSame(0, 1, 3)
	if slowest := e.Slowest(); slowest > longest {
		t.Errorf("a write took %v, want %v at most", slowest, longest)
	}
}

// removeWhileCutOff has replica 2 of the members 0 to 2 exchanged for 3, and removed, while it is cut off, from 1 s to 8 s.
func removeWhileCutOff(c *prototest.Cluster) {
	cut := false
	c.Network.Drop = func(from, to protocols.NodeID, _ []byte) bool { return cut && (from == 2 || to == 2) }
	c.At(time.Second, func() { cut = true })
	c.At(2*time.Second, func() { c.Membership("change majority(0,1,3)") })
	c.At(3*time.Second, func() { c.Membership("remove 2") })
	c.At(8*time.Second, func() { cut = false })
}

// A voter that was cut off while it was removed does not know. When it is back, clients beside it write, and ask no other replica.
func clientsBesideAVoterThatDoesNotKnowThatItLeftAreAnswered(t *testing.T, driver protocols.Driver) {
	c := prototest.NewCluster(t, driver, prototest.Network{Delays: Even(4, 10*ms), Members: 3}, 0, 1)
	removeWhileCutOff(c)
	for at := 100 * ms; at < 20*time.Second; at += 100 * ms {
		c.At(at, func() { c.Put(2, 1, "k", fmt.Sprint(at)) })
	}
	c.Run(11 * time.Second)
	c.RunUntilAnswered(time.Second)
	late := c.Put(2, 1, "k", "late")
	c.Run(20 * time.Second)
	c.RunUntilAnswered(time.Second)
	if took := c.Answers[late].Latency; took > 40*ms {
		t.Errorf("when it has guessed who leads, a write took %v, want two round trips of 20ms", took)
	}
}

// A voter that was cut off while it became a learner has stood in vain. When it is back, it follows the leader.
func aVoterThatBecameALearnerDeposesNobody(t *testing.T, driver protocols.Driver, longest time.Duration) {
	e := NewElastic(t, driver, 4, 3, prototest.Network{}, 1, 20*time.Second)
	cut := false
	e.Network.Drop = func(from, to protocols.NodeID, _ []byte) bool { return cut && (from == 2 || to == 2) }
	e.At(time.Second, func() { cut = true })
	e.At(2*time.Second, func() { e.Membership("change majority(0,1,3)") })
	e.At(8*time.Second, func() { cut = false })
	e.Run(20 * time.Second)
	e.RunUntilAnswered(5 * time.Second)
	e.Run(e.Now() + time.Second)
	e.ExpectLeaders(0)
	e.ExpectSame(0, 1, 2, 3)
	if slowest := e.Slowest(); slowest > longest {
		t.Errorf("a write took %v, want %v at most", slowest, longest)
	}
}

// The leader dies after the first of the two steps of a change: the next one takes the second step, of which nobody has told
// it but the log.
func theNextLeaderEndsTheChange(t *testing.T, driver protocols.Driver) {
	e := NewElastic(t, driver, 5, 3, prototest.Network{}, 1, 10*time.Second)
	e.At(500*time.Millisecond, func() { e.Membership("add-learner 3", 0); e.Membership("add-learner 4", 0) })
	e.At(time.Second, func() { e.Membership("change majority(1,3,4)", 0) })
	crashed := false
	e.Network.Drop = func(from, to protocols.NodeID, data []byte) bool {
		if text := string(data); from == 0 && !crashed && strings.Count(text, "majority(1,3,4)") >= 2*2 {
			crashed = true
			e.At(e.Now()+5*time.Millisecond, func() { e.Crash(0) }) // the message has left
		}
		return false
	}
	e.Run(10 * time.Second)
	e.RunUntilAnswered(10 * time.Second)
	e.Run(e.Now() + time.Second)
	all := e.Memberships()
	if got := all[len(all)-1]; !crashed || got != "majority(R1,R3,R4), learners (R0,R2)" {
		t.Errorf("crashed: %t; the last membership is %s; all: %q", crashed, got, all)
	}
	e.ExpectSame(1, 2, 3, 4)
}

// The membership is durable: in the log, and in snapshots on disk.
func theMembershipSurvivesRestarts(t *testing.T, driver protocols.Driver) {
	for _, every := range []uint64{1000, 10} {
		e := NewElastic(t, driver, 4, 3, prototest.Network{SnapshotEvery: every}, 1, 3*time.Second)
		e.At(time.Second, func() { e.Membership("change majority(1,2,3)") })
		e.At(2*time.Second, func() { e.Membership("remove 0") })
		e.Run(3 * time.Second)
		e.RunUntilAnswered(5 * time.Second)
		for id := range e.Replicas {
			e.Crash(protocols.NodeID(id))
		}
		for _, id := range []protocols.NodeID{0, 1} {
			e.Restart(id)
		}
		leaders := e.Marked(protocols.MarkLeading)
		e.Run(e.Now() + 10*time.Second)
		if n := e.Marked(protocols.MarkLeading); n != leaders {
			t.Errorf("snapshots every %d: somebody leads, elected by a voter that was removed and one of three", every)
		}
		e.Restart(3)
		e.Run(e.Now() + 10*time.Second)
		if e.Marked(protocols.MarkLeading, 1, 3) == 0 {
			t.Errorf("snapshots every %d: two of three voters elect none of them", every)
		}
		id := e.Put(1, 1, "k", "last")
		e.Run(e.Now() + 5*time.Second)
		if e.Answers[id].Count != 1 {
			t.Errorf("snapshots every %d: a write was answered %d times", every, e.Answers[id].Count)
		}
	}
}

// A replica that was added when its membership's entry was in a snapshot already knows who votes.
func aSnapshotCarriesTheMembership(t *testing.T, driver protocols.Driver) {
	e := NewElastic(t, driver, 5, 3, prototest.Network{SnapshotEvery: 10}, 1, 8*time.Second)
	e.At(time.Second, func() { e.Membership("change majority(1,2,3)") })
	e.At(4*time.Second, func() { e.Membership("change majority(1,3,4)") })
	e.Run(8 * time.Second)
	e.RunUntilAnswered(5 * time.Second)
	for _, id := range []protocols.NodeID{0, 1, 2} {
		e.Crash(id)
	}
	leaders := e.Marked(protocols.MarkLeading)
	e.Run(e.Now() + 15*time.Second)
	if e.Marked(protocols.MarkLeading) == leaders {
		t.Error("two of three voters elect nobody")
	}
	id := e.Put(4, 1, "k", "last")
	e.Run(e.Now() + 5*time.Second)
	if e.Answers[id].Count != 1 {
		t.Errorf("a write was answered %d times", e.Answers[id].Count)
	}
}
