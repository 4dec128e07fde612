package verify

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/load"
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/kv/linear"
)

// told is a run put together by hand: what clients saw, and what replicas applied.
type told struct {
	*Record
	invariants func(nodes []protocols.Node) error
	checks     []result.Check
}

// tell returns a run of replicas that have nothing to tell yet, one client each.
func tell(replicas int) *told {
	return tellOf(replicas, &protocols.Driver{Name: "told"})
}

// tellOf is tell for another driver.
func tellOf(replicas int, driver *protocols.Driver) *told {
	r := &told{Record: &Record{}}
	driver.Invariants = func(nodes []protocols.Node) error {
		if r.invariants == nil {
			return nil
		}
		return r.invariants(nodes)
	}
	r.Protocol = experiment.Protocol{Name: driver.Name}
	e := experiment.Experiment{World: experiment.Simulated, Protocols: []experiment.Protocol{r.Protocol}}
	for i := range replicas {
		e.Regions = append(e.Regions, fmt.Sprint("r", i))
		r.Clients = append(r.Clients, load.NewClients(&experiment.Load{}, 1, 0, i, replicas))
		one := &Replica{Node: &idle{}}
		one.Journal.Begin(0)
		r.Replicas = append(r.Replicas, one)
	}
	plan, err := experiment.NewPlan(driver, e, make([][]time.Duration, replicas), make([][]time.Duration, replicas))
	if err != nil {
		panic(err)
	}
	r.Plan = plan
	return r
}

type idle struct{ broken bool }

func (*idle) Step(*protocols.Input, *protocols.Outbox) {}

// write and read enter a command of a client, from when to when it lasted; without an end it has
// no answer. A value of 0 is that of an absent key.
func (r *told) write(client int, key, value uint64, from, to time.Duration) protocols.CommandID {
	return r.command(client, load.Sample{Key: key, Value: value, Sent: from, Intended: from, Answered: to})
}

func (r *told) read(client int, key, value uint64, from, to time.Duration) protocols.CommandID {
	return r.command(client, load.Sample{Key: key, Value: value, Sent: from, Intended: from, Answered: to, Read: true})
}

func (r *told) command(client int, s load.Sample) protocols.CommandID {
	c := r.Clients[client]
	s.Applied = result.Never
	c.Samples.Add(s)
	return protocols.CommandID{Client: c.ID, Seq: uint64(c.Samples.Len())}
}

// apply enters what a replica has applied to its log, in its present incarnation.
func (r *told) apply(replica int, ids ...protocols.CommandID) {
	j := &r.Replicas[replica].Journal
	index := uint64(0)
	if order := j.incarnations[len(j.incarnations)-1][""]; order != nil {
		index = order.stretches[len(order.stretches)-1].next() - 1
	}
	for i, id := range ids {
		j.Add(protocols.Commit{Slot: protocols.Slot{Index: index + uint64(i) + 1}, ID: id, Command: fmt.Append(nil, id)}, 0)
	}
}

// committed is that a command is applied at an index of the log.
func committed(index uint64, id protocols.CommandID) protocols.Commit {
	return protocols.Commit{Slot: protocols.Slot{Index: index}, ID: id, Command: fmt.Append(nil, id)}
}

// applyKey enters that a replica has applied a command at an index of the order of a key.
func (r *told) applyKey(replica int, key, index uint64, id protocols.CommandID) {
	slot := protocols.Slot{Key: string(load.AppendKey(nil, key)), Index: index}
	r.Replicas[replica].Journal.Add(protocols.Commit{Slot: slot, ID: id, Command: fmt.Append(nil, id)}, 0)
}

// adopt enters that a replica has taken over the state after an index, in its present incarnation.
func (r *told) adopt(replica int, index uint64) {
	r.Replicas[replica].Journal.Add(protocols.Commit{Slot: protocols.Slot{Index: index}, Adopted: true}, 0)
}

// applyAll enters it for all replicas.
func (r *told) applyAll(ids ...protocols.CommandID) {
	for i := range r.Replicas {
		r.apply(i, ids...)
	}
}

