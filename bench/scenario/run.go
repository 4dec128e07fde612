package scenario

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"quorumbench/protocols"
)

// Run is what happened when a script was played.
type Run struct {
	Script   *Script
	Events   []Event   // in the order in which they happened
	Messages []Message // in the order in which they were sent
	End      time.Duration

	world    *world
	issued   []*issued
	breaches []breach // of the driver's promises
}

// breach is a promise that the driver has not kept.
type breach struct {
	at time.Duration
	error
}

func (b breach) Error() string { return "at " + timeName(b.at) + ": " + b.error.Error() }

func (b breach) Unwrap() error { return b.error }

// tells whether the breach is told in words that begin with those of a phrase.
func (b breach) tells(p phrase) bool { return begins(strings.Fields(b.error.Error()), p) }

// EventKind says what has happened.
type EventKind uint8

// The kinds of events.
const (
	Issued    EventKind = iota + 1 // a client hands a command to the replica
	Answered                       // its answer
	Sent                           // Message
	Dropped                        // Message: sent, and lost on its way
	Received                       // Message
	Unheard                        // Message: it arrives while the replica is down
	Applied                        // a command has taken effect, or a no-op has
	Marked                         // what the driver tells of itself
	Crashed                        //
	Restarted                      //
	Network                        // of no replica: a partition, or its end
)

// Event is something that happened, at a replica unless it is of the kind Network.
type Event struct {
	At      time.Duration // virtual, since the run began
	Kind    EventKind
	Replica int    // -1 for Network
	Message int    // the place in Run.Messages, for the kinds that say so
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
	Underway  Fate = iota // when the run ended
	Delivered             //
	Lost                  // on its way
	Missed                // it arrived at a replica that was down
)

// Message is one message of a run.
type Message struct {
	From, To int
	Name     string // as the driver describes it
	Sent     time.Duration
	Arrived  time.Duration // for a lost one, when it would have; of no meaning for one under way
	Fate     Fate
	Hidden   bool // the script asks not to draw it

	data []byte
}

// Trace writes one line an event: the time and what happened.
func (r *Run) Trace(out io.Writer) error {
	for _, e := range r.Events {
		if _, err := fmt.Fprintf(out, "%12s  %v\n", timeName(e.At), e); err != nil {
			return fmt.Errorf("writing the trace of %s: %w", r.Script.Name, err)
		}
	}
	return nil
}

// timeName is a time in milliseconds, to the microsecond.
func timeName(at time.Duration) string {
	return strconv.FormatFloat(float64(at.Round(time.Microsecond))/float64(time.Millisecond), 'f', -1, 64) + "ms"
}

// command returns a command by its ID, nil for a no-op.
func (r *Run) command(id protocols.CommandID) *issued {
	if id.Client == 0 || id.Client > uint64(len(r.issued)) {
		return nil
	}
	return r.issued[id.Client-1]
}
