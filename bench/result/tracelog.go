package result

import (
	"time"

	"quorumbench/protocols"
)

// traceKind is a mark of a command, as a number.
type traceKind uint8

const (
	proposed traceKind = iota
	prepared
	accepted
	committed
	appliedAt // the driver's mark; when the replica of the client's region applied it, Write.Applied tells
	retried
	notTraced // an event of the replica itself, or in a driver's own word
)

func traceKindOf(event string) traceKind {
	switch event {
	case protocols.MarkProposed:
		return proposed
	case protocols.MarkPrepared:
		return prepared
	case protocols.MarkAccepted:
		return accepted
	case protocols.MarkCommitted:
		return committed
	case protocols.MarkApplied:
		return appliedAt
	case protocols.MarkRetried:
		return retried
	}
	return notTraced
}

// traceEvent records that a replica marked a command.
type traceEvent struct {
	in     time.Duration // when the input arrived that led to the mark; it may have waited for the replica
	out    time.Duration // when the effects of the step were released
	seq    uint32
	client uint16
	kind   traceKind
}

// MaxTraceEvents is how many trace events are kept of each replica, of some 8 bytes each: those of about 200,000 commands
// of a region. If there are more, the events of every second command are kept, then of every fourth, and so on.
const MaxTraceEvents = 1 << 20

// TraceLog holds the trace events of one replica, in the order of time. If it cannot keep all, it chooses commands by
// their numbers alone, so that all replicas keep the events of the same commands. Not safe for use by several
// goroutines.
type TraceLog struct {
	most  int
	every uint32 // a power of two: kept are the commands whose number is a multiple of it
	packedEvents
}

// NewTraceLog returns an empty log that keeps at most that many events.
func NewTraceLog(most int) *TraceLog { return &TraceLog{most: most, every: 1} }

// Add records that the replica has marked a command in a step: in is when the step's input arrived, out when its
// effects were released. It returns false if breakdowns do not use the mark.
func (l *TraceLog) Add(mark string, id protocols.CommandID, in, out time.Duration) bool {
	kind := traceKindOf(mark)
	if kind == notTraced {
		return false
	}
	for l.keeps(id) && l.count >= l.most {
		l.thin(2 * l.every)
	}
	if l.keeps(id) {
		l.add(traceEvent{in: in, out: out, seq: uint32(id.Seq), client: uint16(id.Client), kind: kind})
	}
	return true
}

// keeps reports whether the events of a command are kept.
func (l *TraceLog) keeps(id protocols.CommandID) bool { return uint32(id.Seq)&(l.every-1) == 0 }

// Len is how many events are kept.
func (l *TraceLog) Len() int { return l.count }

// thin keeps the events of those commands whose number is a multiple of every, a power of two.
func (l *TraceLog) thin(every uint32) {
	if every <= l.every {
		return
	}
	var kept packedEvents
	for e := range l.all() {
		if e.seq&(every-1) == 0 {
			kept.add(e)
		}
	}
	l.packedEvents, l.every = kept, every
}