// verdicts returns the names of the checks that failed and of those not decided.
func (r *told) verdicts() (failed, undecided []string) {
	r.checks, _ = r.check(false)
	for _, c := range r.checks {
		switch c.Verdict {
		case result.Failed:
			failed = append(failed, c.Name)
		case result.Undecided, result.Unexplained:
			undecided = append(undecided, c.Name)
		}
	}
	return failed, undecided
}

func TestChecksCatchTheirViolation(t *testing.T) {
	const key, other, never = 1, 2, result.Never
	for _, test := range []struct {
		name              string
		tell              func(r *told)
		failed, undecided []string
	}{
		{"nothing has happened", func(*told) {}, nil, nil},
		{"all is well", func(r *told) {
			a, b := r.write(0, key, 11, 0, 10), r.write(1, key, 12, 20, 30)
			c := r.read(2, key, 12, 40, 50)
			r.applyAll(a, b, c)
		}, nil, nil},
		{"a replica lags behind", func(r *told) {
			a, b := r.write(0, key, 11, 0, 10), r.write(1, key, 12, 20, 30)
			r.apply(0, a, b)
			r.apply(1, a)
		}, nil, nil},
		{"two replicas differ", func(r *told) {
			a, b := r.write(0, key, 11, 0, 30), r.write(1, key, 12, 0, 30)
			r.apply(0, a, b)
			r.apply(1, b, a)
		}, []string{CheckSameOrder}, nil},
		{"a replica differs from its former incarnation", func(r *told) {
			a, b := r.write(0, key, 11, 0, 30), r.write(1, key, 12, 0, 30)
			r.apply(0, a, b)
			r.Replicas[0].Journal.Begin(0)
			r.apply(0, b)
		}, []string{CheckSameOrder}, nil},
		{"a replica leaves a place out", func(r *told) {
			a, b := r.write(0, key, 11, 0, 30), r.write(1, key, 12, 0, 30)
			r.apply(0, a, b)
			j := &r.Replicas[1].Journal
			j.Add(protocols.Commit{Slot: protocols.Slot{Index: 1}, ID: a, Command: fmt.Append(nil, a)}, 0)
			j.Add(protocols.Commit{Slot: protocols.Slot{Index: 3}, ID: b, Command: fmt.Append(nil, b)}, 0)
		}, []string{CheckSameOrder}, nil},
		{"a replica adopts the state of another and goes on", func(r *told) {
			a, b, c := r.write(0, key, 11, 0, 10), r.write(1, key, 12, 20, 30), r.write(0, key, 13, 40, 50)
			r.apply(0, a, b, c)
			r.adopt(1, 2)
			r.apply(1, c)
		}, nil, nil},
		{"a replica adopts a state and goes on elsewhere", func(r *told) {
			a, b, c := r.write(0, key, 11, 0, 10), r.write(1, key, 12, 20, 30), r.write(0, key, 13, 40, 50)
			r.apply(0, a, b, c)
			r.adopt(1, 1)
			r.apply(1, c)
		}, []string{CheckSameOrder}, nil},
		{"a replica adopts a state older than its own", func(r *told) {
			a, b := r.write(0, key, 11, 0, 10), r.write(1, key, 12, 20, 30)
			r.applyAll(a, b)
			r.adopt(1, 1)
		}, []string{CheckSameOrder}, nil},
		{"nobody is left who has applied a write", func(r *told) {
			r.write(0, key, 11, 0, 10)
			b := r.write(1, key, 12, 20, 30)
			for i := range r.Replicas {
				r.adopt(i, 1)
				r.apply(i, b)
			}
		}, nil, []string{CheckNothingLost}},
		{"one command under two names", func(r *told) {
			a := r.write(0, key, 11, 0, 30)
			r.apply(0, a)
			r.Replicas[1].Journal.Add(protocols.Commit{Slot: protocols.Slot{Index: 1}, ID: a, Command: []byte("else")}, 0)
		}, []string{CheckSameOrder}, nil},
		{"an answered write is nowhere", func(r *told) {
			r.write(0, key, 11, 0, 10)
		}, []string{CheckNothingLost}, nil},
		{"an answered write is nowhere, and its replica is down", func(r *told) {
			r.write(0, key, 11, 0, 10)
			r.Replicas[0].Node = nil
		}, nil, []string{CheckNothingLost}},
		{"an answered write is not applied yet, nor is anything that was issued later", func(r *told) {
			a := r.write(0, key, 11, 0, 20)
			r.write(0, key, 12, 10, 20)
			r.applyAll(a)
			r.Unsettled = "replicas had not applied all"
		}, nil, []string{CheckNothingLost}},
		{"an answered write is nowhere, and one that was issued later is applied", func(r *told) {
			r.write(0, key, 11, 0, 10)
			r.applyAll(r.write(1, other, 12, 20, 30))
			r.Unsettled = "replicas had not applied all"
		}, []string{CheckNothingLost}, nil},
		{"it may be in a state that all have adopted", func(r *told) {
			r.write(0, key, 11, 0, 10)
			b := r.write(1, other, 12, 20, 30)
			for i := range r.Replicas {
				r.adopt(i, 1)
				r.apply(i, b)
			}
			r.Unsettled = "replicas had not applied all"
		}, nil, []string{CheckNothingLost}},
		{"an answered write is nowhere, and one of another key that was issued later is applied in an order of its own", func(r *told) {
			r.write(0, key, 11, 0, 10)
			r.applyKey(0, other, 1, r.write(1, other, 12, 20, 30))
			r.Unsettled = "replicas had not applied all"
		}, nil, []string{CheckNothingLost}},
		{"an answered write is nowhere, and one of its key that was issued later is applied", func(r *told) {
			r.write(0, key, 11, 0, 10)
			r.applyKey(0, key, 1, r.write(1, key, 12, 20, 30))
			r.Unsettled = "replicas had not applied all"
		}, []string{CheckNothingLost}, nil},
		{"a crash comes before it is known that a write was applied, and all have a state that it is part of", func(r *told) {
			a, b := r.write(0, key, 11, 0, 10), r.write(1, key, 12, 20, 30)
			r.Replicas[0].Journal.Lose([]protocols.Commit{committed(1, a), committed(2, b)})
			for i := range r.Replicas {
				r.Replicas[i].Journal.Begin(40)
				r.Replicas[i].Journal.Restore(protocols.Slot{Index: 1}, 40)
				r.adopt(i, 1)
				r.apply(i, b)
			}
		}, nil, nil},
		{"a crash comes before it is known what was restored, of several states", func(r *told) {
			a, b, c := r.write(0, key, 11, 0, 10), r.write(1, key, 12, 20, 30), r.write(2, key, 13, 32, 36)
			r.Replicas[0].Journal.Lose([]protocols.Commit{
				{Slot: protocols.Slot{Index: 1}, Adopted: true}, committed(2, b), {Slot: protocols.Slot{Index: 3}, Adopted: true},
			})
			r.Replicas[0].Journal.Begin(40)
			r.Replicas[0].Journal.Restore(protocols.Slot{Index: 1}, 40)
			r.Replicas[0].Journal.Restore(protocols.Slot{Index: 2}, 40)
			r.Replicas[0].Journal.Restore(protocols.Slot{Index: 3}, 40)
			r.adopt(0, 3)
			for i := range r.Replicas[1:] {
				r.apply(i+1, a, b, c)
			}
		}, nil, nil},
		{"a crash comes before it is known that a write was applied, and the state on the disk is older", func(r *told) {
			a, b := r.write(0, key, 11, 0, 10), r.write(1, key, 12, 20, 30)
			r.applyAll(a)
			r.Replicas[0].Journal.Lose([]protocols.Commit{committed(2, b)})
			r.Replicas[0].Journal.Begin(40)
			r.Replicas[0].Journal.Restore(protocols.Slot{Index: 1}, 40)
			r.adopt(0, 1)
		}, []string{CheckNothingLost}, nil},
		{"a write without an answer is nowhere", func(r *told) {
			r.write(0, key, 11, 0, never)
		}, nil, nil},
		{"a write without an answer took effect", func(r *told) {
			r.applyAll(r.write(0, key, 11, 0, never), r.read(1, key, 11, 20, 30))
		}, nil, nil},
		{"a later write stands before", func(r *told) {
			a, b := r.write(0, key, 11, 0, 10), r.write(1, other, 12, 20, 30)
			r.applyAll(b, a)
		}, []string{CheckRealTime}, nil},
		{"a later write stands before, and nobody tells what was applied before it", func(r *told) {
			a, b := r.write(0, key, 11, 0, 10), r.write(1, other, 12, 20, 30)
			for i := range r.Replicas {
				r.adopt(i, 1)
				r.apply(i, b, a)
			}
		}, nil, []string{CheckRealTime}},
		{"a later write stands before, and nobody tells what was applied after it", func(r *told) {
			a, b := r.write(0, key, 11, 0, 10), r.write(1, other, 12, 20, 30)
			for i := range r.Replicas {
				r.apply(i, b)
				r.adopt(i, 2)
				r.apply(i, a)
			}
		}, []string{CheckRealTime}, nil},
		{"writes that overlap stand in either order", func(r *told) {
			a, b := r.write(0, key, 11, 0, 20), r.write(1, key, 12, 10, 30)
			r.applyAll(b, a)
		}, nil, nil},
		{"a command stands twice", func(r *told) {
			a, b := r.write(0, key, 11, 0, 10), r.write(1, key, 12, 20, 30)
			r.applyAll(a, b, a, r.read(0, key, 12, 40, 50))
		}, nil, nil},
		{"a read finds an old value", func(r *told) {
			r.applyAll(r.write(0, key, 11, 0, 10), r.write(1, key, 12, 20, 30))
			r.read(2, key, 11, 40, 50)
		}, []string{CheckLinearizable}, nil},
		{"a read finds nothing behind a write", func(r *told) {
			r.applyAll(r.write(0, key, 11, 0, 10))
			r.read(2, key, 0, 40, 50)
		}, []string{CheckLinearizable}, nil},
		{"a read finds nothing before a write", func(r *told) {
			r.applyAll(r.write(0, key, 11, 60, 70))
			r.read(2, key, 0, 40, 50)
		}, nil, nil},
		{"a read finds what nobody wrote", func(r *told) {
			r.applyAll(r.write(0, key, 11, 0, 10))
			r.read(2, key, 99, 40, 50)
		}, []string{CheckLinearizable}, nil},
		{"a read finds another key's value", func(r *told) {
			r.applyAll(r.write(0, other, 11, 0, 10))
			r.read(2, key, 11, 40, 50)
		}, []string{CheckLinearizable}, nil},
		{"a write that was given up is applied late, and makes no version", func(r *told) {
			a := r.write(0, key, 11, 0, 10)
			b := r.command(0, load.Sample{Key: key, Value: 12, Sent: 20, Answered: never})
			c := r.command(0, load.Sample{Key: key, Value: 13, Sent: 100, Answered: 110, Version: 2, Acked: 3})
			r.applyAll(a, c, b)
			orders, _ := r.orders()
			if r.command(1, load.Sample{Key: key, Read: true, Value: 13, Sent: 120, Answered: 130, Version: 2}); len(r.unexplained(orders)) > 0 {
				panic("the order explains it")
			}
		}, nil, nil},
		{"a write that is refused is nowhere", func(r *told) {
			r.applyAll(r.write(0, key, 11, 0, 10))
			r.command(1, load.Sample{Key: key, Value: 12, Sent: 20, Answered: 30, Version: 1, Outcome: kv.Outcome_REFUSED})
		}, nil, nil},
		{"a write is refused that would be the next version", func(r *told) {
			r.applyAll(r.write(0, key, 11, 0, 10))
			r.command(1, load.Sample{Key: key, Value: 12, Sent: 20, Answered: 30, Version: 2, Outcome: kv.Outcome_REFUSED})
		}, []string{CheckLinearizable}, nil},
		{"two writes become one version", func(r *told) {
			a := r.write(0, key, 11, 0, 10)
			r.applyAll(a, r.command(1, load.Sample{Key: key, Value: 12, Sent: 20, Answered: 30, Version: 1}))
		}, []string{CheckLinearizable}, nil},
		{"a version is dropped before there is another", func(r *told) {
			r.applyAll(r.write(0, key, 11, 0, 10))
			r.command(1, load.Sample{Key: key, Read: true, Sent: 20, Answered: 30, Version: 1, Outcome: kv.Outcome_DROPPED})
		}, []string{CheckLinearizable}, nil},
		{"a version is absent that is made meanwhile", func(r *told) {
			r.applyAll(r.write(0, key, 11, 0, 10))
			r.command(1, load.Sample{Key: key, Read: true, Sent: 5, Answered: 30, Version: 1, Outcome: kv.Outcome_ABSENT})
		}, nil, nil},
		{"reads go back", func(r *told) {
			r.applyAll(r.write(0, key, 11, 0, 10), r.write(1, key, 12, 20, 90))
			r.read(2, key, 12, 30, 40)
			r.read(2, key, 11, 50, 60)
		}, []string{CheckLinearizable}, nil},
		{"the order explains a key that takes a long search, and another takes a short one", func(r *told) {
			var long []protocols.CommandID
			for i := range uint64(30) {
				long = append(long, r.write(0, other, 100+i, 0, 500))
			}
			slices.Reverse(long)
			r.applyAll(long...)
			for i := range uint64(30) { // the first search goes through the subsets of the writes
				at := time.Duration(10 + 10*i)
				r.read(2, other, 129-i, at, at+5)
			}
			r.applyAll(r.write(0, key, 11, 0, 100), r.write(1, key, 12, 0, 100))
			r.read(2, key, 11, 110, 120) // so it was the second
		}, nil, nil},
		{"an invariant is broken", func(r *told) {
			r.invariants = func(nodes []protocols.Node) error {
				if nodes[1].(*idle).broken {
					return fmt.Errorf("1 is broken")
				}
				return nil
			}
			r.Replicas[1].Node.(*idle).broken = true
		}, []string{CheckInvariants}, nil},
		{"an invariant was broken for a while", func(r *told) {
			broken := true
			r.invariants = func([]protocols.Node) error {
				if broken {
					return fmt.Errorf("broken")
				}
				return nil
			}
			r.Inspect()
			broken = false
		}, []string{CheckInvariants}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := tell(3)
			test.tell(r)
			failed, undecided := r.verdicts()
			if !slices.Equal(failed, test.failed) || !slices.Equal(undecided, test.undecided) {
				t.Errorf("failed %q, not decided %q; want %q and %q; %+v", failed, undecided, test.failed, test.undecided, r.checks)
			}
		})
	}
}

