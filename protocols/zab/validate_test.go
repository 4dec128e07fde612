package zab_test

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/snapshot"
	"quorumbench/protocols/zab"
)

// Numbers that no replica of the cluster can have sent do no harm, whatever the role of the one that reads them: it
// sends, writes and applies nothing, and takes no memory for them.
func TestAbsurdNumbersAreSkipped(t *testing.T) {
	const beyond = 1 << 48 // where no history ends, and no epoch's round
	of := &desk{t: t}
	type row struct {
		name    string
		message *zab.Message
	}
	rows := []row{
		{"nothing", &zab.Message{}},
		{"a vote for nobody of the cluster", voteFor(7, 1, 0, 0, 0)},
		{"a vote of no round", voteFor(1, 0, 0, 0, 0)},
		{"a vote with an epoch of nobody", voteFor(1, 1, epoch(3, 9), 0, 0)},
		{"a vote with an epoch beyond", voteFor(1, 1, epoch(beyond, 1), 0, 0)},
		{"ends that fall", ackEpoch(0, end(epoch(2, 1), 5), end(epoch(1, 1), 6))},
		{"ends that turn back", ackEpoch(0, end(epoch(1, 1), 5), end(epoch(2, 1), 4))},
		{"no ends", &zab.Message{Kind: &zab.Message_AckEpoch{AckEpoch: &zab.AckEpoch{}}}},
		{"an epoch of nobody", ackEpoch(epoch(1, 9))},
		{"a later epoch", ackEpoch(epoch(9, 1))},
		{"a history of its own epoch", newLeader(epoch(6, 0), 1)},
		{"epochs that fall", func() *zab.Message {
			m := of.propose(epoch(2, 1), 2, epoch(3, 2), "c", "d")
			m.GetPropose().Transactions[1].Epoch = uint64(epoch(2, 1))
			return m
		}()},
		{"a proposal after a later epoch", of.propose(epoch(9, 1), 2, epoch(9, 1), "c")},
		{"a piece beyond its end", install(60, 9, 10, []byte("ab"))},
		{"a piece of nothing", install(0, 0, 2, []byte("ab"))},
	}
	for _, number := range []uint64{beyond, math.MaxUint64} {
		for _, r := range []row{
			{"vote of round", voteFor(1, number, 0, 0, 0)},
			{"vote with history to", voteFor(1, 1, 0, 0, number)},
			{"new leader after", newLeader(epoch(2, 1), number)},
			{"end", ackEpoch(0, end(epoch(2, 1), number))},
			{"ack", ack(number)},
			{"missing", &zab.Message{Kind: &zab.Message_Missing{Missing: &zab.Missing{Index: number}}}},
			{"commit", commit(number)},
			{"ping, sent", ping(number, 0)},
			{"ping, committed", ping(0, number)},
			{"propose after", of.propose(epoch(2, 1), number, epoch(2, 1), "c")},
			{"synced at", &zab.Message{Kind: &zab.Message_Synced{Synced: &zab.Synced{Client: 1, Seq: 1, Index: number}}}},
			{"piece of", install(number, 0, 10, []byte("a"))},
			{"piece of size", install(60, 0, number, nil)},
		} {
			rows = append(rows, row{fmt.Sprint(r.name, " ", number), r.message})
		}
	}
	records := []*zab.Record{epochs(epoch(5, 1), epoch(2, 1)), of.history(1, epoch(2, 1), "a", "b")}
	for _, role := range []struct {
		name   string
		epoch  protocols.Ballot
		become func() *desk
	}{
		{"one that looks for a leader", epoch(5, 1), func() *desk { return newDesk(t, 3, records...) }},
		{"a follower", epoch(3, 2), func() *desk { return follower(t) }},
		{"a leader in discovery", epoch(6, 0), func() *desk { return elected(t, 3, records...) }},
		{"a leader that synchronises", epoch(6, 0), func() *desk {
			d := elected(t, 3, records...)
			d.tell(1, epoch(6, 0), ackEpoch(epoch(2, 1), end(epoch(2, 1), 1)))
			return d
		}},
		{"a leader", epoch(6, 0), func() *desk {
			d := elected(t, 3, records...)
			d.tell(1, epoch(6, 0), ackEpoch(epoch(2, 1), end(epoch(2, 1), 1)))
			d.tell(1, epoch(6, 0), ackLeader())
			return d
		}},
	} {
		for _, r := range rows {
			for _, of := range []protocols.Ballot{role.epoch, 0, epoch(5, 7), epoch(beyond, 1), math.MaxUint64} {
				d := role.become()
				before := allocated()
				d.tell(2, of, r.message)
				what := fmt.Sprintf("%s, after %q of epoch %v,", role.name, r.name, of)
				if got := allocated() - before; got > 1<<20 {
					t.Fatalf("%s has taken %d kB", what, got>>10)
				}
				if n := len(d.out.Sends) + len(d.out.Records) + len(d.out.Timers) + len(d.out.Commits); n > 0 {
					t.Errorf("%s acts: sends %q", what, d.sent(2))
				}
			}
		}
	}
}

func ping(sent, committed uint64) *zab.Message {
	return &zab.Message{Kind: &zab.Message_Ping{Ping: &zab.Ping{Last: sent, Commit: committed}}}
}

func install(index, offset, size uint64, data []byte) *zab.Message {
	return &zab.Message{Kind: &zab.Message_Install{Install: &zab.Install{Epoch: uint64(epoch(2, 1)), Piece: &snapshot.Piece{
		Index: index, Offset: offset, Size: size, Data: data}}}}
}

// allocated is how many bytes the test has allocated so far.
func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}
