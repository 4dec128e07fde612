package result

import (
	"fmt"
	"time"
)

// SpaceTime is the data of a space-time diagram: the events and messages of a scripted run.
type SpaceTime struct {
	Name     string // of the script
	Title    string
	About    string
	Protocol string
	Replicas int
	Parts    []Window  // the parts to draw; empty for all
	Events   []Event   // in the order in which they happened
	Messages []Message // in the order in which they were sent
	End      time.Duration
}

// Window is a part of a run, both ends included, in virtual time since it began.
type Window struct{ From, To time.Duration }

// EventKind says what has happened.
type EventKind uint8

// The kinds of events.
const (
	Issued    EventKind = iota + 1 // a client hands a command to the replica
	Answered                       // its answer
	Sent                           // Message
	Dropped                        // Message: sent, and lost on its way
	Received                       // Message: it arrives
	Unheard                        // Message: it arrives while the replica is down
	Applied                        // a command or a no-op has taken effect
	Marked                         // the driver has marked an event
	Crashed                        // the replica has crashed
	Restarted                      // the replica has started again
	Network                        // of no replica: a partition, or its end
)

// Event is something that happened, at a replica unless it is of the kind Network.
type Event struct {
	At      time.Duration // virtual, since the run began
	Kind    EventKind
	Replica int    // -1 for Network
	Message int    // the place in SpaceTime.Messages, for the kinds that say so
	Text    string // what happened, without the replica
	Routine bool   // a mark that every command gets on its way
}

// String returns what happened as traces print it.
func (e Event) String() string {
	if e.Replica < 0 {
		return e.Text
	}
	return fmt.Sprintf("R%d %s", e.Replica, e.Text)
}

// Fate is what became of a message.
type Fate uint8

// The fates.
const (
	Underway  Fate = iota // it had not arrived when the run ended
	Delivered             // it arrived
	Lost                  // it was lost
	Missed                // it arrived at a replica that was down
)

// Message is one message of a run.
type Message struct {
	From, To int
	Name     string // as the driver describes it
	Sent     time.Duration
	Arrived  time.Duration // when it arrived, or would have if it was lost; meaningless if it is under way
	Fate     Fate
	Hidden   bool // the script asks not to draw it
}
