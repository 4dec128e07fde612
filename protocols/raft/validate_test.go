package raft_test

import (
	"math"
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/raft"
	"quorumbench/protocols/snapshot"
)

const huge = math.MaxUint64

// foreign are messages that no replica sends to one in term 2 whose log has three entries.
var foreign = []struct {
	name    string
	message *raft.Message
}{
	{"an empty one", &raft.Message{}},
	{"a candidate's, of a term where sums overflow", requestVote(huge, 3, 2)},
	{"a leader's, of such a term", appendEntries(huge, 3, 2, 3)},
	{"an append where indexes overflow", appendEntries(2, huge, 2, huge, 2)},
	{"a heartbeat there", appendEntries(2, huge, 2, huge)},
	{"entries whose terms fall", appendEntries(2, 2, 1, 3, 2, 1)},
	{"entries of a later term than the leader's", appendEntries(2, 3, 2, 3, 9)},
	{"an append behind an entry of a later term", appendEntries(2, 3, 3, 3)},
	{"an answer beyond the log", appended(2, 4)},
	{"an answer where indexes overflow", appended(2, huge)},
	{"a rejection beyond the log", rejected(2, 4, 0, 1)},
	{"a rejection where indexes overflow", rejected(2, huge, huge, huge)},
	{"a hint behind the append it is about", rejected(2, 3, 0, huge)},
	{"a snapshot of nothing", whole(2, 0, 0, nil)},
	{"a snapshot without a piece", &raft.Message{Term: 2, Kind: &raft.Message_InstallSnapshot{InstallSnapshot: &raft.InstallSnapshot{}}}},
	{"a snapshot where indexes overflow", whole(2, huge, 2, nil)},
	{"a snapshot of a later term", whole(2, 9, 3, nil)},
	{"a question for a snapshot that is not needed", ask(2, huge, huge, 0)},
	{"a confirmation of a round to come", confirmed(2, huge, 0)},
	{"a confirmation from the future", confirmed(2, 0, math.MaxInt64)},
}

// desks are replicas in term 2 with a log of three entries.
var desks = []struct {
	name string
	make func(t *testing.T) *desk
}{
	{"follower", func(t *testing.T) *desk {
		d := newDesk(t, 3, 2, 1, 1, 2)
		d.tell(1, appendEntries(2, 3, 2, 2))
		return d
	}},
	{"leader", func(t *testing.T) *desk {
		d := newDesk(t, 3, 1, 1, 1)
		d.stand()
		d.tell(2, vote(2, true))
		return d
	}},
}

func TestWhatIsNotOursIsSkipped(t *testing.T) {
	for _, at := range desks {
		for _, c := range foreign {
			t.Run(at.name+"/"+c.name, func(t *testing.T) {
				d := at.make(t)
				committed := len(d.commits)
				if d.tell(1, c.message); len(d.out.Sends)+len(d.out.Records) > 0 || len(d.commits) > committed {
					t.Errorf("sends %d messages, writes %v, commits %v", len(d.out.Sends), d.records(), d.commits)
				}
			})
		}
	}
}

func TestNobodyIsHeardWhoIsNone(t *testing.T) {
	for _, from := range []protocols.NodeID{protocols.Nobody, 0, 3} { // the replica is 0 of three
		d := newDesk(t, 3, 1)
		if d.tell(from, requestVote(2, 0, 0)); len(d.out.Sends) > 0 {
			t.Errorf("replica %d gets a vote", from)
		}
	}
}

// A leader's own term has no other leader.
func TestALeaderFollowsNobodyInItsTerm(t *testing.T) {
	d := lead(t)
	for _, m := range []*raft.Message{appendEntries(2, 3, 1, 4, 2), whole(2, 9, 2, state(t, 1))} {
		if sent := d.tell(3, m); len(sent) > 0 || len(d.commits) > 0 {
			t.Errorf("answers %v, commits %v", sent, d.commits)
		}
	}
	d.tell(1, appended(2, 4))
	d.tell(2, appended(2, 4))
	d.expectCommits(1, 2, 3, 4)
}

// A confirmation of a round that has not begun counts neither then nor later.
func TestARoundIsNotConfirmedBeforeItBegins(t *testing.T) {
	d := leadWith(t, protocols.Choices{"reads": "index"})
	d.tell(1, confirmed(2, 2, d.now))
	if d.get(2) {
		t.Error("a read is answered by the confirmation of a round that begins with it")
	}
}

// A whole snapshot of an entry of term 0, which no log has, brings no replica down.
func TestASnapshotOfTermZeroBringsNoReplicaDown(t *testing.T) {
	d := newDesk(t, 3, 2, 1, 1)
	d.tell(1, whole(2, 9, 0, state(t, 10)))
	if sent := d.tell(1, appendEntries(2, 2, 1, 2)); len(sent) != 1 {
		t.Errorf("answers %v", sent)
	}
}

// Whatever numbers a message has, it brings no replica down.
func TestNoNumberBringsAReplicaDown(t *testing.T) {
	const most = 1 << 62 // of the numbers that are taken for a replica's
	numbers := []uint64{0, 1, 2, 3, 4, 9, most - 1, most, most + 1, 1 << 63, huge}
	make := append(desks[:len(desks):len(desks)], []struct {
		name string
		make func(t *testing.T) *desk
	}{
		{"candidate", func(t *testing.T) *desk {
			d := newDeskWith(t, on("revert"), 5, 1, 1, 1, 1)
			d.stand()
			return d
		}},
		{"leader behind a snapshot", func(t *testing.T) *desk {
			d, _ := leadBehindASnapshot(t, 10)
			return d
		}},
	}...)
	for _, at := range make {
		t.Run(at.name, func(t *testing.T) {
			for _, a := range numbers {
				for _, b := range numbers {
					d := at.make(t)
					piece := &snapshot.Piece{Index: a, Offset: b, Size: a}
					for _, term := range []uint64{2, most, huge} {
						for _, m := range []*raft.Message{
							rejected(term, a, b, a), rejected(term, a, 0, b), rejected(term, a, a, b), appended(term, a), ask(term, a, b, int(a)),
							appendEntries(term, a, b, huge), appendEntries(term, a, b, b, 2), appendEntries(term, a, 1, b, b),
							{Term: term, Kind: &raft.Message_InstallSnapshot{InstallSnapshot: &raft.InstallSnapshot{Term: b, Piece: piece}}},
							installSnapshotOf(term, a, b), confirmed(term, a, 0), preVote(term, a, b), preVoted(term, true),
							requestVote(term, a, b), refusal(term, a), revert(term, a), timeoutNow(term),
						} {
							for _, from := range []protocols.NodeID{1, 2} {
								d.tell(from, m)
								raft.Driver.Describe(d.encoded(m))
								d.pulse()
							}
						}
					}
					d.stand()
				}
			}
		})
	}
}

// installSnapshotOf is the first byte of a snapshot that may be of any size.
func installSnapshotOf(term, index, size uint64) *raft.Message {
	m := whole(term, index, 1, []byte{0})
	m.GetInstallSnapshot().Piece.Size = size
	return m
}
