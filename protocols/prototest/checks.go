package prototest

import (
	"maps"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/kv/linear"
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
	if !c.driver.PromisesNothing {
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