// explanations counts the histories that the order applied explains, and those that it does not.
type explanations struct{ some, none int }

// hold holds what is explained against porcupine's verdict.
func (e *explanations) hold(t *testing.T, seed uint64, r *told) {
	orders, _ := r.orders()
	if len(r.unexplained(orders)) > 0 {
		e.none++
		return
	}
	e.some++
	if verdict := linear.Check(r.history(nil), 0); verdict != linear.Linearizable {
		t.Fatalf("seed %d: explained, but %s: %s", seed, verdict, r.text())
	}
}

func (e *explanations) check(t *testing.T) {
	if e.some < 500 || e.none < 500 {
		t.Errorf("%d histories are explained and %d are not; both shall be many", e.some, e.none)
	}
}

// Whatever order the replicas have applied, if it explains what the clients saw then porcupine, too,
// finds an explanation.
func TestAnExplanationIsALinearization(t *testing.T) {
	var tally explanations
	for seed := range uint64(3000) {
		random := rand.New(rand.NewPCG(seed, 0))
		r := tell(3)
		// What is found is what the order says, or nearly.
		var order []protocols.CommandID
		latest, value := map[uint64]uint64{}, uint64(0)
		now := time.Duration(0)
		for range 10 {
			now += time.Duration(random.IntN(15))
			from, to := now-time.Duration(random.IntN(30)), now+time.Duration(random.IntN(30))
			key := random.Uint64N(2)
			if random.IntN(10) == 0 {
				to = result.Never
			}
			if random.IntN(2) == 0 {
				value++
				latest[key] = value
				order = append(order, r.write(random.IntN(3), key, value, from, to))
				continue
			}
			found := latest[key]
			if found > 0 && random.IntN(4) == 0 {
				found--
			}
			order = append(order, r.read(random.IntN(3), key, found, from, to))
		}
		r.applyAll(order...)
		tally.hold(t, seed, r)
	}
	tally.check(t)
}

