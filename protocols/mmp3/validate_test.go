package mmp3

import (
	"math"
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/snapshot"
)

// busy returns a replica with an instance in every column.
func busy(t testing.TB) *alone {
	a := newAlone(t)
	a.commands(7, 2)
	a.receive(0, &Message{Kind: &Message_Commit{Commit: committedInstance(t, 0, 0, 10)}})
	a.receive(1, &Message{Kind: &Message_Propose{Propose: proposedInstance(t, 1, 0, 10)}})
	return a
}

func TestInvalidMessagesAreDropped(t *testing.T) {
	ours := func(change func(x *Instance)) *Instance {
		x := committedInstance(t, 0, 5, 10)
		change(x)
		return x
	}
	instances := []struct {
		name string
		x    *Instance
	}{
		{"of a fourth column", ours(func(x *Instance) { x.Column = 3 })},
		{"of the last column there could be", ours(func(x *Instance) { x.Column = math.MaxUint32 })},
		{"far beyond what is seen", ours(func(x *Instance) { x.Lsn, x.Deps[0] = 1+maxAhead, 1+maxAhead })},
		{"of the last LSN there could be", ours(func(x *Instance) { x.Lsn, x.Deps[0] = math.MaxUint64, math.MaxUint64 })},
		{"that depends on what is far beyond", ours(func(x *Instance) { x.Deps[1] = math.MaxUint64 })},
		{"that depends on itself", ours(func(x *Instance) { x.Deps[0] = 6 })},
		{"that does not depend on what is before it", ours(func(x *Instance) { x.Deps[0] = 4 })},
		{"without Deps", ours(func(x *Instance) { x.Deps = nil })},
		{"with Deps of two columns", ours(func(x *Instance) { x.Deps = x.Deps[:2] })},
		{"with Deps of four columns", ours(func(x *Instance) { x.Deps = append(x.Deps, 0) })},
		{"with a ballot of a fourth replica", ours(func(x *Instance) { x.Ballot = uint64(protocols.NewBallot(9, 3)) })},
		{"with a ballot above which there is none", ours(func(x *Instance) { x.Ballot = math.MaxUint64 - 63 })},
		{"accepted above what is promised", ours(func(x *Instance) { x.ValueBallot = uint64(protocols.NewBallot(2, 0)) })},
	}
	type foreign struct {
		name string
		from protocols.NodeID
		m    *Message
	}
	var messages []foreign
	for _, each := range instances {
		messages = append(messages,
			foreign{"a proposal " + each.name, 0, &Message{Kind: &Message_Propose{Propose: each.x}}},
			foreign{"an answer " + each.name, 0, &Message{Kind: &Message_Accepted{Accepted: each.x}}},
			foreign{"a commit " + each.name, 0, &Message{Kind: &Message_Commit{Commit: each.x}}},
			foreign{"an instance " + each.name, 0, &Message{Kind: &Message_Committed{Committed: &Committed{More: true, Instances: []*Instance{committedInstance(t, 0, 1, 10), each.x}}}}})
	}
	open := proposedInstance(t, 0, 5, 10)
	messages = append(messages,
		foreign{"nothing", 0, &Message{}},
		foreign{"a commit of what is not accepted", 0, &Message{Kind: &Message_Commit{Commit: open}}},
		foreign{"an answer that is not accepted", 0, &Message{Kind: &Message_Accepted{Accepted: proposedInstance(t, 2, 0, 10)}}},
		foreign{"a commit with an Applied of two columns", 0, &Message{Kind: &Message_Commit{Commit: committedInstance(t, 0, 1, 10)}, CommitApplied: []uint64{1, 1}}},
		foreign{"a refusal of a fourth column", 0, &Message{Kind: &Message_Refused{Refused: &Refused{Column: 3}}}},
		foreign{"a refusal with a ballot above which there is none", 0, &Message{Kind: &Message_Refused{Refused: &Refused{
			Column: 2, Ballot: uint64(protocols.NewBallot(1, 2)), Promised: math.MaxUint64 - 63}}}},
		foreign{"a question about a fourth column", 0, &Message{Kind: &Message_Query{Query: &Query{Stretches: []*Query_Stretch{{Column: 3}}}}}},
		foreign{"an Applied of two columns", 0, &Message{Kind: &Message_Applied{Applied: &Applied{Applied: []uint64{1, 1}, Ask: true}}}},
		foreign{"a Seen without columns", 0, &Message{Kind: &Message_Seen{Seen: &Seen{}}}},
		foreign{"a Seen far beyond", 0, &Message{Kind: &Message_Seen{Seen: &Seen{Seen: []uint64{1, math.MaxUint64, 1}}}}},
		foreign{"a piece of the past", 0, &Message{Kind: &Message_Piece{Piece: &snapshot.Piece{}}}},
		foreign{"a proposal of a fourth replica", 3, &Message{Kind: &Message_Propose{Propose: proposedInstance(t, 0, 1, 10)}}},
		foreign{"a proposal without a sender", protocols.Nobody, &Message{Kind: &Message_Propose{Propose: proposedInstance(t, 0, 1, 10)}}},
		foreign{"a proposal of its own", 2, &Message{Kind: &Message_Propose{Propose: proposedInstance(t, 0, 1, 10)}}},
	)
	for _, each := range messages {
		a := busy(t)
		seen, heard := a.seen, a.peerApplied
		ends := [replicas]uint64{a.columns[0].end(), a.columns[1].end(), a.columns[2].end()}
		a.receive(each.from, each.m)
		if n := len(a.sent.Sends) + len(a.sent.Records) + len(a.sent.Timers) + len(a.sent.Commits) + len(a.sent.Answers); n > 0 {
			t.Errorf("%s has %d effects", each.name, n)
		}
		if now := [replicas]uint64{a.columns[0].end(), a.columns[1].end(), a.columns[2].end()}; a.seen != seen || a.peerApplied != heard || now != ends {
			t.Errorf("%s: seen is %v instead of %v, the columns end at %v instead of %v", each.name, a.seen, seen, now, ends)
		}
	}
}

