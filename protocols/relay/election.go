package relay

import (
	"math/rand/v2"
	"time"

	"quorumbench/protocols"
)

// ElectionTimer tells a replica when to stand for election: when it has heard of no leader for a
// time drawn anew, from one to two times Delays.ElectionTimeout, whenever it begins to wait.
// Replicas that have stood at once are unlikely to do so again (Ongaro and Ousterhout, ATC'14,
// section 5.2). Not safe for use by several goroutines.
type ElectionTimer struct {
	id      protocols.TimerID
	least   time.Duration
	random  *rand.Rand
	timeout time.Duration // the one drawn
	due     time.Duration
}

// NewElectionTimer returns a timer that does not run. The ID is one that the driver uses for
// nothing else.
func NewElectionTimer(c protocols.Config, id protocols.TimerID) *ElectionTimer {
	return &ElectionTimer{
		id:     id,
		least:  c.Delays.ElectionTimeout(),
		random: rand.New(rand.NewPCG(c.Seed, uint64(c.ID))),
	}
}

// Start begins to wait with a new timeout, whether or not the timer is running.
func (t *ElectionTimer) Start(now time.Duration, out *protocols.Outbox) {
	t.timeout = t.least + time.Duration(t.random.Int64N(int64(t.least)))
	t.due = now + t.timeout
	out.SetTimer(t.id, t.timeout)
}

// Heard puts the end of waiting off: there is a leader, or somebody has good hopes to be one. It
// costs no change of the host's timer, which OnTimer sets again for what is left.
func (t *ElectionTimer) Heard(now time.Duration) { t.due = now + t.timeout }

// OnTimer tells whether it is time to stand. A replica that leads need not ask: it starts the
// timer anew when it leads no more.
func (t *ElectionTimer) OnTimer(now time.Duration, out *protocols.Outbox) bool {
	if now < t.due {
		out.SetTimer(t.id, t.due-now)
		return false
	}
	return true
}
