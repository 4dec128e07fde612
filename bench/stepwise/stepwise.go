// Package stepwise tells how one write of a simulated run went, message by message: who sent what to whom, which messages
// the write has caused, and which chain of them its client waited for.
package stepwise

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/load"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
	"quorumbench/bench/verify"
	"quorumbench/netem"
	"quorumbench/protocols"
)

// Pick says which write of a region is wanted.
type Pick string

// The writes that may be wanted.
const (
	Typical Pick = "typical" // the one with the median response time
	Slow    Pick = "slow"    // the one at the 99th percentile
	Slowest Pick = "slowest" // the one that took longest
)

// Picks are all of them.
var Picks = []Pick{Typical, Slow, Slowest}

// Write is how a write went. Times are since its intended arrival.
type Write struct {
	Protocol string        `json:"protocol"` // the label
	Region   string        `json:"region"`
	Pick     Pick          `json:"pick"`
	Number   int           `json:"number"` // among the commands of the region's clients, from 1
	At       time.Duration `json:"at_ns"`  // the intended arrival, since measuring began
	Sent     time.Duration `json:"sent_ns"`
	Response time.Duration `json:"response_ns"`
	Floor    time.Duration `json:"floor_ns"`
	Places   []Place       `json:"places"`   // the experiment's regions
	Messages []Message     `json:"messages"` // between places, in the order in which they were sent
	Left     int           `json:"left_out"` // messages of other commands that are left out, since there are too many
}

// Place is a region of the experiment.
type Place struct {
	Region  string `json:"region"`
	Replica bool   `json:"replica"`
	Leads   bool   `json:"leads"` // by the configuration
}

// Message is a message from one place to another.
type Message struct {
	From    int           `json:"from"` // an index of Places
	To      int           `json:"to"`
	Sent    time.Duration `json:"sent_ns"`
	Arrives time.Duration `json:"arrives_ns"` // of no meaning if it was lost
	Lost    bool          `json:"lost"`
	Text    string        `json:"text"` // the kind first, as the driver describes it
	Part    Part          `json:"part"`
}

// Part is what a message has to do with the write.
type Part string

// The parts.
const (
	Awaited Part = "awaited" // the answer came after it, and because of it
	Caused  Part = "caused"  // the write has caused it, and the answer did not wait for it
	Other   Part = "other"   // it was sent meanwhile for another command, or for none
)

// mostOthers bounds how many messages of other commands are told.
const mostOthers = 60

// Of plays a run of a protocol once more and tells how a write of the clients with that index went. The plan must be for
// the simulated world; with its seed and repeat 0, the write is one of those that bench.Execute has summed up.
func Of(ctx context.Context, plan *experiment.Plan, protocol experiment.Protocol, client int, pick Pick) (*Write, error) {
	if !slices.Contains(Picks, pick) {
		return nil, fmt.Errorf("found %q for which write is wanted; accepted: %v", pick, Picks)
	}
	p, err := play(ctx, plan, protocol)
	if err != nil {
		return nil, err
	}
	w := p.write(client, pick)
	if w == nil {
		return nil, fmt.Errorf("no write from %s was answered under %s", plan.Experiment.Clients[client], protocol.Label)
	}
	return w, nil
}

// Several is Of for the clients of several regions, by their indexes, and for several picks, with a single run. Writes of
// clients that had no answer are left out.
func Several(ctx context.Context, plan *experiment.Plan, protocol experiment.Protocol, clients []int, picks ...Pick) ([]*Write, error) {
	p, err := play(ctx, plan, protocol)
	if err != nil {
		return nil, err
	}
	var all []*Write
	for _, client := range clients {
		for _, pick := range picks {
			if w := p.write(client, pick); w != nil {
				all = append(all, w)
			}
		}
	}
	return all, nil
}

// played is a run, and what its observer has noted.
type played struct {
	plan     *experiment.Plan
	protocol experiment.Protocol
	observer *run.Observer
	record   *verify.Record
}

func play(ctx context.Context, plan *experiment.Plan, protocol experiment.Protocol) (*played, error) {
	p := &played{plan: plan, protocol: protocol, observer: &run.Observer{}}
	var err error
	p.record, err = run.Play(ctx, run.Config{Plan: plan, Protocol: protocol, Observer: p.observer, TraceEvents: result.MaxTraceEvents})
	if err != nil {
		return nil, fmt.Errorf("running %s once more: %w", protocol.Label, err)
	}
	return p, nil
}

