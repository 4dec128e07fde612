package scenario

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"quorumbench/bench/result"
	"quorumbench/protocols"
)

// Run holds the events and the outcome of a script that was played.
type Run struct {
	result.SpaceTime
	Script *Script

	world    *world
	issued   []*issued
	breaches []breach // violations of the contract or of invariants
}

// newRun returns a run without events.
func (s *Script) newRun() *Run {
	return &Run{Script: s, SpaceTime: result.SpaceTime{
		Name: s.Name, Title: s.Title, About: s.About, Protocol: s.Protocol, Replicas: s.Replicas, Parts: s.Parts, End: s.end,
	}}
}

// The types of events are those of package result, which reports draw.
type (
	Event   = result.Event
	Message = result.Message
	Window  = result.Window
)

// The kinds of events.
const (
	Issued    = result.Issued
	Answered  = result.Answered
	Sent      = result.Sent
	Dropped   = result.Dropped
	Received  = result.Received
	Unheard   = result.Unheard
	Applied   = result.Applied
	Marked    = result.Marked
	Crashed   = result.Crashed
	Restarted = result.Restarted
	Network   = result.Network
)

// breach is a violation of the contract or of an invariant.
type breach struct {
	at time.Duration
	error
}

func (b breach) Error() string { return "at " + timeName(b.at) + ": " + b.error.Error() }

func (b breach) Unwrap() error { return b.error }

// matches reports whether the text of the breach begins with the words of a phrase.
func (b breach) matches(p phrase) bool { return begins(strings.Fields(b.error.Error()), p) }

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

// Graph returns the dependencies of the run's instances, with the first so many that were applied; nil if its protocol
// has none.
func (r *Run) Graph(first int) *result.Graph {
	if !r.world.graph.Any() {
		return nil
	}
	var places []string
	for id := range r.Script.Replicas {
		places = append(places, fmt.Sprintf("R%d", id))
	}
	g := r.world.graph.Graph(places, first)
	g.Title = r.Script.Title
	g.About = []string{r.Script.About, fmt.Sprintf("Scenario %s, %s, virtual time.", r.Script.Name, r.Script.Protocol)}
	return g
}

// Lemmas returns what the protocol rests on, and how often it was checked; nil if its driver tells nothing of that.
func (r *Run) Lemmas() []protocols.Lemma {
	if r.world.watcher == nil {
		return nil
	}
	return r.world.watcher.Lemmas()
}
