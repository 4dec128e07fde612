// Package flow decides how much one message carries: batches of commands or log entries, and sizes that
// adapt to how fast messages of the last size were answered.
package flow

import (
	"cmp"
	"time"
)

const (
	// MinBytes and MaxBytes bound the sizes that Pace returns. A replica that catches up delays the writes of
	// the others, and the heartbeats of its leader, by what a message takes on the link: of MinBytes on a slow
	// link, of MaxBytes on a fast one.
	MinBytes = 1 << 17
	MaxBytes = 1 << 20
	// minRate is the rate of the slowest link over which large messages get through, in bytes per second:
	// 2 Mbit/s.
	minRate = 2_000_000 / 8
)

// Limits are MinBytes and MaxBytes where others are wanted. Tests draw small ones, so that few commands fill a
// message. Zero fields stand for the constants.
type Limits struct {
	MinBytes int
	MaxBytes int
}

// Min is the least size that Pace returns.
func (l Limits) Min() int { return cmp.Or(l.MinBytes, MinBytes) }

// Max is the greatest size of a message, in bytes of commands, entries or pieces. A single larger command is sent
// all the same.
func (l Limits) Max() int { return cmp.Or(l.MaxBytes, MaxBytes) }

// Pace returns the size of the next message, in bytes, from Min to Max. The last one, of the given
// size, was answered after the given time. The size doubles if that is within timeout, in which an empty
// message is answered, and is halved if it is more than twice the timeout.
func (l Limits) Pace(size int, answered, timeout time.Duration) int {
	switch {
	case answered <= timeout:
		size *= 2
	case answered > 2*timeout:
		size /= 2
	}
	return min(max(size, l.Min()), l.Max())
}

// windowMessages is how many largest messages may be under way at a time.
const windowMessages = 8

// MaxWindow is the greatest window: so many bytes may be under way to a replica that catches up.
func (l Limits) MaxWindow() int { return windowMessages * l.Max() }

// Window returns how many bytes may be under way, from Min to MaxWindow, by the rule of Pace with twice its times: a window of
// the given size was open when a message was sent that was answered after the given time. On a long link it grows beyond one
// message, since a replica that gets one message in each round trip does not catch up with what arrives meanwhile. It grows while
// answers take up to two timeouts: the first windows over a connection take longer than later ones, until congestion control
// lets them through, and so do all on a machine that is busy. A link that takes longer for a window, since it is slow, delays a
// heartbeat by four timeouts at most, which is less than an election timeout (protocols.Delays).
func (l Limits) Window(size int, answered, timeout time.Duration) int {
	return Limits{l.Min(), l.MaxWindow()}.Pace(size, answered, 2*timeout)
}

// Transmission is how long so many bytes may take on the slowest link, besides the link's delay.
func Transmission(bytes int) time.Duration {
	return time.Duration(bytes) * (time.Second / minRate)
}

// Batch returns the first of the items: as many as fit into one message of maxBytes by the sizes of their
// commands, and at least one, however large.
func Batch[E any](maxBytes int, items []E, size func(E) int) []E {
	total := 0
	for i, item := range items {
		total += size(item)
		if total > maxBytes && i > 0 {
			return items[:i]
		}
	}
	return items
}
