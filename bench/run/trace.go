package run

import (
	"fmt"
	"time"

	"quorumbench/bench/verify"
	"quorumbench/protocols"
)

// Before implements host.Watcher: it writes a line for the input.
func (r *replica) Before(in *protocols.Input) {
	if r.steps == nil {
		return
	}
	switch in.Kind {
	case protocols.InputRestore, protocols.InputStart:
	case protocols.InputMessage:
		r.traceLine("<- %d  %s", in.From, r.describe(in.Data))
	case protocols.InputTimer:
		r.traceLine("timer %d", in.Timer)
	case protocols.InputCommand:
		r.traceLine("%s from %d", verify.CommandName(in.Command), in.From)
	default:
		r.traceLine("%v", in.Kind)
	}
}

// After implements host.Watcher. Effects get their lines when they are released.
func (r *replica) After(*protocols.Input, *protocols.Outbox) {}

func (r *replica) traceSend(m protocols.Send) {
	if r.steps != nil {
		r.traceLine("  -> %d  %s", m.To, r.describe(m.Data))
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
	r.traceLine("  applies %s at %d%s", verify.CommandName(c.ID), c.Slot.Index, order)
}

func (r *replica) traceMark(m protocols.Mark) {
	if r.steps != nil && m.ID == (protocols.CommandID{}) {
		r.traceLine("  %s", m.Event)
	}
}

func (r *replica) traceAnswer(to protocols.NodeID, a protocols.Answer) {
	if r.steps != nil {
		r.traceLine("  answers %s to %d", verify.CommandName(a.ID), to)
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

// traceLine writes a line of the steps: the time in ms, the replica, and what happens.
func (r *replica) traceLine(format string, args ...any) {
	if r.steps != nil {
		fmt.Fprintf(r.steps, "%10.3f  %d  %s\n", float64(r.Now())/float64(time.Millisecond), r.id, fmt.Sprintf(format, args...))
	}
}
