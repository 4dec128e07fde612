package reports

import (
	"strings"
	"testing"
)

// Beside a bar stands what the table says: of writes without an answer, how long they were waited for at least.
func TestABarOfWritesWithoutAnAnswerIsALowerBound(t *testing.T) {
	r := threeRegions().result()
	one := &r.Runs[0].Regions[0]
	for _, c := range []struct {
		errors             int64
		lowest50, lowest99 bool
	}{{0, false, false}, {one.Offered / 50, false, true}, {one.Offered * 2 / 3, true, true}} {
		one.Errors = c.errors
		b := barOf(viewOf(r).series[0][0], "quick", protocolColor(0))
		if strings.HasPrefix(b.value, "> ") != c.lowest50 || strings.HasPrefix(b.tailText(), "> ") != c.lowest99 {
			t.Errorf("%d of %d without an answer: %q and %q, want lower bounds: %v and %v", c.errors, one.Offered, b.value, b.tailText(), c.lowest50, c.lowest99)
		}
	}
}
