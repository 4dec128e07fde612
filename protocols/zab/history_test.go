package zab

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// A no-op has no command, and takes room in a message all the same.
func TestAMessageHasFewNoOps(t *testing.T) {
	h := history{transactions: make([]transaction, 1000)}
	if got := len(h.from(1, 10*transactionOverhead)); got != 10 {
		t.Errorf("a message of %d bytes has %d no-ops, want 10", 10*transactionOverhead, got)
	}
}

// With reads: sync, a replica whose clients only read takes snapshots, too, and forgets the no-ops.
func TestNoOpsLeadToSnapshots(t *testing.T) {
	node := newReplica(Driver.MustComplete(protocols.Config{
		Members: protocols.Members(1), Delays: protocols.Delays{{0}}, Options: protocols.Choices{"reads": "sync"}})).(*replica)
	snapshots := 0
	step := func(in *protocols.Input) {
		var out protocols.Outbox
		node.Step(in, &out)
		for i := 0; i < len(out.Notices); i++ {
			node.Step(&protocols.Input{Kind: protocols.InputDurable, Notice: out.Notices[i]}, &out)
		}
		for _, r := range out.Records {
			if r.Snapshot {
				snapshots++
			}
		}
	}
	step(&protocols.Input{Kind: protocols.InputStart})
	run := func(from, to uint64, op kv.Op) {
		for seq := from; seq < to; seq++ {
			data, err := proto.Marshal(&kv.Command{Client: 1, Seq: seq, Acked: seq, Op: op, Key: []byte("k")})
			if err != nil {
				t.Fatal(err)
			}
			step(&protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: seq}, Data: data})
		}
	}
	const writes, reads = 12_000, 35_000
	run(1, writes, kv.Op_PUT)
	if snapshots != 1 {
		t.Fatalf("%d snapshots after %d writes, want 1", snapshots, writes)
	}
	run(writes, writes+reads, kv.Op_GET)
	if snapshots != 4 {
		t.Errorf("%d snapshots after %d reads more, want 4", snapshots, reads)
	}
	if held := len(node.history.transactions); held > 25_000 {
		t.Errorf("holds %d transactions", held)
	}
}
