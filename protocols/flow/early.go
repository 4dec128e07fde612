package flow

// mostEarly is how many messages an Early holds at most.
const mostEarly = 1024

// Early holds messages that overtook the one before them, by the place in an order that they follow. The zero value is
// empty. Not safe for use by several goroutines.
type Early[M any] struct {
	held  map[uint64]early[M]
	bytes int // of all
}

type early[M any] struct {
	message M
	size    int
}

// Add holds a message that follows a place, in place of another one that does, if there is room: for 1024 messages of
// maxBytes in all. The size of the message is in bytes.
func (e *Early[M]) Add(after uint64, message M, size, maxBytes int) {
	e.Take(after)
	if len(e.held) == mostEarly || e.bytes+size > maxBytes {
		return
	}
	if e.held == nil {
		e.held = map[uint64]early[M]{}
	}
	e.held[after] = early[M]{message, size}
	e.bytes += size
}

// Take removes and returns the message that follows a place, if there is one.
func (e *Early[M]) Take(after uint64) (message M, found bool) {
	m, found := e.held[after]
	if found {
		delete(e.held, after)
		e.bytes -= m.size
	}
	return m.message, found
}

// DropBefore removes the messages that follow a place before the given one.
func (e *Early[M]) DropBefore(place uint64) {
	for after := range e.held {
		if after < place {
			e.Take(after)
		}
	}
}

// First returns the lowest place that a message follows, if there is one.
func (e *Early[M]) First() (after uint64, found bool) {
	for at := range e.held {
		if !found || at < after {
			after, found = at, true
		}
	}
	return after, found
}
