package leadertest

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// BenchmarkWrite measures what a write of 1 KiB costs all of three replicas together, without a
// network: from the command at a follower to its answer there. It reports messages per write.
func BenchmarkWrite(b *testing.B, driver protocols.Driver) {
	type message struct {
		from protocols.NodeID
		protocols.Send
	}
	nodes := make([]protocols.Node, 3)
	var out protocols.Outbox
	var queue []message
	answers, messages := 0, 0
	step := func(at protocols.NodeID, in protocols.Input) {
		in.Now = time.Second
		nodes[at].Step(&in, &out)
		answers += len(out.Answers)
		for _, s := range out.Sends {
			s.Data = append([]byte(nil), s.Data...)
			queue = append(queue, message{at, s})
		}
		out.Reset()
	}
	deliver := func() {
		for i := 0; i < len(queue); i++ {
			m := queue[i]
			messages++
			step(m.To, protocols.Input{Kind: protocols.InputMessage, From: m.from, Data: m.Data})
		}
		queue = queue[:0]
	}
	for id := range nodes {
		nodes[id] = driver.New(driver.MustComplete(protocols.Config{ID: protocols.NodeID(id), Members: protocols.Members(3), Delays: Even(3, ms)}))
		step(protocols.NodeID(id), protocols.Input{Kind: protocols.InputStart})
	}
	deliver()
	command := &kv.Command{Client: 1, Key: []byte("key"), Value: make([]byte, 1024)}
	var data []byte
	messages = 0
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		command.Seq, command.Acked = uint64(i+1), uint64(i+1)
		data, _ = proto.MarshalOptions{}.MarshalAppend(data[:0], command)
		step(1, protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: command.Seq}, Data: data})
		deliver()
	}
	if answers != b.N {
		b.Fatalf("%d answers to %d writes", answers, b.N)
	}
	b.ReportMetric(float64(messages)/float64(b.N), "messages/op")
}