// A replica that is further behind than messages may name instances asks for the next instance, and so for a snapshot.
func TestAReplicaFarBehindAsksForTheNextInstance(t *testing.T) {
	a := busy(t)
	a.receive(0, &Message{Kind: &Message_Applied{Applied: &Applied{Applied: []uint64{5 * maxAhead, 0, 0}}}})
	if want := (vector{2, 1, 2}); a.seen != want {
		t.Errorf("seen is %v, not %v", a.seen, want)
	}
	for range 2 { // it asks for what it has seen when it set the timer
		a.step(protocols.Input{Kind: protocols.InputTimer, Timer: recoveryTimer})
	}
	for _, peer := range a.peers {
		if len(a.messages(peer)) == 0 {
			t.Errorf("replica %d is not asked", peer)
		}
	}
}

// After any message, the replica is consistent, takes commands, and holds no more than maxAhead allows.
func FuzzMessage(f *testing.F) {
	for _, m := range []*Message{
		{Kind: &Message_Propose{Propose: proposedInstance(f, 0, 1, 10)}},
		{Kind: &Message_Accepted{Accepted: committedInstance(f, 2, 0, 10)}},
		{Kind: &Message_Refused{Refused: &Refused{Column: 2, Ballot: 66, Promised: 128}}},
		{Kind: &Message_Commit{Commit: committedInstance(f, 0, 1, 10)}, CommitApplied: []uint64{1, 2, 3}},
		{Kind: &Message_Query{Query: &Query{Stretches: []*Query_Stretch{{Column: 1, From: 2, End: 9}}, Snapshot: &snapshot.Ask{Index: 1, Offset: 1}}}},
		{Kind: &Message_Committed{Committed: &Committed{Instances: []*Instance{committedInstance(f, 1, 0, 10)}, More: true}}},
		{Kind: &Message_Applied{Applied: &Applied{Applied: []uint64{1, 2, 1}, Ask: true}}},
		{Kind: &Message_Piece{Piece: &snapshot.Piece{Index: 9, Size: 40, Data: encoded(f, &Snapshot{Applied: []uint64{9, 0, 1}, Seen: []uint64{9, 1, 3}, Slots: 9})}}},
		{Kind: &Message_Read{Read: &Read{Number: 1}}},
		{Kind: &Message_Seen{Seen: &Seen{Number: 1, Seen: []uint64{1, 2, 3}}}},
	} {
		data, err := protocols.Append(nil, m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		describe(data)
		a := busy(t)
		for from := range protocols.NodeID(2) {
			a.step(protocols.Input{Kind: protocols.InputMessage, From: from, Data: data})
		}
		for _, timer := range []protocols.TimerID{recoveryTimer, recoveryTimer, appliedTimer} {
			a.step(protocols.Input{Kind: protocols.InputTimer, Timer: timer})
		}
		if err := a.consistent(); err != nil {
			t.Error(err)
		}
		for c := range replicas {
			if held := len(a.columns[c].held); held > 3*maxAhead {
				t.Errorf("column %d has room for %d instances", c, held)
			}
		}
		if a.commands(8, 1); len(a.sent.Sends) != 1 {
			t.Errorf("the next command sends %d messages", len(a.sent.Sends))
		}
	})
}
