package run

import (
	"context"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// echo is a replica that applies what clients send and tells them so. It keeps no promise to anybody.
type echo struct {
	store   *kv.Store
	applied uint64
}

func (r *echo) Step(in *protocols.Input, out *protocols.Outbox) {
	if in.Kind != protocols.InputMessage {
		return
	}
	id, value := r.store.Apply(in.Data)
	r.applied++
	out.Commit(protocols.Slot{Key: "of each replica", Index: r.applied}, id, nil)
	out.Send(in.From, &kv.Command{Client: id.Client, Seq: id.Seq, Value: value})
}

// counter is a client node that asks all replicas and answers when all have told.
type counter struct {
	replicas []protocols.NodeID
	told     map[protocols.CommandID]int
}

func (c *counter) Step(in *protocols.Input, out *protocols.Outbox) {
	switch in.Kind {
	case protocols.InputCommand:
		for _, id := range c.replicas {
			out.SendEncoded(id, in.Data)
		}
	case protocols.InputMessage:
		var m kv.Command
		if protocols.Decode(in.Data, &m) != nil {
			return
		}
		id := protocols.CommandID{Client: m.Client, Seq: m.Seq}
		if c.told[id]++; c.told[id] == len(c.replicas) {
			out.Answer(id, m.Value)
		}
	}
}

// A driver may bring a client of its own, which counts answers itself. Its messages are plain ones for the
// replicas, over the links, also where there is no replica beside it.
func TestADriversOwnClientCountsAnswers(t *testing.T) {
	const ms = time.Millisecond
	driver := &protocols.Driver{
		Name: "echo",
		New:  func(protocols.Config) protocols.Node { return &echo{store: kv.NewStore()} },
		Client: func(c protocols.ClientConfig) protocols.Node {
			return &counter{replicas: c.Replicas, told: map[protocols.CommandID]int{}}
		},
		Floor: func(c protocols.Config) time.Duration { return c.Delays.MaxRoundTrip() },
	}
	oneWay := [][]time.Duration{{0, 10 * ms, 5 * ms}, {11 * ms, 0, 7 * ms}, {6 * ms, 8 * ms, 0}}
	e := experiment.Experiment{
		World: experiment.Simulated, Protocols: []experiment.Protocol{{Name: driver.Name, Label: driver.Name}}, Repeats: 1,
		Regions: []string{"a", "b", "c"}, Replicas: []string{"a", "b"}, Clients: []string{"a", "c"},
		Load: experiment.Load{
			Arrivals: experiment.Constant, Rate: 10, Duration: 2 * time.Second, Timeout: time.Second,
			Keys: experiment.Keys{Count: 10, Distribution: experiment.Uniform}, ValueSize: 8,
		},
	}
	plan, err := experiment.NewPlan(driver, e, oneWay, noJitter())
	if err != nil {
		t.Fatal(err)
	}
	record, err := Play(context.Background(), Config{Plan: plan, Protocol: plan.Experiment.Protocols[0]})
	if err != nil {
		t.Fatal(err)
	}
	for client, want := range []time.Duration{21 * ms, 15 * ms} { // to the farther replica and back
		samples := &record.Clients[client].Samples
		if samples.Len() < 15 {
			t.Errorf("the clients of %s have issued %d commands", plan.Experiment.Clients[client], samples.Len())
		}
		for i := range samples.Len() {
			s := samples.At(i)
			if s.Answered == result.Never || s.Answered-s.Intended != want {
				t.Fatalf("the clients of %s wait until %v for a command of %v, want %v", plan.Experiment.Clients[client], s.Answered, s.Intended, want)
			}
		}
	}
}

// noJitter is that of three regions.
func noJitter() [][]time.Duration {
	rows := make([][]time.Duration, 3)
	for i := range rows {
		rows[i] = make([]time.Duration, 3)
	}
	return rows
}
