// Package flow decides how much one message carries: batches of commands or log entries, and sizes that
// adapt to how fast messages of the last size were answered.
package flow

import "time"

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

// Pace returns the size of the next message, in bytes, from MinBytes to MaxBytes. The last one, of the given
// size, was answered after the given time. The size doubles if that is within timeout, in which an empty
// message is answered, and is halved if it is more than twice the timeout.
func Pace(size int, answered, timeout time.Duration) int {
	switch {
	case answered <= timeout:
		size *= 2
	case answered > 2*timeout:
		size /= 2
	}
	return min(max(size, MinBytes), MaxBytes)
}

// Transmission is how long so many bytes may take on the slowest link, besides the link's delay.
func Transmission(bytes int) time.Duration {
	return time.Duration(bytes) * (time.Second / minRate)
}

// Batch returns the first of the items: as many as fit into one message of MaxBytes by the sizes of their
// commands, and at least one, however large.
func Batch[E any](items []E, size func(E) int) []E { return BatchWithin(MaxBytes, items, size) }

// BatchWithin is Batch for a message of at most maxBytes.
func BatchWithin[E any](maxBytes int, items []E, size func(E) int) []E {
	total := 0
	for i, item := range items {
		total += size(item)
		if total > maxBytes && i > 0 {
			return items[:i]
		}
	}
	return items
}