// The same with commands that name versions, whose answers are what the order makes of them, or nearly;
// some that are refused, and reads, are in no order.
func TestAnExplanationOfVersionsIsALinearization(t *testing.T) {
	var tally explanations
	for seed := range uint64(5000) {
		random := rand.New(rand.NewPCG(seed, 0))
		r := tell(3)
		var order []protocols.CommandID
		values := []uint64{0} // of the versions of the only key
		now := time.Duration(0)
		for value := range uint64(9) {
			now += time.Duration(random.IntN(15))
			s := load.Sample{Key: 1, Sent: now - time.Duration(random.IntN(25)), Answered: now + time.Duration(random.IntN(25)), Read: random.IntN(2) == 0}
			s.Intended = s.Sent
			if random.IntN(10) == 0 {
				s.Answered = result.Never
			}
			latest := uint64(len(values) - 1)
			if random.IntN(4) > 0 {
				s.Version = max(1, latest+random.Uint64N(4)-1)
			}
			switch {
			case s.Read && s.Version == 0:
				s.Value = values[latest]
			case s.Read && s.Version > latest:
				s.Outcome = kv.Outcome_ABSENT
			case s.Read && s.Version < latest && random.IntN(2) == 0:
				s.Outcome = kv.Outcome_DROPPED
			case s.Read:
				s.Value = values[s.Version]
			default:
				s.Value = 1 + value
				if s.Version > 0 && s.Version != latest+1 {
					s.Outcome = kv.Outcome_REFUSED
				} else {
					values = append(values, s.Value)
				}
			}
			if random.IntN(12) == 0 { // and sometimes anything
				s.Outcome = kv.Outcome(random.IntN(4))
			}
			id := r.command(random.IntN(3), s)
			if !s.Read && (s.Outcome != kv.Outcome_REFUSED || s.Version > latest || random.IntN(2) == 0) {
				order = append(order, id)
			}
		}
		r.applyAll(order...)
		tally.hold(t, seed, r)
	}
	tally.check(t)
}

