package lives

import (
	"strings"
	"testing"
	"time"

	"quorumbench/bench/result"
)

// TestWaste holds lives of 100 commands of raft with three replicas against the table.
func TestWaste(t *testing.T) {
	most := usual["raft"][3]
	if most.messages == 0 || most.records == 0 {
		t.Fatal("the table has no raft with three replicas")
	}
	usually := Usage{
		Replicas: 3, Commands: 100, Length: time.Second,
		Messages: uint64(100 * most.messages), Records: uint64(100 * most.records), Leaderships: most.leaderships,
	}
	for _, c := range []struct {
		name   string
		change func(*Usage)
		detail string // empty: nothing is wasted
	}{
		{"as usual", func(*Usage) {}, ""},
		{"a tenth more messages", func(u *Usage) { u.Messages += u.Messages / 10 }, ""},
		{"a fifth more messages", func(u *Usage) { u.Messages += u.Messages / 5 }, "messages a command"},
		{"a fifth more records", func(u *Usage) { u.Records += u.Records / 5 }, "records a command"},
		{"another election", func(u *Usage) { u.Leaderships++ }, "leaderships in 1s"},
	} {
		u := usually
		c.change(&u)
		found, known := waste("raft", u)
		if !known || (found.Verdict == result.Passed) != (c.detail == "") || !strings.Contains(found.Detail, c.detail) {
			t.Errorf("%s: found %+v, known %t; want the detail %q", c.name, found, known, c.detail)
		}
	}
	if _, known := waste("of somebody else", usually); known {
		t.Error("a driver that is not in the table is known")
	}
}
