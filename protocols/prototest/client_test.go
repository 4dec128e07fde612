package prototest_test

import (
	"bytes"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/prototest"
)

// counted is a protocol whose clients count: a client sends its command to both replicas, each applies it
// and tells the client, and the client has its answer when both have told.
type counted struct {
	store   *kv.Store
	applied uint64
}

func (r *counted) Step(in *protocols.Input, out *protocols.Outbox) {
	if in.Kind != protocols.InputMessage {
		return
	}
	id, result := r.store.Apply(in.Data)
	r.applied++
	out.Commit(protocols.Slot{Key: "at each replica", Index: r.applied}, id, bytes.Clone(in.Data))
	out.Send(in.From, &kv.Command{Client: id.Client, Seq: id.Seq, Value: result})
}

type countingClient struct {
	config protocols.ClientConfig
	told   map[protocols.CommandID]int
}

func (c *countingClient) Step(in *protocols.Input, out *protocols.Outbox) {
	switch in.Kind {
	case protocols.InputCommand:
		for _, replica := range c.config.Replicas {
			out.SendEncoded(replica, in.Data)
		}
	case protocols.InputMessage:
		var m kv.Command
		if protocols.Decode(in.Data, &m) != nil {
			return
		}
		id := protocols.CommandID{Client: m.Client, Seq: m.Seq}
		if c.told[id]++; c.told[id] == len(c.config.Replicas) {
			out.Answer(id, m.Value)
		}
	}
}

// A driver may bring a client of its own, which takes part in the protocol.
func TestClientsMayCountAnswers(t *testing.T) {
	const ms = time.Millisecond
	driver := protocols.Driver{
		Name: "counted",
		New:  func(protocols.Config) protocols.Node { return &counted{store: kv.NewStore()} },
		Client: func(c protocols.ClientConfig) protocols.Node {
			return &countingClient{c, map[protocols.CommandID]int{}}
		},
	}
	delays := protocols.Delays{{0, 10 * ms, 5 * ms}, {11 * ms, 0, 7 * ms}, {6 * ms, 8 * ms, 0}}
	c := prototest.NewCluster(t, driver, prototest.Network{Delays: delays, Replicas: 2}, protocols.Nobody, 1)
	beside := c.Put(0, 1, "k", "v")
	c.RunUntilAnswered(time.Second)
	elsewhere := c.Put(2, 2, "k", "w")
	c.RunUntilAnswered(time.Second)
	if got := c.Answers[beside].Latency; got != 21*ms {
		t.Errorf("a client beside R0 waits %v for both, want 21ms", got)
	}
	if got := c.Answers[elsewhere].Latency; got != 15*ms {
		t.Errorf("a client elsewhere waits %v for both, want 15ms", got)
	}
	c.Check()
}
