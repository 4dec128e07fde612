package mmp3

import (
	"bytes"
	"fmt"

	"quorumbench/protocols"
)

// invariants tells, of the replicas' committed instances, whether two replicas hold different
// values for one, and whether there are two of different columns of which neither depends on the
// other: then the heads need not form a semi-complete graph, and the order of rule 7 is no order.
func invariants(nodes []protocols.Node) error {
	var committed [replicas][]*instance // of any replica, by LSN
	for _, node := range nodes {
		r, up := node.(*replica)
		if !up {
			continue
		}
		for c := range replicas {
			for lsn, x := range r.columns[c] {
				if x == nil || !x.committed {
					continue
				}
				for len(committed[c]) <= lsn {
					committed[c] = append(committed[c], nil)
				}
				if other := committed[c][lsn]; other == nil {
					committed[c][lsn] = x
				} else if other.deps != x.deps || !bytes.Equal(other.command, x.command) {
					return fmt.Errorf("instance %d.%d is committed with deps %v and with deps %v, or with two commands", c, lsn, other.deps, x.deps)
				}
			}
		}
	}
	for c := range replicas {
		for k := c + 1; k < replicas; k++ {
			least := leastDependent(committed[k], c)
			for _, x := range committed[c] {
				if x == nil || x.deps[k] >= uint64(len(least)) {
					continue
				}
				if y := least[x.deps[k]]; y != nil && y.deps[c] <= x.at.lsn {
					return fmt.Errorf("instances %d.%d (deps %v) and %d.%d (deps %v) are committed and neither depends on the other",
						c, x.at.lsn, x.deps, k, y.at.lsn, y.deps)
				}
			}
		}
	}
	return nil
}

// leastDependent returns, for each place of a column, the instance from there on that depends on
// the fewest of column c.
func leastDependent(column []*instance, c int) []*instance {
	least := make([]*instance, len(column))
	var best *instance
	for lsn := len(column) - 1; lsn >= 0; lsn-- {
		if y := column[lsn]; y != nil && (best == nil || y.deps[c] < best.deps[c]) {
			best = y
		}
		least[lsn] = best
	}
	return least
}
