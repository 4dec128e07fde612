package result

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestTraceEventsComeOutOfTheirBytesAsTheyWere(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	events := []traceEvent{
		{},
		{in: 1 << 62, out: 1<<62 + 1, seq: 1<<32 - 1, client: 1<<16 - 1, kind: retried},
		{in: 5, out: 3, seq: 1, client: 2, kind: proposed}, // time has gone back
		{in: Never, out: -time.Second, client: 1<<16 - 1},
	}
	for range 20_000 { // several blocks
		out := time.Duration(random.Int64N(int64(time.Hour)))
		events = append(events, traceEvent{in: out - time.Duration(random.Int64N(1e9)), out: out, seq: random.Uint32(), client: uint16(random.Uint32N(20)), kind: traceKind(random.UintN(uint(notTraced)))})
	}
	var packed packedEvents
	for _, e := range events {
		packed.add(e)
	}
	if len(packed.blocks) < 3 {
		t.Errorf("%d blocks, want several", len(packed.blocks))
	}
	if got := slices.Collect(packed.all()); packed.count != len(events) || !slices.Equal(got, events) {
		t.Errorf("%d of %d events came out, or they have changed", len(got), len(events))
	}
}
