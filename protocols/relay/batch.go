package relay

import "quorumbench/protocols/parcel"

// MaxBatch bounds what one message carries of a log or of waiting commands, in bytes of
// commands. It keeps a replica that catches up from delaying the writes of the others by more
// than a megabyte takes on the link.
const MaxBatch = parcel.MostBytes

// Batch returns the first of the items, as many as fit into one message by the sizes of their
// commands; one always does, however large.
func Batch[E any](items []E, size func(E) int) []E { return BatchWithin(MaxBatch, items, size) }

// BatchWithin is Batch for a message of so many bytes of commands at most.
func BatchWithin[E any](most int, items []E, size func(E) int) []E {
	total := 0
	for i, item := range items {
		total += size(item)
		if total > most && i > 0 {
			return items[:i]
		}
	}
	return items
}
