package etcdraft

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/prototest"
	"quorumbench/protocols/snapshot"
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
	d := &desk{t: t, c: Driver.MustComplete(protocols.Config{ID: 0, Members: protocols.Members(3), Leader: 1, Delays: delays, Seed: 1, SnapshotEvery: 128})}
	d.restart()
	return d
}

func (d *desk) restart() {
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
	d.tell(from, &Message{Stream: 7, Number: number, Kind: &Message_Raft{Raft: encode(m)}})
	return d.to(from)
}

// tell hands the replica a message.
func (d *desk) tell(from protocols.NodeID, m *Message) {
	d.step(protocols.Input{Kind: protocols.InputMessage, From: from, Data: encode(m)})
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

// The library may hand out a snapshot together with the entries after it: these must be on disk before they are
// acknowledged, though the snapshot takes the place of all that was there.
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
		must(d.node.(*replica).node.Step(snap)) // its Ready has the append's entries, too
		acknowledged := uint64(0)
		for _, m := range d.tellNumbered(1, 2, app) {
			if m.GetType() == raftpb.MsgAppResp && !m.GetReject() {
				acknowledged = max(acknowledged, m.GetIndex())
			}
		}
		if acknowledged != 125 {
			t.Fatalf("commit %d: %d was acknowledged, want 125", commit, acknowledged)
		}
		d.restart()
		if last, _ := d.node.(*replica).storage.LastIndex(); last != acknowledged {
			t.Errorf("commit %d: after a restart the log ends at %d, though %d was acknowledged", commit, last, acknowledged)
		}
	}
}

// backUnderLoad returns a cluster of which replica 2, so far from the others, was down from the third
// second on and has just come back; a thousand writes a second go on until the load's end.
func backUnderLoad(t *testing.T, far, back, end time.Duration) *prototest.Cluster {
	const ms = time.Millisecond
	delays := protocols.Delays{{0, 50 * ms, far}, {50 * ms, 0, far}, {far, far, 0}}
	c := prototest.NewCluster(t, Driver, prototest.Network{Delays: delays}, 0, 1)
	c.Run(2 * time.Second)
	i := 0
	for at := 2 * time.Second; at < end; at += ms {
		c.At(at, func() { i++; c.Put(0, uint64(i%20)+1, fmt.Sprint(i%50), "v") })
	}
	c.Run(3 * time.Second)
	c.Crash(2)
	c.Run(back)
	c.Restart(2)
	return c
}

// A snapshot may be behind the leader's log when it arrives: the leader sends another.
func TestAFollowerCatchesUpUnderLoad(t *testing.T) {
	c := backUnderLoad(t, 100*time.Millisecond, 4*time.Second, 8*time.Second)
	c.Run(30 * time.Second)
	leader, follower := c.Replicas[0].Node.(*replica), c.Replicas[2].Node.(*replica)
	if leader.applied < 6000 || follower.applied != leader.applied {
		t.Errorf("the leader has applied %d entries, the follower %d", leader.applied, follower.applied)
	}
}

// Under lasting load a follower needs one snapshot, whatever the load adds while that is on its way.
func TestAFollowerDoesNotLiveOnSnapshots(t *testing.T) {
	c := backUnderLoad(t, 150*time.Millisecond, 7*time.Second, 12*time.Second)
	snapshots := 0
	c.Network.Drop = func(_, to protocols.NodeID, data []byte) bool {
		if to == 2 && strings.HasPrefix(Driver.Describe(data), "Snapshot") && strings.HasSuffix(Driver.Describe(data), "from byte 0") {
			snapshots++
		}
		return false
	}
	c.Run(11 * time.Second)
	leader, follower := c.Replicas[0].Node.(*replica), c.Replicas[2].Node.(*replica)
	if snapshots != 1 || follower.applied+1000 < leader.applied {
		t.Errorf("in the load's fourth second the follower got %d snapshots, and has applied %d entries of %d", snapshots, follower.applied, leader.applied)
	}
}

// reply is what a follower of replica 0 tells it in its second term.
func reply(from protocols.NodeID, kind raftpb.MessageType, index uint64) *raftpb.Message {
	m := msg(kind, 2)
	m.From, m.Index = proto.Uint64(number(from)), proto.Uint64(index)
	return m
}

// lead makes the replica the leader of its second term.
func (d *desk) lead() {
	d.now += time.Hour
	d.step(protocols.Input{Kind: protocols.InputTimer, Timer: electionTimer})
	d.tellNumbered(1, 1, reply(1, raftpb.MsgVoteResp, 0))
}

func (d *desk) put(seq uint64, size int) {
	data, err := proto.Marshal(&kv.Command{Client: 1, Seq: seq, Key: []byte("k"), Value: make([]byte, size)})
	if err != nil {
		d.t.Fatal(err)
	}
	d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: seq}, Data: data})
}

