package result

import (
	"slices"
	"time"

	"quorumbench/netem"
)

// Traces are the trace events of all replicas of a run, by command, and what it takes to read them.
type Traces struct {
	hasLeader bool
	link      func(from, to int) netem.LinkConfig
	every     int
	logs      []*TraceLog
	commands  []int
	followed  func(region, seq int) bool
	from      [][]uint32    // of each client: where the events of its i-th kept command begin, among all of its events
	first     int           // the first region whose events are unpacked
	all       []placedEvent // of regions from first on, by command; of one command: by replica, and in the order in which they came
	starts    []int         // where each region's events begin in all, and where the last one's end
}

// placedEvent is a trace event with its replica, of a command that is known.
type placedEvent struct {
	in, out time.Duration
	replica int32
	kind    traceKind
}

// unpackedEvents bounds how many events are unpacked at a time, unless a single region has more.
const unpackedEvents = 1 << 20

// NewTraces brings the trace events of all replicas together; nil if one has none. Of each region's client,
// whose ID is one more than the region's number, commands is how many it has issued, and followed tells
// for the sequence number of one of them, from 1, whether a breakdown is wanted of it. Logs are changed.
func NewTraces(logs []*TraceLog, hasLeader bool, link func(from, to int) netem.LinkConfig, commands []int, followed func(region, seq int) bool) *Traces {
	t := &Traces{hasLeader: hasLeader, link: link, every: 1, logs: logs, commands: commands, followed: followed}
	for _, l := range logs {
		if l == nil {
			return nil
		}
		t.every = max(t.every, int(l.every))
	}
	for _, n := range commands {
		t.from = append(t.from, make([]uint32, n/t.every+2))
	}
	for _, l := range logs {
		l.thin(uint32(t.every))
		for e := range l.all() {
			if region := t.region(&e); region >= 0 {
				t.from[region][int(e.seq)/t.every+1]++
			}
		}
	}
	for _, from := range t.from {
		sum := uint32(0)
		for i := range from {
			sum += from[i]
			from[i] = sum
		}
	}
	return t
}

// region returns the region whose client has issued the event's command, -1 if there is none or no breakdown is wanted.
func (t *Traces) region(e *traceEvent) int {
	region, seq := int(e.client)-1, int(e.seq)
	if region < 0 || region >= len(t.commands) || seq == 0 || seq > t.commands[region] || !t.followed(region, seq) {
		return -1
	}
	return region
}

// unpack unpacks the events of a region, and of those after it while there is room.
func (t *Traces) unpack(region int) {
	t.first, t.starts = region, append(t.starts[:0], 0)
	total := 0
	for i := region; i < len(t.from); i++ {
		n := int(t.from[i][len(t.from[i])-1])
		if i > region && total+n > unpackedEvents {
			break
		}
		total += n
		t.starts = append(t.starts, total)
	}
	t.all = slices.Grow(t.all[:0], total)[:total]
	next := make([][]uint32, len(t.starts)-1)
	for i := range next {
		next[i] = slices.Clone(t.from[region+i])
	}
	for replica, l := range t.logs {
		for e := range l.all() {
			i := t.region(&e) - region
			if i < 0 || i >= len(next) {
				continue
			}
			at := &next[i][int(e.seq)/t.every]
			t.all[t.starts[i]+int(*at)] = placedEvent{e.in, e.out, int32(replica), e.kind}
			*at++
		}
	}
}

// of returns the events of a region's command, whose number is a multiple of every. They are valid until those of
// another region are asked for.
func (t *Traces) of(region, seq int) []placedEvent {
	if i := region - t.first; i < 0 || i+1 >= len(t.starts) {
		t.unpack(region)
	}
	start, from := t.starts[region-t.first], t.from[region]
	return t.all[start+int(from[seq/t.every]) : start+int(from[seq/t.every+1])]
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