// write tells how a write of the clients with that index went, nil if none was answered.
func (p *played) write(client int, pick Pick) *Write {
	e := &p.plan.Experiment
	clients := p.record.Clients[client]
	number := choose(clients, pick)
	if number == 0 {
		return nil
	}
	s := clients.Samples.At(number - 1)
	w := &Write{
		Protocol: p.protocol.Label, Region: e.Clients[client], Pick: pick, Number: number, At: s.Intended - e.Load.Warmup,
		Sent: s.Sent - s.Intended, Response: s.Answered - s.Intended, Floor: p.plan.Floor(p.protocol, client),
	}
	for i, name := range e.Regions {
		w.Places = append(w.Places, Place{Region: name, Replica: i < len(e.Replicas), Leads: name == p.protocol.Leader})
	}
	w.trace(p.observer, protocols.CommandID{Client: clients.ID, Seq: uint64(number)}, s, p.plan.Driver(p.protocol).Describe, len(e.Replicas))
	return w
}

// choose returns the number of the write that is wanted, 0 if no measured write was answered.
func choose(c *load.Clients, pick Pick) int {
	var answered []int
	response := func(number int) time.Duration {
		s := c.Samples.At(number - 1)
		return s.Answered - s.Intended
	}
	for i := range c.Samples.Len() {
		if s := c.Samples.At(i); !s.Read && s.Answered != result.Never && c.Measured(s.Intended) {
			answered = append(answered, i+1)
		}
	}
	if len(answered) == 0 {
		return 0
	}
	slices.SortStableFunc(answered, func(a, b int) int { return cmp.Compare(response(a), response(b)) })
	last := len(answered) - 1
	switch pick {
	case Slowest:
		return answered[last]
	case Slow:
		return answered[last*99/100]
	}
	// Of several that took as long, the first: it is the least disturbed by what others have left behind.
	median := response(answered[last/2])
	return answered[slices.IndexFunc(answered, func(n int) bool { return response(n) == median })]
}

// trace fills in the messages that were under way between the arrival of the write and its answer.
func (w *Write) trace(o *run.Observer, id protocols.CommandID, s *load.Sample, describe func([]byte) string, replicas int) {
	issued, answered := o.Issued[id], o.Answered[id]
	caused, others := map[uint32]bool{issued: true}, map[uint32]bool{}
	for other, event := range o.Issued {
		if other != id {
			others[event] = true // each arrival schedules the next, and yet does not cause it
		}
	}
	awaited := map[uint32]bool{} // events that the answer came after, and because of
	for e := answered; e != 0 && !caused[e] && !others[e]; e = o.Cause(e) {
		awaited[e] = true
	}
	left := mostOthers
	for i := range o.Messages {
		m := &o.Messages[i]
		if m.Sent < s.Intended {
			continue
		}
		if m.Sent > s.Answered {
			break
		}
		one := Message{
			From: m.FromPlace, To: m.ToPlace, Sent: m.Sent - s.Intended, Arrives: m.Due - s.Intended,
			Lost: m.Fate != netem.Delivered, Part: Other,
		}
		if follows(o, m.Cause, caused, others) {
			one.Part = Caused
			if m.Event != 0 {
				caused[m.Event] = true
			}
		}
		if m.Event != 0 && awaited[m.Event] {
			one.Part = Awaited
		}
		if one.Part == Other {
			if left--; left < 0 {
				w.Left++
				continue
			}
		}
		one.Text = text(m, describe, replicas)
		w.Messages = append(w.Messages, one)
	}
}

// follows reports whether an event is one that the write has caused, or follows from one of these within its place, as
// the end of a disk write or of the work on a message does. Others are the events in which other commands were issued.
func follows(o *run.Observer, event uint32, caused, others map[uint32]bool) bool {
	const most = 4 // as long chains are of timers, which set themselves again
	for range most {
		switch {
		case caused[event]:
			return true
		case others[event]:
			return false
		}
		if event = o.Cause(event); event == 0 {
			return false
		}
	}
	return false
}

// text names a message: as the driver does, or, between a client node and a replica, by what it is.
func text(m *run.Observed, describe func([]byte) string, replicas int) string {
	if describe != nil {
		if text := describe(m.Data); text != "" && int(m.From) < replicas && int(m.To) < replicas {
			return text
		}
	}
	switch {
	case int(m.From) >= replicas:
		return "Request"
	case int(m.To) >= replicas:
		return "Answer"
	}
	return fmt.Sprintf("%d bytes", len(m.Data))
}