// What the leader keeps for a follower that is behind is bounded by its bytes, and by the time for which
// that one is not heard.
func TestTheLogForAFollowerIsBounded(t *testing.T) {
	for _, c := range []struct {
		name   string
		silent time.Duration // for which the follower that has the leader's first entry only is not heard
		size   int           // of a command
		kept   uint64        // before the tail
	}{
		{"heard", 0, 10, birth + 256 - snapshotTail - 2},
		{"not heard", 2 * time.Second, 10, 0},
		{"heard, and large commands", 0, 1 << 20, 31},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.lead()
			d.tellNumbered(2, 1, reply(2, raftpb.MsgAppResp, 2))
			d.now += c.silent
			d.write(256, c.size)
			r := d.node.(*replica)
			if first, _ := r.bounds(); r.compacted-snapshotTail+1-first != c.kept {
				t.Errorf("of the log before the snapshot of %d, all from %d is kept: %d entries before the tail, want %d",
					r.compacted, first, r.compacted-snapshotTail+1-first, c.kept)
			}
		})
	}
}

// asks hands the replica a follower's question for a piece, and returns the piece that it sends.
func (d *desk) asks(from protocols.NodeID, a *snapshot.Ask) *snapshot.Piece {
	d.tell(from, &Message{Kind: &Message_Ask{Ask: a}})
	return d.piece(from)
}

// piece returns the piece that the last step sent to a follower.
func (d *desk) piece(to protocols.NodeID) *snapshot.Piece {
	for _, s := range d.out.Sends {
		m := &Message{}
		if err := protocols.Decode(s.Data, m); err != nil {
			d.t.Fatal(err)
		}
		if p := m.GetPiece(); p != nil && s.To == to {
			return p.GetPiece()
		}
	}
	return nil
}

// behind makes the replica the leader of more commands of that size than it keeps, of which follower 2 has none.
func (d *desk) behind(size int) {
	d.lead()
	d.now += time.Second // follower 2 is not heard
	d.write(128, size)
	rejected := reply(2, raftpb.MsgAppResp, 1)
	rejected.Reject, rejected.RejectHint = proto.Bool(true), proto.Uint64(1)
	d.tellNumbered(2, 1, rejected)
}

// write has commands of that size committed by follower 1 until a snapshot covers so many entries.
func (d *desk) write(until uint64, size int) {
	r := d.node.(*replica)
	for r.compacted < until {
		last, err := r.storage.LastIndex()
		must(err)
		d.put(last-birth, size)
		d.tellNumbered(1, last, reply(1, raftpb.MsgAppResp, last+1)) // the leader's first entry has no answer
	}
}

// A snapshot of any size is sent in pieces that are no larger than messages may be. When one is given up depends on how long
// it takes on the way (rule 8).
func TestALargeSnapshotIsSentInPieces(t *testing.T) {
	const size = 200 << 10
	d := newDesk(t)
	d.behind(size)
	d.now += time.Second
	ask, pieces := &snapshot.Ask{}, 0
	for ; pieces == 0 || ask.Offset < ask.Size; pieces++ {
		p := d.asks(2, ask)
		if p == nil {
			t.Fatalf("of %d bytes, there is no piece from byte %d", ask.Size, ask.Offset)
		}
		if len(p.Data) > d.c.Limits.Max() {
			t.Errorf("a piece has %d bytes, and a message may have %d", len(p.Data), d.c.Limits.Max())
		}
		after := time.Duration(0)
		for _, change := range d.out.Timers {
			if change.ID == pieceTimer+4 {
				after = change.After
			}
		}
		if least := d.c.AnswerTimeout(2) + flow.Transmission(len(p.Data)); after != least {
			t.Errorf("a piece of %d bytes is given up after %v, want %v", len(p.Data), after, least)
		}
		ask = &snapshot.Ask{Index: p.Index, Offset: p.Offset + uint64(len(p.Data)), Size: p.Size}
		d.now += 10 * time.Millisecond
	}
	if pieces < 2 || ask.Size < size {
		t.Errorf("%d pieces, of %d bytes in all", pieces, ask.Size)
	}
}

// While a follower asks for a snapshot, the log after it is kept, whatever snapshots are taken meanwhile, and the follower goes on with
// the entries after the one that it got (rule 8).
func TestTheLogAfterASnapshotOnOfferIsKept(t *testing.T) {
	d := newDesk(t)
	d.behind(10)
	first := d.asks(2, &snapshot.Ask{})
	if first == nil {
		t.Fatal("there is no piece")
	}
	d.step(protocols.Input{Kind: protocols.InputTimer, Timer: pieceTimer + 4}) // the library takes it for failed
	d.write(256, 10)
	d.tellNumbered(2, 2, reply(2, raftpb.MsgHeartbeatResp, 0)) // it tries again, perhaps with a later one
	d.write(640, 10)
	sent := false
	for _, m := range d.tellNumbered(2, 3, reply(2, raftpb.MsgAppResp, first.Index)) {
		sent = sent || m.GetType() == raftpb.MsgApp && m.GetIndex() == first.Index && len(m.GetEntries()) > 0
	}
	if kept, _ := d.node.(*replica).bounds(); !sent || kept > first.Index+1 {
		t.Errorf("the follower has the snapshot of %d; the log begins with %d; the entries after the snapshot are sent: %v", first.Index, kept, sent)
	}
}

