package run

import (
	"fmt"
	"time"

	"quorumbench/bench/verify"
	"quorumbench/protocols"
)

// Before implements host.Watcher: it writes what happens to the replica.
func (r *replica) Before(in *protocols.Input) {
	if r.steps == nil {
		return
	}
	switch in.Kind {
	case protocols.InputRestore, protocols.InputStart:
	case protocols.InputMessage:
		r.tell("<- %d  %s", in.From, r.describe(in.Data))
	case protocols.InputTimer:
		r.tell("timer %d", in.Timer)
	case protocols.InputCommand:
		r.tell("%s from %d", verify.CommandName(in.Command), in.From)
	default:
		r.tell("%v", in.Kind)
	}
}

// After implements host.Watcher. What the step wants is told when it is let out.
func (r *replica) After(*protocols.Input, *protocols.Outbox) {}

func (r *replica) traceSend(m protocols.Send) {
	if r.steps != nil {
		r.tell("  -> %d  %s", m.To, r.describe(m.Data))
	}
}

func (r *replica) traceCommit(c protocols.Commit) {
	if r.steps == nil {
		return
	}
	order := ""
	if c.Slot.Key != "" {
		order = " of " + verify.LogName(c.Slot.Key)
	}
	r.tell("  applies %s at %d%s", verify.CommandName(c.ID), c.Slot.Index, order)
}

func (r *replica) traceMark(m protocols.Mark) {
	if r.steps != nil && m.ID == (protocols.CommandID{}) {
		r.tell("  %s", m.Event)
	}
}

func (r *replica) traceAnswer(to protocols.NodeID, a protocols.Answer) {
	if r.steps != nil {
		r.tell("  answers %s to %d", verify.CommandName(a.ID), to)
	}
}

func (r *replica) describe(message []byte) string {
	if r.driver.Describe != nil {
		if text := r.driver.Describe(message); text != "" {
			return text
		}
	}
	return fmt.Sprintf("%d bytes", len(message))
}

// tell writes a line of the steps: the time in ms, the replica, what happens.
func (r *replica) tell(format string, args ...any) {
	if r.steps != nil {
		fmt.Fprintf(r.steps, "%10.3f  %d  %s\n", float64(r.Now())/float64(time.Millisecond), r.id, fmt.Sprintf(format, args...))
	}
}
