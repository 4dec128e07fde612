package prototest

import (
	"maps"
	"slices"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/kv/linear"
	"quorumbench/protocols/kv/sequential"
	"quorumbench/protocols/options"
)

// Check holds the cluster's history against what every driver promises: an answered command stands in
// the agreed order, and no command has taken effect twice. That replicas agree on every slot, and leave
// no gaps, is checked whenever one commits.
func (c *Cluster) Check() {
	c.t.Helper()
	for id, answer := range c.Answers {
		if !c.ordered[id] && !c.history[id].read {
			c.t.Errorf("seed %d: %v was answered, and no replica has committed it", c.seed, id)
		}
		if answer.Count != 1 && !c.history[id].retried && c.Network.Retry == 0 {
			c.t.Errorf("seed %d: %v was answered %d times", c.seed, id, answer.Count)
		}
	}
	switch {
	case c.driver.PromisesNothing:
	case options.AreSequential(c.config(0).Options):
		c.checkSequential()
	default:
		c.checkLinearizable()
	}
	for _, l := range c.Lemmas() {
		if l.Example != "" {
			c.t.Errorf("seed %d: %s: %s", c.seed, l.Statement, l.Example)
		}
	}
}

// Lemmas returns what the protocol rests on, held against all instances so far; nil if its driver tells nothing of that.
func (c *Cluster) Lemmas() []protocols.Lemma {
	if c.watcher == nil {
		return nil
	}
	return c.watcher.Lemmas()
}

// checkLinearizable hands the clients' history to porcupine. A command without an answer may
// have taken effect at any time after it was issued, or never.
func (c *Cluster) checkLinearizable() {
	c.t.Helper()
	var operations []linear.Operation
	for id, issued := range c.history {
		op := linear.Operation{Client: id.Client, Key: issued.key, Read: issued.read, Value: issued.value, Called: issued.at}
		if answer, answered := c.Answers[id]; answered {
			op.Answered, op.Returned = true, answer.At
			if issued.read {
				op.Value = string(answer.Result.Value)
			}
		}
		operations = append(operations, op)
	}
	if linear.Check(operations, 0) != linear.Linearizable {
		c.t.Errorf("seed %d: the clients' history is not linearizable", c.seed)
	}
}

// checkSequential checks that what the clients of each place saw is sequentially consistent with the log. Those of a place share a client
// node, which keeps for all of them together what they have seen.
func (c *Cluster) checkSequential() {
	c.t.Helper()
	places := map[protocols.CommandID]int{} // of the commands in the log, from 1
	written := map[string][]int{}           // the places of each key's writes
	order := c.Order("")
	for i, command := range order {
		id := name(command)
		if issued := c.history[id]; places[id] == 0 && issued != nil {
			places[id] = i + 1
			if !issued.read {
				written[issued.key] = append(written[issued.key], i+1)
			}
		}
	}
	histories := map[protocols.NodeID][]sequential.Operation{}
	names := map[protocols.NodeID][]protocols.CommandID{}
	for _, id := range slices.SortedFunc(maps.Keys(c.Answers), protocols.CommandID.Compare) {
		issued, answer := c.history[id], c.Answers[id]
		op := sequential.Operation{Issued: issued.at, Answered: answer.At}
		switch at, version := places[id], int(answer.Result.GetVersion()); {
		case at > 0:
			op.From, op.To = sequential.At(at), sequential.At(at)
		case !issued.read || version > len(written[issued.key]):
			continue // who has answered it has told, or will tell, more than is known
		default:
			op.From, op.To = sequential.After(0), sequential.After(len(order))
			if version > 0 {
				op.From = sequential.After(written[issued.key][version-1])
			}
			if version < len(written[issued.key]) {
				op.To = sequential.After(written[issued.key][version] - 1)
			}
		}
		histories[issued.to] = append(histories[issued.to], op)
		names[issued.to] = append(names[issued.to], id)
	}
	for place, history := range histories {
		if v := sequential.Check(history); v != nil {
			c.t.Errorf("seed %d: at place %d, %v cannot stand behind %v, which was answered before it was issued", c.seed, place, names[place][v.Later], names[place][v.Earlier])
		}
	}
}

// CheckConverged adds that all living replicas have committed the same slots, but for witnesses, which commit nothing.
func (c *Cluster) CheckConverged() {
	c.t.Helper()
	c.Check()
	most := map[string]uint64{}
	for _, r := range c.Replicas {
		for _, commit := range r.Commits {
			most[commit.Slot.Key] = max(most[commit.Slot.Key], commit.Slot.Index)
		}
	}
	for _, r := range c.Replicas {
		if !r.Alive || c.Network.Witnesses.Has(int32(r.id)) {
			continue
		}
		last := map[string]uint64{}
		for _, commit := range r.Commits {
			last[commit.Slot.Key] = commit.Slot.Index
		}
		if !maps.Equal(last, most) {
			c.t.Errorf("seed %d: replica %d has committed up to %v, another up to %v", c.seed, r.id, last, most)
		}
	}
}

// name tells which command an encoded command is, for messages and comparison.
func name(command []byte) protocols.CommandID {
	var decoded kv.Command
	if protocols.Decode(command, &decoded) != nil {
		return protocols.CommandID{}
	}
	return protocols.CommandID{Client: decoded.Client, Seq: decoded.Seq}
}
