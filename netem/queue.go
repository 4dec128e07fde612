package netem

import "time"

// Queue holds values until they are due and hands them out in the order (due, order of pushing),
// so that values due at the same time come out first in, first out. It is the calendar of the
// simulator and of the live emulator alike. The zero value is an empty queue. Not safe for use by
// several goroutines.
//
// It is a heap whose nodes have four children: half as deep as a binary one, with the children of
// a node beside each other in memory. Values stay where they are while their places in the heap move; the only
// allocations are the growth of slices.
type Queue[T any] struct {
	heap   []place
	values []T
	free   []uint32 // of values that are not used
	seq    uint64
}

// place is that of a value in the heap.
type place struct {
	due   time.Duration
	seq   uint64
	value uint32 // in Queue.values
}

func (a *place) before(b *place) bool {
	return a.due < b.due || a.due == b.due && a.seq < b.seq
}

const children = 4

// Len is the number of values waiting.
func (q *Queue[T]) Len() int { return len(q.heap) }

// Push adds a value that comes due at the given time.
func (q *Queue[T]) Push(due time.Duration, value T) {
	item := place{due: due, seq: q.seq, value: q.put(value)}
	q.seq++
	q.heap = append(q.heap, item)
	i := len(q.heap) - 1
	for i > 0 {
		parent := (i - 1) / children
		if !item.before(&q.heap[parent]) {
			break
		}
		q.heap[i] = q.heap[parent]
		i = parent
	}
	q.heap[i] = item
}

// put stores a value and returns where.
func (q *Queue[T]) put(value T) uint32 {
	last := len(q.free) - 1
	if last < 0 {
		q.values = append(q.values, value)
		return uint32(len(q.values) - 1)
	}
	at := q.free[last]
	q.free = q.free[:last]
	q.values[at] = value
	return at
}

// take returns a stored value, whose place is then free.
func (q *Queue[T]) take(at uint32) (value T) {
	value, q.values[at] = q.values[at], value // let go of what the value points to
	q.free = append(q.free, at)
	return value
}

// Peek tells when the next value is due; ok is false if the queue is empty.
func (q *Queue[T]) Peek() (due time.Duration, ok bool) {
	if len(q.heap) == 0 {
		return 0, false
	}
	return q.heap[0].due, true
}

// Pop takes the next value out; ok is false if the queue is empty.
func (q *Queue[T]) Pop() (due time.Duration, value T, ok bool) {
	if len(q.heap) == 0 {
		return 0, value, false
	}
	top := q.heap[0]
	last := len(q.heap) - 1
	item := q.heap[last]
	q.heap = q.heap[:last]
	if last > 0 {
		q.sink(item)
	}
	return top.due, q.take(top.value), true
}

// sink puts item into the hole at the root and moves it down to its place.
func (q *Queue[T]) sink(item place) {
	i := 0
	for {
		first := i*children + 1
		if first >= len(q.heap) {
			break
		}
		least := first
		for child := first + 1; child < min(first+children, len(q.heap)); child++ {
			if q.heap[child].before(&q.heap[least]) {
				least = child
			}
		}
		if !q.heap[least].before(&item) {
			break
		}
		q.heap[i] = q.heap[least]
		i = least
	}
	q.heap[i] = item
}
