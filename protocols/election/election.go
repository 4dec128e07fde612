// Package election tells a follower when to stand for election.
package election

import (
	"math/rand/v2"
	"time"

	"quorumbench/protocols"
)

// Timer is a replica's election timer. It fires when the replica has heard of no leader for a random
// timeout, drawn anew by each Start from one to two times Delays.ElectionTimeout, so that replicas that
// stood at the same time are unlikely to do so again (Ongaro and Ousterhout, ATC'14, section 5.2). Not safe
// for use by several goroutines.
type Timer struct {
	id      protocols.TimerID
	least   time.Duration // the shortest timeout that may be drawn
	random  *rand.Rand
	timeout time.Duration // the timeout drawn by the last Start
	due     time.Duration // when the timer fires unless a leader is heard before
}

// NewTimer returns a timer that does not run. The ID must not be used by the driver for anything else.
func NewTimer(c protocols.Config, id protocols.TimerID) *Timer {
	return &Timer{
		id:     id,
		least:  c.Delays.ElectionTimeout(),
		random: rand.New(rand.NewPCG(c.Seed, uint64(c.ID))),
	}
}

// Start draws a new timeout and starts the timer, whether or not it is running.
func (t *Timer) Start(now time.Duration, out *protocols.Outbox) {
	t.timeout = t.least + time.Duration(t.random.Int64N(int64(t.least)))
	t.due = now + t.timeout
	out.SetTimer(t.id, t.timeout)
}

// Heard restarts the timeout, because the replica has heard from a leader or has granted a vote. It does
// not set the host's timer again: OnTimer does, for the time that is left.
func (t *Timer) Heard(now time.Duration) { t.due = now + t.timeout }

// OnTimer handles the host's timer. It returns true if the replica shall stand for election. A leader
// need not call it, and calls Start when it is deposed.
func (t *Timer) OnTimer(now time.Duration, out *protocols.Outbox) bool {
	if now < t.due {
		out.SetTimer(t.id, t.due-now)
		return false
	}
	return true
}
