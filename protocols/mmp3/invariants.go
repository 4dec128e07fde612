package mmp3

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"quorumbench/protocols"
)

// invariants reports what must never be true of the replicas:
//   - two values committed for one instance;
//   - two committed instances of different columns of which neither depends on the other: rule 7 gives them no order;
//   - two replicas of which neither has applied all that the other has, or that have applied the same and have different
//     states;
//   - a replica that has not seen what it holds or has applied, directly or through its Deps, or has truncated what
//     it has not applied;
//   - a replica that has something open for an instance that is decided, see checkOpen.
//
// Of truncated instances, it checks those that other replicas still hold.
func invariants(nodes []protocols.Node) error {
	var up []*replica
	for _, node := range nodes {
		if r, alive := node.(*replica); alive {
			up = append(up, r)
		}
	}
	for i, r := range up {
		if err := r.consistent(); err != nil {
			return err
		}
		if err := r.checkOpen(); err != nil {
			return err
		}
		for _, other := range up[:i] {
			if !r.applied.covers(other.applied) && !other.applied.covers(r.applied) {
				return fmt.Errorf("replica %d has applied %v and replica %d %v: neither is a prefix of the other", other.id, other.applied, r.id, r.applied)
			}
			if r.applied == other.applied && !r.store.Equal(other.store) {
				return fmt.Errorf("replicas %d and %d have applied %v, and their states differ", other.id, r.id, r.applied)
			}
			if r.applied == other.applied && r.slots != other.slots {
				return fmt.Errorf("replicas %d and %d have applied %v, one in %d slots and one in %d", other.id, r.id, r.applied, other.slots, r.slots)
			}
		}
	}
	var committed [replicas]column
	for c := range replicas {
		var err error
		if committed[c], err = unite(up, c); err != nil {
			return err
		}
		for _, r := range up {
			if err := r.sawApplied(&committed[c]); err != nil {
				return err
			}
		}
	}
	return related(&committed)
}

// consistent reports what is wrong with one replica alone.
func (r *replica) consistent() error {
	if !r.seen.covers(r.applied) {
		return fmt.Errorf("replica %d has applied %v and seen %v", r.id, r.applied, r.seen)
	}
	for c := range replicas {
		if r.columns[c].base > r.applied[c] {
			return fmt.Errorf("replica %d has truncated column %d below %d and applied it below %d", r.id, c, r.columns[c].base, r.applied[c])
		}
		for _, x := range r.columns[c].held {
			if x != nil && (!r.seen.covers(x.deps) || x.valueBallot > 0 && r.seen[c] <= x.at.lsn) {
				return fmt.Errorf("replica %d holds %d.%d with deps %v and has seen %v", r.id, c, x.at.lsn, x.deps, r.seen)
			}
		}
	}
	return nil
}

// checkOpen reports what a replica still has open though it is decided: a proposal of a committed instance (rule 3), the
// requests of an instance below committedBelow (rule 8), a request whose command or whose instance is applied, a read
// for which all is applied (rule 9), and a snapshot that is being received and has no more than is applied (rule 13).
func (r *replica) checkOpen() error {
	for c := range replicas {
		for _, x := range r.columns[c].held {
			if x != nil && x.committed && x.proposal != nil {
				return fmt.Errorf("replica %d proposes %d.%d, which it knows to be committed", r.id, c, x.at.lsn)
			}
		}
	}
	if x := r.get(position{r.id, r.committedBelow}); x != nil && x.committed {
		return fmt.Errorf("replica %d waits for %d.%d to be committed, and it is", r.id, r.id, r.committedBelow)
	}
	for _, lsn := range slices.Sorted(maps.Keys(r.proposed)) {
		if lsn < r.committedBelow {
			return fmt.Errorf("replica %d holds the requests of %d.%d, and all instances below %d.%d are committed", r.id, r.id, lsn, r.id, r.committedBelow)
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(r.requests), protocols.CommandID.Compare) {
		req := r.requests[id]
		if _, done := r.store.Result(id); done {
			return fmt.Errorf("replica %d holds the request %v, whose command it has applied", r.id, id)
		}
		if !slices.Contains(r.batch, req) && req.lsn < r.applied[r.id] {
			return fmt.Errorf("replica %d holds the request %v of %d.%d, and has applied its column up to %d", r.id, id, r.id, req.lsn, r.applied[r.id])
		}
	}
	if r.reads != nil {
		for _, q := range r.reads.open {
			if q.known && r.applied.covers(q.until) {
				return fmt.Errorf("replica %d has not answered the read %v, which waits for %v, and has applied %v", r.id, q.id, q.until, r.applied)
			}
		}
	}
	if index := r.incoming.Index(); index > 0 && index <= r.slots {
		return fmt.Errorf("replica %d receives a snapshot of %d slots, and has applied %d", r.id, index, r.slots)
	}
	return nil
}

// sawApplied reports a committed instance that a replica has applied without having seen its Deps: a restart or a
// snapshot has lost them.
func (r *replica) sawApplied(committed *column) error {
	for _, x := range committed.held {
		if x != nil && x.at.lsn < r.applied[x.at.column] && !r.seen.covers(x.deps) {
			return fmt.Errorf("replica %d has applied %d.%d with deps %v and has seen %v", r.id, x.at.column, x.at.lsn, x.deps, r.seen)
		}
	}
	return nil
}

// unite returns the committed instances of a column that any replica holds, or an error if two replicas hold
// different ones.
func unite(up []*replica, c int) (column, error) {
	if len(up) == 0 {
		return column{}, nil
	}
	all := column{base: up[0].columns[c].base}
	for _, r := range up {
		all.base = min(all.base, r.columns[c].base)
	}
	for _, r := range up {
		for _, x := range r.columns[c].held {
			if x == nil || !x.committed {
				continue
			}
			for all.end() <= x.at.lsn {
				all.held = append(all.held, nil)
			}
			place := &all.held[x.at.lsn-all.base]
			if other := *place; other == nil {
				*place = x
			} else if other.deps != x.deps || !slices.EqualFunc(other.commands, x.commands, bytes.Equal) {
				return all, fmt.Errorf("instance %d.%d is committed with deps %v and with deps %v, or with other commands", c, x.at.lsn, other.deps, x.deps)
			}
		}
	}
	return all, nil
}

// related reports two instances of different columns of which neither depends on the other.
func related(committed *[replicas]column) error {
	for c := range replicas {
		for k := c + 1; k < replicas; k++ {
			least := leastDependent(&committed[k], c)
			for _, x := range committed[c].held {
				if x == nil || max(x.deps[k], committed[k].base) >= committed[k].end() {
					continue
				}
				from := max(x.deps[k], committed[k].base) - committed[k].base
				if y := least[from]; y != nil && y.deps[c] <= x.at.lsn {
					return fmt.Errorf("instances %d.%d (deps %v) and %d.%d (deps %v) are committed and neither depends on the other",
						c, x.at.lsn, x.deps, k, y.at.lsn, y.deps)
				}
			}
		}
	}
	return nil
}

// leastDependent returns, for each instance of a column, the one from there on with the smallest dependency on column
// c.
func leastDependent(of *column, c int) []*instance {
	least := make([]*instance, len(of.held))
	var best *instance
	for i := len(of.held) - 1; i >= 0; i-- {
		if y := of.held[i]; y != nil && (best == nil || y.deps[c] < best.deps[c]) {
			best = y
		}
		least[i] = best
	}
	return least
}
