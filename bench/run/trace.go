package run

import (
	"fmt"
	"time"

	"quorumbench/bench/verify"
	"quorumbench/protocols"
)

// traceInput writes what happens to the replica of a site.
func (s *site) traceInput(in *protocols.Input) {
	if s.trace == nil || s.Node == nil {
		return
	}
	switch in.Kind {
	case protocols.InputMessage:
		s.tell("<- %d  %s", in.From, s.describe(in.Data))
	case protocols.InputTimer:
		s.tell("timer %d", in.Timer)
	case protocols.InputCommand:
		kind := "write"
		if sample := s.clients.Owned(in.Command); sample != nil && sample.Read {
			kind = "read"
		}
		s.tell("%s %s", verify.CommandName(in.Command), kind)
	default:
		s.tell("%v", in.Kind)
	}
}

// traceOutbox writes what the replica wants, when it is durable.
func (s *site) traceOutbox() {
	if s.trace == nil {
		return
	}
	out := s.host.Pending()
	for _, m := range out.Sends {
		s.tell("  -> %d  %s", m.To, s.describe(m.Data))
	}
	for _, c := range out.Commits {
		s.tell("  applies %s at %d%s", verify.CommandName(c.ID), c.Slot.Index, ofKey(c.Slot.Key))
	}
	for _, m := range out.Marks {
		if m.ID == (protocols.CommandID{}) {
			s.tell("  %s", m.Event)
		}
	}
	for _, a := range out.Answers {
		s.tell("  answers %s", verify.CommandName(a.ID))
	}
}

func ofKey(key string) string {
	if key == "" {
		return ""
	}
	return " of " + verify.LogName(key)
}

func (s *site) describe(message []byte) string {
	if s.driver.Describe != nil {
		if text := s.driver.Describe(message); text != "" {
			return text
		}
	}
	return fmt.Sprintf("%d bytes", len(message))
}

// tell writes a line of the trace: the time in ms, the replica, what happens.
func (s *site) tell(format string, args ...any) {
	if s.trace == nil {
		return
	}
	fmt.Fprintf(s.trace, "%10.3f  %d  %s\n", float64(s.world.now())/float64(time.Millisecond), s.id, fmt.Sprintf(format, args...))
}
