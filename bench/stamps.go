package bench

import (
	"time"

	"quorumbench/protocols"
)

// milestone is a protocols.Mark that a command passes, as a number.
type milestone uint8

const (
	proposed milestone = iota
	prepared
	accepted
	committed
	appliedAt // the driver's mark; when the replica of the client's region applied it, sample.applied tells
	retried
	noMilestone // an event of the replica itself, or in a driver's own word
)

func milestoneOf(event string) milestone {
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
	return noMilestone
}

// stamp says when a command passed a milestone at a site.
type stamp struct {
	in     time.Duration // when the input arrived that led to it; it may have waited for the replica
	out    time.Duration // when what the step wanted was released: durable, and on its way
	seq    uint32
	client uint16
	milestone
}

// mostStamps is how many stamps a site keeps: those of about 200,000 commands of a region, 24 bytes
// each. Beyond, it keeps those of every second command, every fourth, and so on.
const mostStamps = 1 << 20

// stamps are those of one site, in the order in which they came. Which commands they are of depends
// on the commands' numbers alone, so that all sites have those of the same commands.
type stamps struct {
	all   []stamp
	most  int
	every uint32 // a power of two: kept are the commands whose number is a multiple of it
}

// newStamps makes room for the stamps of about so many commands.
func newStamps(most, commands int) *stamps {
	const each = 2 // at a site: four of its own region's, one or two of another's
	return &stamps{all: make([]stamp, 0, min(most, each*commands)), most: most, every: 1}
}

// add notes that a command has passed a milestone.
func (s *stamps) add(m milestone, id protocols.CommandID, in, out time.Duration) {
	if uint32(id.Seq)&(s.every-1) != 0 {
		return
	}
	if len(s.all) >= s.most {
		s.thin(2 * s.every)
		s.add(m, id, in, out)
		return
	}
	s.all = append(s.all, stamp{in: in, out: out, seq: uint32(id.Seq), client: uint16(id.Client), milestone: m})
}

// thin keeps the stamps of those commands whose number is a multiple of every, a power of two.
func (s *stamps) thin(every uint32) {
	if every <= s.every {
		return
	}
	kept := s.all[:0]
	for _, one := range s.all {
		if one.seq&(every-1) == 0 {
			kept = append(kept, one)
		}
	}
	s.all, s.every = kept, every
}
