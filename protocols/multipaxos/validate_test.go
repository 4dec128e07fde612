package multipaxos_test

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/multipaxos"
)

// Numbers that no replica of the cluster can have sent do no harm, whatever the role of the one that
// reads them: it does not take memory for them, and works as before.
func TestAbsurdNumbersAreSkipped(t *testing.T) {
	const (
		far    = 1 << 21 // 128 MB of gaps
		beyond = 1 << 48 // where no log ends, and no ballot's round
		end    = math.MaxUint64
	)
	type row struct {
		name    string
		message *multipaxos.Message
		absurd  bool // at the first look, whatever else the replica knows
	}
	state, size := (&desk{t: t}).state()
	rows := []row{
		{"nothing", &multipaxos.Message{}, true},
		{"refusal by nobody", refuse(ballot(5, 7)), true},
		{"refusal beyond", refuse(ballot(beyond, 1)), true},
		{"piece without its end", piece(60, 9, 10, []byte("ab")), true},
		{"piece with more than its end", piece(60, 0, size-1, state), true},
	}
	for _, number := range []uint64{0, far, beyond, end} {
		count, index := number >= beyond, number == 0 || number >= beyond // that there cannot be
		next, cut := promise(), promise()
		next.GetPromise().Next, cut.GetPromise().Truncated = number, number
		for _, r := range []row{
			{"promise of", promise(&multipaxos.Proposal{Index: number, Ballot: 1}), false},
			{"promise with next", next, count},
			{"promise up to", cut, count},
			{"accept with commit", accept(1, number, nil), count},
			{"accepted, count", accepted(1, number), count},
			{"heartbeat of", heartbeat(number), count},
			{"piece of size", piece(60, 0, number, nil), count},
			{"prepare from", prepare(number), index},
			{"accept from", accept(number, 0, nil, nil), index},
			{"accepted from", accepted(number, 1), index},
			{"catch up from", catchUp(number), index},
			{"piece of", piece(number, 0, 10, []byte("a")), index},
		} {
			r.name = fmt.Sprint(r.name, " ", number)
			rows = append(rows, r)
		}
	}
	for _, role := range []struct {
		name     string
		become   func(d *desk)
		promised protocols.Ballot
	}{
		{"one in its first incarnation", func(*desk) {}, ballot(1, 1)},
		{"a follower", func(d *desk) { d.tell(1, ballot(1, 1), accept(1, 1, d.values("a", "b")...)) }, ballot(1, 1)},
		{"one with a truncated log", func(d *desk) { d.chosen(250) }, ballot(1, 1)},
		{"a candidate", func(d *desk) { d.stand() }, ballot(1, 0)},
		{"a leader", func(d *desk) { d.stand(); d.tell(1, ballot(1, 0), promise()) }, ballot(1, 0)},
		{"a leader with a proposal", func(d *desk) { d.stand(); d.tell(1, ballot(1, 0), promise(d.proposal(1, ballot(0, 1), "a"))) }, ballot(1, 0)},
	} {
		for _, r := range rows {
			for _, under := range []protocols.Ballot{role.promised, 0, ballot(5, 7), ballot(beyond, 1), end} {
				d := newDesk(t, 3)
				role.become(d)
				before := allocated()
				r.message.Ballot = uint64(under)
				d.step(protocols.Input{Kind: protocols.InputMessage, From: 2, Data: d.encode(r.message)})
				what := fmt.Sprintf("%s, after %q under %v,", role.name, r.name, under)
				if got := allocated() - before; got > 16<<20 {
					t.Fatalf("%s has taken %d MB", what, got>>20)
				}
				if n := len(d.out.Sends) + len(d.out.Records) + len(d.out.Timers) + len(d.out.Commits); n > 0 && (r.absurd || under != role.promised) {
					t.Errorf("%s acts: %d messages, records, timers, commits", what, n)
				}
				d.stand()
				d.stand()
				commits := len(d.commits)
				high := ballot(beyond/2, 1)
				d.tell(1, high, accept(300, 0, d.value("last")))
				if got, want := d.tell(1, high, prepare(300)), fmt.Sprintf("%v promise 300:%v:last", high, high); got != want {
					t.Errorf("%s answers a prepare by %q", what, got)
				}
				if len(d.commits) != commits {
					t.Errorf("%s takes something for chosen: %v", what, d.commits[commits:])
				}
			}
		}
	}
}

// What is too far away is neither accepted nor taken for a promise; nearer things are.
func TestWhatIsTooFarBehindIsNotAccepted(t *testing.T) {
	const reach = 1 << 20
	d := newDesk(t, 5)
	d.tell(1, ballot(1, 1), accept(1, 1, d.value("a")))
	expect(t, "an accept", d.tell(1, ballot(1, 1), accept(reach, 1, d.values("b", "c")...)), "")
	expect(t, "one that tells what is chosen", d.tell(1, ballot(1, 1), accept(reach+1, 2, d.value("c"))), "1.1 catch up from 2")
	expect(t, "the farthest", d.tell(1, ballot(1, 1), accept(reach, 1, d.value("b"))), "1.1 accepted from 1048576 count 1")

	d = newDesk(t, 5)
	d.stand()
	d.tell(1, ballot(1, 0), promise(d.proposal(reach+2, ballot(0, 1), "a")))
	d.tell(2, ballot(1, 0), promise())
	if len(d.out.Marks) > 0 {
		t.Errorf("a promise that nobody can have made counts: %v", d.out.Marks)
	}
	part := promise(d.proposal(1, ballot(0, 3), "a"), d.proposal(2, ballot(0, 3), "b"))
	part.GetPromise().Next = 3
	expect(t, "a part", d.tell(3, ballot(1, 0), part), "1.0 prepare from 3")
	d.tell(3, ballot(1, 0), promise(d.proposal(20, ballot(0, 3), "c")))
	d.expectMark(protocols.MarkLeading)
}

// allocated is how many bytes the test has allocated so far.
func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}