// A follower that has nothing but the first entry, which all have from the start, is offered no other snapshot than that (rule 6).
func TestNoSnapshotIsTakenOfTheFirstEntry(t *testing.T) {
	d := newDesk(t)
	d.lead()
	rejected := reply(2, raftpb.MsgAppResp, 1)
	rejected.Reject, rejected.RejectHint = proto.Bool(true), proto.Uint64(0)
	d.tellNumbered(2, 1, rejected)
	if head := d.piece(2); head.GetIndex() != birth {
		t.Errorf("the snapshot of %d is on offer, want that of %d", head.GetIndex(), birth)
	}
}

// A replica that has applied as much as a snapshot on offer has says so, and asks for none of it (rule 8).
func TestASnapshotThatIsNotNeededIsAnswered(t *testing.T) {
	d := newDesk(t)
	d.tellNumbered(1, 1, msg(raftpb.MsgHeartbeat, 2))
	d.tell(1, &Message{Kind: &Message_Piece{Piece: &Piece{Term: 2, Piece: &snapshot.Piece{Index: birth, Size: 100}}}})
	if sent := d.to(1); len(sent) != 1 || sent[0].GetType() != raftpb.MsgAppResp || sent[0].GetIndex() != birth || sent[0].GetReject() {
		t.Errorf("answers %v", sent)
	}
}

// However many numbers are missing, they are given up at once.
func TestAGapInTheStreamIsGivenUp(t *testing.T) {
	d := newDesk(t)
	d.tellNumbered(1, math.MaxUint64, msg(raftpb.MsgHeartbeat, 2))
	d.now += earlyTimeout
	d.step(protocols.Input{Kind: protocols.InputTimer, Timer: earlyTimer + 2})
	if sent := d.to(1); len(sent) != 1 || sent[0].GetType() != raftpb.MsgHeartbeatResp {
		t.Errorf("answers %v", sent)
	}
}

// A follower that answers nothing is sent a window of bytes, and the rest when it answers (rule 7).
func TestAppendsUnderWayAreBounded(t *testing.T) {
	d := newDesk(t)
	d.c.Limits = flow.Limits{MinBytes: 256, MaxBytes: 256}
	d.restart()
	d.lead()
	d.tellNumbered(2, 1, reply(2, raftpb.MsgAppResp, birth+1)) // the leader's first entry
	sent := func() (bytes int) {
		for _, m := range d.to(2) {
			for _, e := range m.GetEntries() {
				bytes += len(e.GetData())
			}
		}
		return bytes
	}
	underWay := 0
	for seq := range uint64(100) {
		d.put(seq+1, 100)
		underWay += sent()
	}
	most := d.c.Limits.MaxWindow()
	if underWay > most+200 || underWay < most-200 {
		t.Errorf("%d bytes are under way, not about %d", underWay, most)
	}
	d.tellNumbered(2, 2, reply(2, raftpb.MsgAppResp, birth+1+3))
	if more := sent(); more < 200 || more > 600 {
		t.Errorf("after an answer to three entries %d bytes more are sent", more)
	}
}

// Who has granted a vote gives the candidate an election timeout to lead in; who has refused one does not (rule 2).
func TestAGrantedVoteBeginsTheElectionTimeoutAnew(t *testing.T) {
	for _, recent := range []bool{true, false} {
		t.Run(fmt.Sprintf("the candidate's log is recent: %v", recent), func(t *testing.T) {
			d := newDesk(t)
			timeout := d.node.(*replica).election
			due := d.c.Delays.ElectionTimeout() * 2 // the longest that may be drawn
			d.now = due - 1
			vote := msg(raftpb.MsgVote, 5)
			if recent {
				vote.Index, vote.LogTerm = proto.Uint64(birth), proto.Uint64(1)
			}
			answer := d.tellNumbered(1, 1, vote)
			if len(answer) != 1 || answer[0].GetType() != raftpb.MsgVoteResp || answer[0].GetReject() == recent {
				t.Fatalf("answers %v", answer)
			}
			d.now = due
			if stands := timeout.OnTimer(d.now, &d.out); stands == recent {
				t.Errorf("stands when the timeout from the start has passed: %v", stands)
			}
		})
	}
}

func TestDescribeTellsNoIndexThatIsNone(t *testing.T) {
	for _, c := range []struct {
		index uint64
		want  string
	}{{0, "AppResp t2"}, {birth, "AppResp t2 0"}, {5, "AppResp t2 4"}} {
		data, err := proto.Marshal(&Message{Kind: &Message_Raft{Raft: encode(reply(1, raftpb.MsgAppResp, c.index))}})
		if err != nil {
			t.Fatal(err)
		}
		if got := describe(data); got != c.want {
			t.Errorf("index %d: %q, want %q", c.index, got, c.want)
		}
	}
}
