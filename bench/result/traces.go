package result

import (
	"slices"

	"quorumbench/netem"
)

// Traces are the trace events of all replicas of a run, by command, and what it takes to read them.
type Traces struct {
	hasLeader bool
	link      func(from, to int) netem.LinkConfig
	every     int
	from      [][]uint32    // of each client: where the events of its i-th kept command begin
	all       []placedEvent // of one command: by replica, and in the order in which they came
}

// placedEvent is a trace event with its replica.
type placedEvent struct {
	*traceEvent
	replica int
}

// NewTraces brings the trace events of all replicas together; nil if one has none. Of each region's client,
// whose ID is one more than the region's number, commands is how many it has issued, and followed tells
// for the sequence number of one of them, from 1, whether a breakdown is wanted of it. Logs are changed.
func NewTraces(logs []*TraceLog, hasLeader bool, link func(from, to int) netem.LinkConfig, commands []int, followed func(region, seq int) bool) *Traces {
	t := &Traces{hasLeader: hasLeader, link: link, every: 1}
	for _, l := range logs {
		if l == nil {
			return nil
		}
		t.every = max(t.every, int(l.every))
	}
	for _, n := range commands {
		t.from = append(t.from, make([]uint32, n/t.every+2))
	}
	known := func(e *traceEvent) bool {
		client, seq := int(e.client), int(e.seq)
		return client > 0 && client <= len(commands) && seq > 0 && seq <= commands[client-1] && followed(client-1, seq)
	}
	total := 0
	for _, l := range logs {
		l.thin(uint32(t.every))
		for i := range l.events {
			e := &l.events[i]
			if !known(e) {
				e.seq = 0 // no command's
				continue
			}
			t.from[e.client-1][int(e.seq)/t.every+1]++
			total++
		}
	}
	sum := uint32(0)
	for _, from := range t.from {
		for i := range from {
			sum += from[i]
			from[i] = sum
		}
	}
	t.all = make([]placedEvent, total)
	next := make([][]uint32, len(t.from))
	for i, from := range t.from {
		next[i] = slices.Clone(from)
	}
	for replica, l := range logs {
		for i := range l.events {
			if e := &l.events[i]; e.seq != 0 {
				at := &next[e.client-1][int(e.seq)/t.every]
				t.all[*at] = placedEvent{e, replica}
				*at++
			}
		}
	}
	return t
}

// of returns the events of a region's command, whose number is a multiple of every.
func (t *Traces) of(region, seq int) []placedEvent {
	from := t.from[region]
	return t.all[from[seq/t.every]:from[seq/t.every+1]]
}

// first returns the earliest of the events that are wanted, nil if there is none.
func first(events []placedEvent, wanted func(placedEvent) bool) *placedEvent {
	return extreme(events, wanted, func(a, b *placedEvent) bool { return a.out < b.out })
}

// last returns the latest of the events that are wanted, nil if there is none.
func last(events []placedEvent, wanted func(placedEvent) bool) *placedEvent {
	return extreme(events, wanted, func(a, b *placedEvent) bool { return a.out >= b.out })
}

func extreme(events []placedEvent, wanted func(placedEvent) bool, better func(a, b *placedEvent) bool) *placedEvent {
	var found *placedEvent
	for i := range events {
		if e := &events[i]; wanted(*e) && (found == nil || better(e, found)) {
			found = e
		}
	}
	return found
}
