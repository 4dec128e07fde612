package epaxos

import (
	"bytes"
	"fmt"

	"quorumbench/protocols"
)

// invariants reports what must never be true of the replicas:
//   - two values committed for one instance, or accepted under one ballot;
//   - two committed instances of a key that conflict, of which neither depends on the other;
//   - two replicas that have executed as many writes of a key and have different states, or that have executed the same
//     instances and not as many writes;
//   - a replica that has accepted a value under a ballot above its promise, works on an instance that is decided, has
//     not executed what is ready, or watches nothing though something is open.
func invariants(nodes []protocols.Node) error {
	var up []*replica
	for _, node := range nodes {
		if r, alive := node.(*replica); alive {
			up = append(up, r)
		}
	}
	for i, r := range up {
		for _, g := range r.registers {
			if err := r.consistent(g); err != nil {
				return err
			}
			for _, other := range up[:i] {
				if h := other.byKey[g.name]; h != nil {
					if err := agree(other, r, h, g); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// consistent reports what is wrong with a key at one replica alone.
func (r *replica) consistent(g *register) error {
	if !g.watched && !g.allExecuted() {
		return fmt.Errorf("replica %d does not watch key %q, of which something is open", r.id, g.name)
	}
	for i := range g.columns {
		c := &g.columns[i]
		if c.base > c.executed || c.executed > c.end() || max(c.written, c.read) > c.executed {
			return fmt.Errorf("replica %d has forgotten column %d of key %q below %d, executed it below %d and heard of it below %d; it has written below %d and read below %d",
				r.id, i, g.name, c.base, c.executed, c.end(), c.written, c.read)
		}
		if g.decided(position{i, c.executed}) && (!c.blocked || g.decided(c.blockedBy)) {
			return fmt.Errorf("replica %d has executed column %d of key %q below %d, and what follows waits for nothing", r.id, i, g.name, c.executed)
		}
		for _, x := range c.held {
			switch {
			case x == nil:
			case x.phase == accepted && x.valueBallot > x.ballot:
				return fmt.Errorf("replica %d has accepted %v under ballot %v, and promised no more than %v", r.id, x, x.valueBallot, x.ballot)
			case x.attempt != nil && g.decided(x.position):
				return fmt.Errorf("replica %d works on %v, which is decided", r.id, x)
			case x.attempt != nil && x.attempt.stage != backingOff && x.attempt.ballot != x.ballot:
				return fmt.Errorf("replica %d works on %v under ballot %v, and has promised %v", r.id, x, x.attempt.ballot, x.ballot)
			}
		}
	}
	for _, req := range g.requests {
		if result, _ := g.state.Result(req.id); result != nil {
			return fmt.Errorf("replica %d holds the request %v, whose command it has executed", r.id, req.id)
		}
	}
	return nil
}

// agree holds what two replicas have of one key against each other.
func agree(one, other *replica, g, h *register) error {
	if g.slots == h.slots && !g.state.Equal(&h.state) {
		return fmt.Errorf("replicas %d and %d have executed %d writes of key %q, and their states differ", one.id, other.id, g.slots, g.name)
	}
	if g.slots != h.slots && g.executedVector().equal(h.executedVector()) {
		return fmt.Errorf("replicas %d and %d have executed %v of key %q, one with %d writes and one with %d",
			one.id, other.id, g.executedVector(), g.name, g.slots, h.slots)
	}
	for i := range g.columns {
		for _, x := range g.columns[i].held {
			if x == nil {
				continue
			}
			if y := h.get(x.position); y != nil {
				if err := sameValue(x, y); err != nil {
					return err
				}
			}
			if x.phase != committed || x.noop {
				continue
			}
			for k := range h.columns {
				if k == i {
					continue
				}
				c := &h.columns[k]
				for number := max(c.base, x.deps.at(k)); number < c.end(); number++ {
					if y := c.held[number-c.base]; y != nil && y.phase == committed && y.conflicts(x.writes) && !y.deps.has(x.position) {
						return fmt.Errorf("%v (%v) and %v (%v) are committed and neither depends on the other", x, x.deps, y, y.deps)
					}
				}
			}
		}
	}
	return nil
}

// sameValue reports two values that are decided, or accepted under one ballot.
func sameValue(x, y *instance) error {
	decided := x.phase == committed && y.phase == committed
	if !decided && (x.phase != accepted || y.phase != accepted || x.valueBallot != y.valueBallot) {
		return nil
	}
	if x.noop == y.noop && x.deps.equal(y.deps) && (x.noop || bytes.Equal(x.command, y.command)) {
		return nil
	}
	if decided {
		return fmt.Errorf("%v is committed with deps %v and with deps %v, or with other commands", x, x.deps, y.deps)
	}
	return fmt.Errorf("%v is accepted under ballot %v with deps %v and with deps %v, or with other commands", x, x.valueBallot, x.deps, y.deps)
}

// String names an instance.
func (x *instance) String() string {
	return x.register.name + "/" + describeID(uint32(x.column), x.number)
}
