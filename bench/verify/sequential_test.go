package verify

import (
	"strings"
	"testing"

	"quorumbench/bench/result"
	"quorumbench/protocols"
)

// tellLocal is tell for a protocol whose reads are sequentially consistent only.
func tellLocal(replicas int) *told {
	return tellOf(replicas, &protocols.Driver{Name: "told", Options: func(int) any {
		return &struct {
			Reads string `option:"reads" accepts:"local" sequential:"local" help:"how reads are answered"`
		}{"local"}
	}})
}

// Clients may miss what others have written, which is told and no failure. What a client has seen or written it sees again.
func TestSequentialReads(t *testing.T) {
	const key, other = 1, 2
	for _, c := range []struct {
		name  string
		tell  func(r *told)
		fresh string // what the check of linearizability tells; empty: it passes
		order string // what that of sequential consistency tells
	}{
		{"nothing is missed", func(r *told) {
			a := r.write(0, key, 11, 0, 10)
			r.read(1, key, 11, 20, 30)
			r.applyAll(a)
		}, "", ""},
		{"another client's write is missed", func(r *told) {
			a := r.write(0, key, 11, 0, 10)
			r.read(1, key, 0, 25, 30)
			r.read(1, key, 11, 40, 50)
			r.applyAll(a)
		}, "1 of 2 reads missed a write that had been answered before they were issued, by up to 15ns", ""},
		{"a later version that was answered tells of those before it", func(r *told) {
			a, b := r.write(0, key, 11, 0, 90), r.write(0, key, 12, 10, 20)
			r.read(1, key, 0, 25, 30)
			r.applyAll(a, b)
		}, "1 of 1 reads missed", ""},
		{"one sees a write that is under way, and another one does not after that", func(r *told) {
			a := r.write(0, key, 11, 0, 90)
			r.read(1, key, 11, 20, 30)
			r.read(2, key, 0, 40, 50)
			r.applyAll(a)
		}, "of 2 reads none missed a write that had been answered before, but the order in which the writes were applied does not explain what was read of \"key-1\"", ""},
		{"a client misses its own write", func(r *told) {
			a := r.write(0, key, 11, 0, 10)
			r.read(0, key, 0, 20, 30)
			r.applyAll(a)
		}, "1 of 1 reads missed", `command 1.2 in r0, a read of "key-1" issued at 20ns, has found what stood up to slot 0 of the log, but command 1.1 there, a write of "key-1", which was answered at 10ns, had seen the log up to slot 1`},
		{"a client goes back in time", func(r *told) {
			a, b := r.write(0, key, 11, 0, 10), r.write(0, key, 12, 20, 30)
			r.read(1, key, 12, 40, 50)
			r.read(1, key, 11, 60, 70)
			r.applyAll(a, b)
		}, "1 of 2 reads missed", "command 2.2 in r1"},
		{"two reads at the same time need not agree", func(r *told) {
			a, b := r.write(0, key, 11, 0, 10), r.write(0, key, 12, 20, 30)
			r.read(1, key, 12, 40, 70)
			r.read(1, key, 11, 60, 65)
			r.applyAll(a, b)
		}, "1 of 2 reads missed", ""},
		{"a client goes back by way of another key", func(r *told) {
			a, b := r.write(0, key, 11, 0, 10), r.write(0, other, 12, 20, 30)
			r.read(1, other, 12, 40, 50)
			r.read(1, key, 0, 60, 70)
			r.applyAll(a, b)
		}, "1 of 2 reads missed", "command 2.2 in r1"},
		{"a write stands before what its client had read", func(r *told) {
			b := r.write(0, key, 12, 0, 10)
			r.read(1, key, 12, 20, 30)
			a := r.write(1, other, 11, 40, 50)
			r.applyAll(a, b)
		}, "", "command 2.2 in r1, a write of \"key-2\" issued at 40ns, was applied at slot 1 of the log"},
		{"a value that nobody has written", func(r *told) { r.read(1, key, 13, 20, 30) }, "of 1 reads none missed", "has found a value that no replica is known to have applied"},
	} {
		r := tellLocal(3)
		c.tell(r)
		r.verdicts()
		for _, check := range r.checks {
			want, verdict := "", result.Passed
			switch {
			case check.Name == CheckLinearizable && c.fresh != "":
				want, verdict = c.fresh, result.NotPromised
			case check.Name == CheckSequential && c.order != "":
				want, verdict = c.order, result.Failed
			case check.Name == CheckRealTime:
				continue
			}
			if check.Verdict != verdict || !strings.Contains(check.Detail, want) {
				t.Errorf("%s: %s is %s: %s; want %s: %s", c.name, check.Name, check.Verdict, check.Detail, verdict, want)
			}
		}
		if n := len(r.checks); r.checks[n-1].Name != CheckSequential {
			t.Errorf("%s: there is no check of sequential consistency", c.name)
		}
	}
}
