package flow

import "testing"

func TestEarly(t *testing.T) {
	var e Early[string]
	e.Add(5, "five", 10, 30)
	e.Add(7, "seven", 10, 30)
	e.Add(5, "five again", 20, 30) // takes the other's place: exactly as much as there is room for
	e.Add(9, "nine", 1, 30)        // there is no room
	if after, found := e.First(); after != 5 || !found {
		t.Errorf("the first follows %d, %t", after, found)
	}
	for _, c := range []struct {
		after uint64
		want  string
	}{{9, ""}, {5, "five again"}, {5, ""}, {7, "seven"}} {
		if m, found := e.Take(c.after); m != c.want || found != (c.want != "") {
			t.Errorf("after %d it holds %q, %t; want %q", c.after, m, found, c.want)
		}
	}
	if _, found := e.First(); found || e.bytes != 0 {
		t.Errorf("nothing is left, and it holds %d bytes", e.bytes)
	}
	for i := range uint64(2000) {
		e.Add(i, "m", 0, 30)
	}
	e.DropBefore(1000)
	if after, _ := e.First(); after != 1000 || len(e.held) != 24 {
		t.Errorf("it holds %d messages, the first after %d", len(e.held), after)
	}
}
