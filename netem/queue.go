package netem

import "time"

// Queue holds values until they are due and hands them out in the order (due, order of pushing),
// so that values due at the same time come out first in, first out. It is the calendar of the
// simulator and of the live emulator alike. The zero value is an empty queue. Not safe for use by
// several goroutines.
//
// It is a heap whose nodes have four children: half as deep as a binary one, with the children of
// a node beside each other in memory. Values are kept in place, so small ones are best; the only
// allocation is the growth of the slice.
type Queue[T any] struct {
	items []queued[T]
	seq   uint64
}

type queued[T any] struct {
	due   time.Duration
	seq   uint64
	value T
}

func (a *queued[T]) before(b *queued[T]) bool {
	return a.due < b.due || a.due == b.due && a.seq < b.seq
}

const children = 4

// Len is the number of values waiting.
func (q *Queue[T]) Len() int { return len(q.items) }

// Push adds a value that comes due at the given time.
func (q *Queue[T]) Push(due time.Duration, value T) {
	item := queued[T]{due: due, seq: q.seq, value: value}
	q.seq++
	q.items = append(q.items, item)
	i := len(q.items) - 1
	for i > 0 {
		parent := (i - 1) / children
		if !item.before(&q.items[parent]) {
			break
		}
		q.items[i] = q.items[parent]
		i = parent
	}
	q.items[i] = item
}

// Peek tells when the next value is due; ok is false if the queue is empty.
func (q *Queue[T]) Peek() (due time.Duration, ok bool) {
	if len(q.items) == 0 {
		return 0, false
	}
	return q.items[0].due, true
}

// Pop takes the next value out; ok is false if the queue is empty.
func (q *Queue[T]) Pop() (due time.Duration, value T, ok bool) {
	if len(q.items) == 0 {
		return 0, value, false
	}
	top := q.items[0]
	last := len(q.items) - 1
	item := q.items[last]
	q.items[last] = queued[T]{} // let go of what the value points to
	q.items = q.items[:last]
	if last > 0 {
		q.sink(item)
	}
	return top.due, top.value, true
}

// sink puts item into the hole at the root and moves it down to its place.
func (q *Queue[T]) sink(item queued[T]) {
	i := 0
	for {
		first := i*children + 1
		if first >= len(q.items) {
			break
		}
		least := first
		for child := first + 1; child < min(first+children, len(q.items)); child++ {
			if q.items[child].before(&q.items[least]) {
				least = child
			}
		}
		if !q.items[least].before(&item) {
			break
		}
		q.items[i] = q.items[least]
		i = least
	}
	q.items[i] = item
}
