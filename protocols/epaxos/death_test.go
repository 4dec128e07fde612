package epaxos

import (
	"fmt"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/prototest"
)

// death says when a replica dies for good: when it has sent so many messages of a kind, the next one is lost, with all that
// follows.
type death struct {
	of   protocols.NodeID
	in   Kind
	sent int
}

// dying makes replicas of a cluster die, each in the middle of sending. It returns how many have.
func dying(c *prototest.Cluster, deaths ...death) (died func() int) {
	left := map[protocols.NodeID]*death{}
	for _, d := range deaths {
		left[d.of] = &d
	}
	dead := 0
	c.Network.Drop = func(from, _ protocols.NodeID, data []byte) bool {
		d, dies := left[from]
		if !dies {
			return false
		}
		if d == nil {
			return true
		}
		var m Message
		if protocols.Decode(data, &m) != nil || m.Kind != d.in {
			return false
		}
		if d.sent--; d.sent >= 0 {
			return false
		}
		left[from] = nil
		dead++
		c.At(c.Now(), func() { c.Crash(from) })
		return true
	}
	return func() int { return dead }
}

// busy makes a cluster whose replicas are differently far from each other, and whose clients write and read one key all the
// time, and everything is forgotten as early as it may be.
func busy(t *testing.T, driver protocols.Driver, n int) *prototest.Cluster {
	delays := make(protocols.Delays, n)
	for i := range delays {
		delays[i] = make([]time.Duration, n)
		for j := range delays[i] {
			if i != j {
				delays[i][j] = time.Duration(10+7*(i+j)) * time.Millisecond
			}
		}
	}
	c := prototest.NewCluster(t, prototest.With(driver, protocols.Choices{"kept": "0"}), prototest.Network{Delays: delays}, protocols.Nobody, 1)
	for round := range 8 {
		for i := range n {
			at := time.Duration(100*round+13*i) * time.Millisecond
			to := protocols.NodeID(i)
			c.At(at, func() {
				if !c.Replicas[to].Alive {
					return
				}
				if round%4 == 3 {
					c.Get(to, uint64(1+i), "x")
				} else {
					c.Put(to, uint64(1+i), "x", fmt.Sprint(round, i))
				}
			})
		}
	}
	return c
}

// clean plays a cluster to its end: all that the living replicas were asked is answered and executed by all of them, in one order.
func clean(t *testing.T, c *prototest.Cluster) {
	t.Helper()
	c.Run(900 * time.Millisecond)
	c.RunUntilAnswered(time.Minute)
	c.Run(c.Now() + 30*time.Second)
	c.CheckConverged()
	var nodes []protocols.Node
	for id, r := range c.Replicas {
		nodes = append(nodes, r.Node)
		if !r.Alive {
			continue
		}
		for _, g := range r.Node.(*replica).registers {
			if !g.allExecuted() {
				t.Errorf("replica %d has not executed all of key %s", id, g.name)
			}
			for i := range g.columns {
				if held := len(g.columns[i].held); held > 0 {
					t.Errorf("replica %d holds %d instances of column %d of key %s, though it need not", id, held, i, g.name)
				}
			}
		}
	}
	if err := invariants(nodes); err != nil {
		t.Error(err)
	}
}

// A submitter dies for good in the middle of each phase, whatever number of the others its messages have reached.
func TestASubmitterThatDiesInAnyPhaseBlocksNobody(t *testing.T) {
	for _, n := range []int{5, 7} {
		for _, phase := range []Kind{Kind_PREACCEPT, Kind_ACCEPT, Kind_COMMIT} {
			for sent := range n {
				t.Run(fmt.Sprintf("%d replicas, %v reaches %d", n, phase, sent), func(t *testing.T) {
					c := busy(t, Driver, n)
					died := dying(c, death{0, phase, sent})
					clean(t, c)
					if died() != 1 {
						t.Errorf("it never sent so many messages %v", phase)
					}
				})
			}
		}
	}
}

// Who recovers what a dead submitter has left dies in the middle of that, too.
func TestARecoveryThatDiesInAnyPhaseIsTakenOver(t *testing.T) {
	for _, n := range []int{5, 7} {
		for _, phase := range []Kind{Kind_RECOVER, Kind_VALIDATE} {
			reached := n
			if phase == Kind_VALIDATE {
				reached = n - failures(n) // it is sent to a slow quorum only
			}
			for sent := range reached - 1 {
				t.Run(fmt.Sprintf("%d replicas, %v reaches %d", n, phase, sent), func(t *testing.T) {
					died := 0
					for recoverer := 1; recoverer < n && died < 2; recoverer++ { // any of them may be the first
						c := busy(t, Driver, n)
						both := dying(c, death{0, Kind_PREACCEPT, n - 2}, death{protocols.NodeID(recoverer), phase, sent})
						clean(t, c)
						died = both()
					}
					if died < 2 {
						t.Errorf("nobody sent so many messages %v", phase)
					}
				})
			}
		}
	}
}
