package etcdraft

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/prototest"
)

// desk is replica 0 of three, alone: the test plays the others, and the disk.
type desk struct {
	t    *testing.T
	c    protocols.Config
	node protocols.Node
	out  protocols.Outbox
	now  time.Duration
	disk [][]byte
}

func newDesk(t *testing.T) *desk {
	delays := make(protocols.Delays, 3)
	for i := range delays {
		delays[i] = make([]time.Duration, 3)
	}
	d := &desk{t: t, c: protocols.Config{ID: 0, Replicas: 3, Leader: 1, Delays: delays, Seed: 1}}
	d.life()
	return d
}

func (d *desk) life() {
	d.node = Driver.New(d.c)
	d.c.Seed++
	for _, r := range d.disk {
		d.step(protocols.Input{Kind: protocols.InputRestore, Data: r})
	}
	d.step(protocols.Input{Kind: protocols.InputStart})
}

func (d *desk) step(in protocols.Input) {
	d.out.Reset()
	in.Now = d.now
	d.node.Step(&in, &d.out)
	for _, r := range d.out.Records {
		if r.Snapshot {
			d.disk = nil
		}
		d.disk = append(d.disk, bytes.Clone(r.Data))
	}
}

func (d *desk) tellNumbered(from protocols.NodeID, number uint64, m *raftpb.Message) []*raftpb.Message {
	data, err := proto.Marshal(&Message{Stream: 7, Number: number, Kind: &Message_Raft{Raft: encode(m)}})
	if err != nil {
		d.t.Fatal(err)
	}
	d.step(protocols.Input{Kind: protocols.InputMessage, From: from, Data: data})
	return d.to(from)
}

func (d *desk) to(to protocols.NodeID) (all []*raftpb.Message) {
	for _, s := range d.out.Sends {
		m := &Message{}
		if err := protocols.Decode(s.Data, m); err != nil {
			d.t.Fatal(err)
		}
		if raw, ok := m.Kind.(*Message_Raft); ok && s.To == to {
			inner := &raftpb.Message{}
			decode(raw.Raft, inner)
			all = append(all, inner)
		}
	}
	return all
}

// msg is a message of replica 1.
func msg(kind raftpb.MessageType, term uint64) *raftpb.Message {
	return &raftpb.Message{Type: kind.Enum(), From: proto.Uint64(2), To: proto.Uint64(1), Term: proto.Uint64(term)}
}

// An append that has overtaken the snapshot before it is taken in the same step: what it brought must
// be on disk before it is acknowledged, though the snapshot takes the place of all that was there.
func TestEntriesBehindASnapshotAreDurable(t *testing.T) {
	for _, commit := range []uint64{124, 125} {
		d := newDesk(t)
		app := msg(raftpb.MsgApp, 2)
		app.Index, app.LogTerm, app.Commit = proto.Uint64(124), proto.Uint64(2), proto.Uint64(commit)
		app.Entries = []*raftpb.Entry{{Index: proto.Uint64(125), Term: proto.Uint64(2)}}
		snap := msg(raftpb.MsgSnap, 2)
		snap.Snapshot = &raftpb.Snapshot{Data: kv.NewStore().Snapshot(), Metadata: &raftpb.SnapshotMetadata{
			Index: proto.Uint64(124), Term: proto.Uint64(2), ConfState: &raftpb.ConfState{Voters: []uint64{1, 2, 3}},
		}}
		d.tellNumbered(1, 1, msg(raftpb.MsgHeartbeat, 2))
		d.tellNumbered(1, 3, app)
		acknowledged := uint64(0)
		for _, m := range d.tellNumbered(1, 2, snap) {
			if m.GetType() == raftpb.MsgAppResp && !m.GetReject() {
				acknowledged = max(acknowledged, m.GetIndex())
			}
		}
		if acknowledged != 125 {
			t.Fatalf("commit %d: %d was acknowledged, want 125", commit, acknowledged)
		}
		d.life()
		if last, _ := d.node.(*replica).storage.LastIndex(); last != acknowledged {
			t.Errorf("commit %d: after a restart the log ends at %d, though %d was acknowledged", commit, last, acknowledged)
		}
	}
}

// A snapshot may be behind the leader's log when it arrives: the leader sends another.
func TestAFollowerCatchesUpUnderLoad(t *testing.T) {
	const ms = time.Millisecond
	delays := protocols.Delays{{0, 50 * ms, 100 * ms}, {50 * ms, 0, 100 * ms}, {100 * ms, 100 * ms, 0}}
	c := prototest.NewCluster(t, Driver, prototest.Network{Delays: delays}, 0, 1)
	c.Run(2 * time.Second)
	i := 0
	for at := 2 * time.Second; at < 8*time.Second; at += ms {
		c.At(at, func() { i++; c.Put(0, uint64(i%20)+1, fmt.Sprint(i%50), "v") })
	}
	c.Run(3 * time.Second)
	c.Crash(2)
	c.Run(4 * time.Second)
	c.Restart(2)
	c.Run(30 * time.Second)
	leader, follower := c.Replicas[0].Node.(*replica), c.Replicas[2].Node.(*replica)
	if leader.applied < 6000 || follower.applied != leader.applied {
		t.Errorf("the leader has applied %d entries, the follower %d", leader.applied, follower.applied)
	}
}
