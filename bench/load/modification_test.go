package load

import (
	"math"
	"slices"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

const ms = time.Millisecond

// modifying returns clients that do nothing but read-modify-writes of one key.
func modifying(t *testing.T, more string) *Clients {
	t.Helper()
	return NewClients(&planned(t, "{keys: {count: 1}, timeout: 1s, warmup: 0s, "+more+"}").Load, 1, 0, 0, 3)
}

// issued decodes a command that the clients have made.
func issued(t *testing.T, data []byte) *kv.Command {
	t.Helper()
	var c kv.Command
	if err := protocols.Decode(data, &c); err != nil {
		t.Fatal(err)
	}
	return &c
}

// found encodes a result.
func found(t *testing.T, r *kv.Result) []byte {
	t.Helper()
	data, err := protocols.Append(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A read is followed by a write of the same key; the whole takes from the arrival to the write's answer, and the write from the
// read's answer.
func TestAReadModifyWriteIsAReadAndAWrite(t *testing.T) {
	c := modifying(t, "rmw: {share: 100%}, rate: 1/s")
	first, data := c.Issue(0, 3*ms)
	if read := issued(t, data); read.Op != kv.Op_GET || read.Version != 0 {
		t.Errorf("it begins with %v", read)
	}
	if again, _ := c.Answered(first, found(t, &kv.Result{Version: 7, Value: []byte("old")}), 100*ms); again || !c.Continues(first) {
		t.Error("it does not go on after its read")
	}
	if pending := c.Pending.Load(); pending != 1 {
		t.Errorf("%d commands are waited for between read and write, want 1", pending)
	}
	second, data, intended := c.Continue(first, 104*ms)
	if write := issued(t, data); write.Op != kv.Op_PUT || write.Version != 0 || len(write.Value) != 128 || intended != 100*ms {
		t.Errorf("it goes on with %v at %v", write, intended)
	}
	c.Answered(second, kv.PutResult, 230*ms)
	if c.Continues(second) || c.Pending.Load() != 0 {
		t.Error("it goes on after its write")
	}
	for kind, want := range map[result.Kind][3]time.Duration{
		result.Reads: {100 * ms, 97 * ms, 3 * ms}, result.Writes: {130 * ms, 126 * ms, 4 * ms}, result.ReadModifyWrites: {230 * ms, 227 * ms, 3 * ms},
	} {
		o := c.Operations(kind, c.end())
		if o.Offered != 1 || o.Answered != 1 || o.Response.Max != want[0] || o.Service.Max != want[1] || o.Lag.Max != want[2] {
			t.Errorf("%s: %d offered, %d answered, response %v, service %v, lag %v; want 1, 1, %v",
				kind, o.Offered, o.Answered, o.Response.Max, o.Service.Max, o.Lag.Max, want)
		}
	}
}

// An atomic one names the version after the one that it has read, and begins again if another write has become that version.
func TestAnAtomicReadModifyWriteBeginsAgain(t *testing.T) {
	c := modifying(t, "rate: 1/s, rmw: {share: 100%, atomic: true}")
	id, _ := c.Issue(0, 0)
	at := time.Duration(0)
	for _, version := range []uint64{7, 9} {
		at += 100 * ms
		c.Answered(id, found(t, &kv.Result{Version: version}), at)
		write, data, _ := c.Continue(id, at)
		if named := issued(t, data).Version; named != version+1 {
			t.Errorf("after version %d the write names %d", version, named)
		}
		at += 100 * ms
		if version == 9 {
			c.Answered(write, found(t, &kv.Result{Version: 10}), at)
			id = write
			break
		}
		c.Answered(write, found(t, &kv.Result{Version: 8, Outcome: kv.Outcome_REFUSED}), at)
		if !c.Continues(write) {
			t.Fatal("it does not begin again")
		}
		id, data, _ = c.Continue(write, at)
		if issued(t, data).Op != kv.Op_GET {
			t.Error("it does not read again")
		}
	}
	if o := c.Operations(result.ReadModifyWrites, c.end()); c.Continues(id) || o.Answered != 1 || o.Response.Max != 400*ms {
		t.Errorf("it has taken %v", o.Response.Max)
	}
}

// One whose answer comes too late is an error, and does not go on.
func TestALateReadModifyWriteEnds(t *testing.T) {
	for _, late := range []time.Duration{1000 * ms, 1500 * ms} {
		c := modifying(t, "rmw: {share: 100%}, rate: 1/s")
		id, _ := c.Issue(0, 0)
		c.Answered(id, found(t, &kv.Result{Version: 7}), late)
		if o := c.Operations(result.ReadModifyWrites, c.end()); c.Continues(id) || o.Errors != 1 || c.Pending.Load() != 0 {
			t.Errorf("answered after %v: %d errors, %d are waited for", late, o.Errors, c.Pending.Load())
		}
	}
}

// A client of a closed loop goes on once, after the write, or after the timeout of whatever part had no answer in time.
func TestAClientOfAClosedLoopModifies(t *testing.T) {
	for _, reads := range []time.Duration{300 * ms, 1500 * ms} {
		for _, writes := range []time.Duration{300 * ms, 800 * ms, 1500 * ms} {
			c := modifying(t, "rmw: {share: 100%}, arrivals: closed")
			went := 0
			note := func(again bool, _ time.Duration) {
				if again {
					went++
				}
			}
			id, _ := c.Issue(0, 0)
			if reads < time.Second {
				note(c.Answered(id, found(t, &kv.Result{}), reads))
			}
			note(c.Expired(id, time.Second))
			if reads > time.Second {
				note(c.Answered(id, found(t, &kv.Result{}), reads))
			}
			if c.Continues(id) {
				id, _, _ = c.Continue(id, reads)
				if writes < time.Second {
					note(c.Answered(id, kv.PutResult, reads+writes))
				}
				note(c.Expired(id, reads+time.Second))
				if writes > time.Second {
					note(c.Answered(id, kv.PutResult, reads+writes))
				}
			}
			if went != 1 {
				t.Errorf("read after %v, written after %v: the client goes on %d times", reads, writes, went)
			}
		}
	}
}

// The mixes have the shares that YCSB states.
func TestMixesHaveTheirShares(t *testing.T) {
	for mix, want := range map[string][3]float64{ // of reads, writes and read-modify-writes
		"ycsb-a": {0.5, 0.5, 0}, "ycsb-b": {0.95, 0.05, 0}, "ycsb-c": {1, 0, 0}, "ycsb-d": {0.95, 0.05, 0}, "ycsb-f": {0.5, 0, 0.5},
	} {
		l := &planned(t, "{mix: "+mix+"}").Load
		g := newGenerator(l, 1, 0, 0)
		var c kv.Command
		var got [3]float64
		for range 100_000 {
			switch d := g.fill(&c, nil); {
			case d.modifies:
				got[2]++
			case c.Op == kv.Op_GET:
				got[0]++
			default:
				got[1]++
			}
		}
		for i := range got {
			if n := 100_000 * want[i]; math.Abs(got[i]-n) > 4.5*math.Sqrt(n) {
				t.Errorf("%s: %v of each kind, want shares of %v", mix, got, want)
			}
		}
		latest := mix == "ycsb-d"
		if latest != (l.Keys.Distribution == experiment.Latest) || l.Keys.Exponent != 0.99 || l.ValueSize != 1000 {
			t.Errorf("%s: keys %+v, values of %v", mix, l.Keys, l.ValueSize)
		}
	}
}

// Read-modify-writes change neither arrivals nor keys, and the writes beside them keep their values.
func TestReadModifyWritesChangeNoOtherDraw(t *testing.T) {
	var before []string
	for _, load := range []string{"{reads: 20%}", "{reads: 20%, rmw: {share: 10%}}"} {
		g := newGenerator(&planned(t, load).Load, 1, 0, 0)
		var c kv.Command
		var now []string
		for range 1000 {
			g.fill(&c, nil)
			now = append(now, g.arrival().String()+" "+string(c.Key))
		}
		if before != nil && !slices.Equal(before, now) {
			t.Error("with read-modify-writes, other commands arrive")
		}
		before = now
	}
}
