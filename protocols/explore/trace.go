package explore

import (
	"fmt"
	"slices"
	"strings"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// trace tells how a state came about.
func (s *search) trace(at uint32) []string {
	var lines []string
	for at != 0 {
		o := s.states.origin(at)
		replica, e := o.unpack()
		lines = append(lines, s.line(o.from, replica, e))
		at = o.from
	}
	slices.Reverse(lines)
	return lines
}

// line tells of an event at a replica, and what it did.
func (s *search) line(from uint32, replica int, e event) string {
	switch e.kind {
	case delay:
		l := s.letters.all[e.number]
		return fmt.Sprintf("R%d  is to wait for the message from R%d: %s", l.to, l.from, s.letterName(e.number))
	case cut:
		return fmt.Sprintf("R%d  is cut off", replica)
	case heal:
		return fmt.Sprintf("R%d  is cut off no more", replica)
	}
	x := s.states.get(from)
	was := s.local(&x, replica)
	result := s.after(s.cells.all[x.cells[replica]].local, e)
	is := s.locals[result.next]
	var text strings.Builder
	fmt.Fprintf(&text, "R%d  ", replica)
	switch e.kind {
	case arrive:
		if s.letters.all[e.number].data == endOfWrite {
			text.WriteString("what was being written is durable")
			break
		}
		fmt.Fprintf(&text, "from R%d: %s", s.letters.all[e.number].from, s.letterName(e.number))
	case fire:
		fmt.Fprintf(&text, "timer %s", s.timerName(was.timers[e.number].id))
	case issue:
		fmt.Fprintf(&text, "client: %s", s.commandName(e.number))
	case ask:
		fmt.Fprintf(&text, "operator: %s", s.cluster.Requests[e.number].Text)
	case crash:
		text.WriteString("crashes and is restored")
	case pause:
		text.WriteString("hears nothing for a long time")
	}
	var effects []string
	sent := map[uint32]bool{}
	for _, m := range result.sends {
		if sent[m] {
			continue
		}
		sent[m] = true
		if s.letters.all[m].data == endOfWrite {
			effects = append(effects, "writes to its disk")
			continue
		}
		effects = append(effects, fmt.Sprintf("to R%d: %s", s.letters.all[m].to, s.letterName(m)))
	}
	for _, o := range is.orders {
		known := 0
		if i := slices.IndexFunc(was.orders, func(w order) bool { return w.key == o.key }); i >= 0 {
			known = len(was.orders[i].applied)
		}
		for _, what := range o.applied[known:] {
			effects = append(effects, "applies "+s.placeName(what))
		}
	}
	for i := range s.commands {
		bit := uint8(1) << i
		switch {
		case (is.answered&^was.answered|was.pending&^is.pending)&bit == 0 || e.kind == crash:
		case s.reads&bit != 0:
			effects = append(effects, fmt.Sprintf("answers %s with version %d", s.commandName(uint32(i)), is.results[i].version))
		default:
			effects = append(effects, "answers "+s.commandName(uint32(i)))
		}
	}
	if len(effects) > 0 {
		text.WriteString("  →  " + strings.Join(effects, "; "))
	}
	return text.String()
}

func (s *search) letterName(number uint32) string {
	if s.letters.all[number].data == endOfWrite {
		return "the end of its write"
	}
	if s.cluster.Driver.Describe == nil {
		return fmt.Sprintf("message %d", number)
	}
	return s.cluster.Driver.Describe([]byte(s.letters.all[number].data))
}

func (s *search) timerName(id protocols.TimerID) string {
	if s.cluster.TimerName == nil {
		return fmt.Sprint(uint64(id))
	}
	return s.cluster.TimerName(id)
}

func (s *search) commandName(number uint32) string { return kv.Describe(s.commands[number]) }

func (s *search) placeName(what uint8) string {
	switch what {
	case noop:
		return "a no-op"
	case unknown:
		return "what it was not told"
	}
	return s.commandName(uint32(what) - 1)
}
