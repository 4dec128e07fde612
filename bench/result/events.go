package result

import "time"

// TraceEvent is a mark that a replica gave a command.
type TraceEvent struct {
	Replica int
	Mark    string        // proposed, prepared, accepted, committed, applied or retried
	In      time.Duration // when the input arrived that led to the mark; it may have waited for the replica
	Out     time.Duration // when the effects of the step were released
}

var markNames = [...]string{proposed: "proposed", prepared: "prepared", accepted: "accepted", committed: "committed", appliedAt: "applied", retried: "retried"}

// Events are the trace events of a region's command, by its sequence number from 1: by replica, and in the order in which they
// came; none if the events of the command were not kept.
func (t *Traces) Events(region, seq int) []TraceEvent {
	if seq%t.every != 0 {
		return nil
	}
	var all []TraceEvent
	for _, e := range t.of(region, seq) {
		all = append(all, TraceEvent{int(e.replica), markNames[e.kind], e.in, e.out})
	}
	return all
}
