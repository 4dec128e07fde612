package scenario

import (
	"fmt"
	"strings"

	"quorumbench/bench/result"
	"quorumbench/protocols"
)

// anyone stands for any replica in a filter.
const anyone = -1

// filter is LINK MESSAGE of a script.
type filter struct {
	from, to int
	both     bool // directions
	words    []string
}

func (f *filter) matches(from, to int, name string) bool {
	if !begins(strings.Fields(name), f.words) {
		return false
	}
	along := func(from, to int) bool {
		return (f.from == anyone || f.from == from) && (f.to == anyone || f.to == to)
	}
	return along(from, to) || f.both && along(to, from)
}

// begins reports whether the words begin with those of a pattern, in which * is any word.
func begins(words, pattern []string) bool {
	if len(words) < len(pattern) {
		return false
	}
	for i, word := range pattern {
		if word != "*" && word != words[i] {
			return false
		}
	}
	return true
}

// rule loses or holds messages.
type rule struct {
	filter
	verb  string // drop or hold
	text  string // LINK MESSAGE as written, by which it is ended
	once  bool
	share float64

	line  int
	over  bool  // it meets no more messages
	met   bool  // it has met one
	holds []int // messages
}

// applies reports whether the rule acts on a message, and spends it if it acts only once.
func (w *world) applies(r *rule, from, to int, name string) bool {
	if r.over || !r.matches(from, to, name) {
		return false
	}
	r.met = true
	if r.share < 1 && w.losses.Float64() >= r.share {
		return false
	}
	r.over = r.once
	return true
}

func (w *world) addRule(r rule, line int) {
	r.line = line
	w.rules = append(w.rules, &r)
}

// endRules ends the rules of that verb and text, or all rules of that verb if the text is empty, and sends the
// messages that they held.
func (w *world) endRules(verb, text string) error {
	found := false
	for _, r := range w.rules {
		if r.verb != verb || text != "" && r.text != text {
			continue
		}
		found, r.over = true, true
		for _, number := range r.holds {
			w.depart(number)
		}
		r.holds = nil
	}
	if !found {
		return fmt.Errorf("found no %s %s before this line", verb, text)
	}
	return nil
}

func (w *world) partition(groups []int, text string) {
	w.groups = groups
	w.note(Event{Kind: Network, Replica: anyone, Text: "partition " + text})
}

func (w *world) heal() {
	clear(w.groups)
	w.note(Event{Kind: Network, Replica: anyone, Text: "heal"})
}

// transmit sends a message, unless a rule or a partition loses or holds it.
func (w *world) transmit(from, to int, data []byte) {
	m := Message{From: from, To: to, Name: w.script.driver.Describe(data), Sent: w.now()}
	for i := range w.script.hidden {
		m.Hidden = m.Hidden || w.script.hidden[i].matches(from, to, m.Name)
	}
	number := len(w.run.Messages)
	w.run.Messages, w.bytes = append(w.run.Messages, m), append(w.bytes, data)
	lost := w.groups[from] != w.groups[to]
	var holder *rule
	for _, r := range w.rules {
		if !lost && holder == nil && w.applies(r, from, to, m.Name) {
			lost = r.verb == "drop"
			holder = r
		}
	}
	switch {
	case lost:
		w.run.Messages[number].Fate = result.Lost
		w.run.Messages[number].Arrived = w.now() + w.script.delays[from][to]
		w.note(Event{Kind: Dropped, Replica: from, Message: number, Text: fmt.Sprintf("-x R%d %s", to, m.Name)})
		return
	case holder != nil:
		holder.holds = append(holder.holds, number)
	default:
		w.depart(number)
	}
	w.note(Event{Kind: Sent, Replica: from, Message: number, Text: fmt.Sprintf("-> R%d %s", to, m.Name)})
}

// depart lets a message arrive after the link's delay.
func (w *world) depart(number int) {
	m := &w.run.Messages[number]
	w.loop.At(w.now()+w.script.delays[m.From][m.To], func() { w.arrive(number) })
}

func (w *world) arrive(number int) {
	m := &w.run.Messages[number]
	m.Arrived = w.now()
	if !w.hosts[m.To].alive() {
		m.Fate = result.Missed
		w.note(Event{Kind: Unheard, Replica: m.To, Message: number, Text: fmt.Sprintf("x- R%d %s", m.From, m.Name)})
		return
	}
	m.Fate = result.Delivered
	w.note(Event{Kind: Received, Replica: m.To, Message: number, Text: fmt.Sprintf("<- R%d %s", m.From, m.Name)})
	w.step(w.hosts[m.To], protocols.Input{Kind: protocols.InputMessage, From: protocols.NodeID(m.From), Data: w.bytes[number]})
}
