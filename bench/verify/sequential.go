package verify

import (
	"errors"
	"fmt"
	"time"

	"quorumbench/bench/load"
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/kv/sequential"
	"quorumbench/protocols/options"
)

// areReadsSequential reports whether reads are sequentially consistent only, by the options of the run's protocol.
func (r *Record) areReadsSequential() bool {
	chosen, err := r.Driver().Choose(len(r.Replicas), r.Protocol.Options)
	return err == nil && options.AreSequential(chosen)
}

// slots tells at which index of the log each command took effect, or was refused: by client and index, from 1; 0 if nowhere.
func (r *Record) slots(log *order, k *histories) [][]int {
	slots := make([][]int, len(r.Clients))
	for i, c := range r.Clients {
		slots[i] = make([]int, c.Samples.Len())
	}
	for i := range log.len() {
		id := log.id(i)
		s := r.sample(id)
		if s == nil {
			continue
		}
		if at := &slots[id.Client-1][id.Seq-1]; *at == 0 && (s.Read || k.effects[id.Client-1][id.Seq-1] != 0) {
			*at = i + 1
		}
	}
	return slots
}

// checkSequential checks that what the clients of each region saw is sequentially consistent with the log: their reads see their own
// writes, and never go back. A region's clients share a client node, which keeps what all of them have seen.
func (r *Record) checkSequential(orders orders) error {
	log := orders[""]
	if log == nil {
		log = &order{}
	}
	k := r.versions(orders)
	slots := r.slots(log, k)
	made := make([][]int, len(k.keys)) // by key: the slot of each version
	for client, of := range k.effects {
		for i, did := range of {
			if key, n := k.of[client][i], int(did/2); did != 0 && did&1 == 0 {
				for len(made[key]) < n {
					made[key] = append(made[key], 0)
				}
				made[key][n-1] = slots[client][i]
			}
		}
	}
	for client, c := range r.Clients {
		var history []sequential.Operation
		var names []int
		for i := range c.Samples.Len() {
			s := c.Samples.At(i)
			if s.Answered == result.Never {
				continue
			}
			op := sequential.Operation{Issued: s.Sent, Answered: s.Answered}
			key := k.of[client][i]
			switch slot := slots[client][i]; {
			case slot > 0:
				op.From, op.To = sequential.At(slot), sequential.At(slot)
			case !s.Read || s.Version > 0:
				continue // of a write that nobody has applied another check tells; who names a version is answered by the log
			default:
				version := 0
				if s.Value != 0 {
					version = k.keys[key].version(s.Value)
				}
				if s.Value != 0 && version == 0 {
					text := fmt.Sprintf("%s, a read of %q, has found a value that no replica is known to have applied", CommandName(id(client, i)), c.KeyName(s.Key))
					if !log.whole() {
						return undecided(text)
					}
					return errors.New(text)
				}
				op.From, op.To = sequential.After(0), sequential.After(log.len())
				if version > 0 {
					op.From = sequential.After(made[key][version-1])
				}
				if version < len(made[key]) {
					op.To = sequential.After(made[key][version] - 1)
				}
			}
			history, names = append(history, op), append(names, i)
		}
		if v := sequential.Check(history); v != nil {
			return r.tellSequential(client, names[v.Later], names[v.Earlier], history[v.Later], v.Position)
		}
	}
	return nil
}

func id(client, index int) protocols.CommandID {
	return protocols.CommandID{Client: uint64(client) + 1, Seq: uint64(index) + 1}
}

// tellSequential tells a violation.
func (r *Record) tellSequential(client, later, earlier int, op sequential.Operation, position int) error {
	c := r.Clients[client]
	kind := func(s *load.Sample) string {
		if s.Read {
			return fmt.Sprintf("a read of %q", c.KeyName(s.Key))
		}
		return fmt.Sprintf("a write of %q", c.KeyName(s.Key))
	}
	of, before := c.Samples.At(later), c.Samples.At(earlier)
	has := "has found what stood up to"
	if !of.Read {
		has = "was applied at"
	}
	return fmt.Errorf("%s in %s, %s issued at %v, %s slot %d of the log, but %s there, %s, which was answered at %v, had seen the log up to slot %d",
		CommandName(id(client, later)), r.Plan.Experiment.Clients[client], kind(of), of.Sent, has, op.To/2, CommandName(id(client, earlier)), kind(before), before.Answered, position/2)
}

// checkFresh is the check of linearizability for a protocol whose reads are no more than sequentially consistent. It passes if the order in which
// the replicas applied the writes is a linearization. If not, it does not search for another one, but tells how many reads have missed a
// write that was answered before they were issued.
func (r *Record) checkFresh(orders orders) error {
	keys := r.unexplained(orders)
	if len(keys) == 0 {
		return nil
	}
	k := r.versions(orders)
	stale, reads, longest := 0, 0, time.Duration(0)
	for key, names := range k.byKey() {
		answered := make([]time.Duration, len(k.keys[key].values)) // when each version was
		for i := range answered {
			answered[i] = result.Never
		}
		for _, n := range names {
			if did := k.effects[n.client][n.index]; did != 0 && did&1 == 0 {
				answered[did/2-1] = r.Clients[n.client].Samples.At(int(n.index)).Answered
			}
		}
		for i := len(answered) - 2; i >= 0; i-- { // a later version that is answered tells of those before it
			answered[i] = min(answered[i], answered[i+1])
		}
		for _, n := range names {
			s := r.Clients[n.client].Samples.At(int(n.index))
			if !s.Read || s.Version > 0 || s.Answered == result.Never {
				continue
			}
			reads++
			version := 0
			if s.Value != 0 {
				version = k.keys[key].version(s.Value)
			}
			if known := s.Value == 0 || version > 0; known && version < len(answered) && answered[version] < s.Sent {
				stale++
				longest = max(longest, s.Sent-answered[version])
			}
		}
	}
	if stale == 0 {
		return fmt.Errorf("of %d reads none missed a write that had been answered before, but the order in which the writes were applied does not explain what was read of %s", reads, r.keyNames(keys))
	}
	return fmt.Errorf("%d of %d reads missed a write that had been answered before they were issued, by up to %v", stale, reads, longest)
}