// text is what the clients saw.
func (r *told) text() string {
	var all string
	for _, op := range r.history(nil) {
		all += "\n" + fmt.Sprintf("%+v", op)
	}
	return strconv.Itoa(len(r.history(nil))) + " commands:" + all
}

// A replica is behind with a key if another one has applied more of its order, in their present incarnations. Those that are
// gone are not.
func TestKeysBehind(t *testing.T) {
	r := tell(3)
	a, b := r.write(0, 1, 11, 0, 10), r.write(0, 1, 12, 20, 30)
	for i := range r.Replicas {
		r.applyKey(i, 1, 1, a)
	}
	r.applyKey(1, 1, 2, b)
	r.applyKey(2, 2, 1, b)
	r.Replicas[2].Journal.Begin(40) // restarts, and knows of nothing any more
	key := string(load.AppendKey(nil, 1))
	want := []KeyBehind{{Replica: 0, Key: key, Applied: 1, Latest: 2}, {Replica: 2, Key: key, Applied: 0, Latest: 2}}
	if got := r.KeysBehind(); !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	r.Gone = []string{"r2"}
	if got := r.KeysBehind(); !slices.Equal(got, want[:1]) {
		t.Errorf("found %v, want %v without the replica that is gone", got, want[:1])
	}
	log := tell(2)
	log.apply(0, log.write(0, 1, 11, 0, 10))
	if got := log.KeysBehind(); len(got) > 0 {
		t.Errorf("found %v where there is one log", got)
	}
}
