package zookeeper

import (
	"fmt"
	"testing"

	"quorumbench/bench/system"
)

// TestWhoIsElected looks at the servers' numbers, and at who starts at once: a bare majority with the wanted leader.
func TestWhoIsElected(t *testing.T) {
	for n := 1; n <= 7; n++ {
		for leader := range n {
			t.Run(fmt.Sprintf("%d of %d", leader, n), func(t *testing.T) {
				c := system.Cluster{Nodes: make([]system.Node, n), Leader: leader}
				seen, atOnce := map[int]bool{}, 0
				for replica := range n {
					at := number(c, replica)
					if at < 1 || at > n || seen[at] {
						t.Errorf("replica %d has the number %d", replica, at)
					}
					seen[at] = true
					if !startsLater(c, replica) {
						atOnce++
					}
				}
				if number(c, leader) != n || startsLater(c, leader) || atOnce != n/2+1 {
					t.Errorf("the leader has the number %d, and %d servers start at once", number(c, leader), atOnce)
				}
			})
		}
	}
}
