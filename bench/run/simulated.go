package run

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/netem"
	"quorumbench/netem/sim"
	"quorumbench/protocols/slab"
)

// simWorld is the world of simulated runs: virtual time and one event loop for all places. A message passes the
// link model as it is, without packets or a transport protocol.
type simWorld struct {
	loop  sim.Loop[placeEvent]
	links [][]*netem.Link
	net   *result.NetworkRun
	slab  slab.Slab // for messages on their way

	observer *Observer // nil without one

	doubled float64    // the share of messages that arrive twice
	random  *rand.Rand // decides which messages arrive twice
}

// placeEvent is an event of a place, or a function to call if place is noPlace.
type placeEvent struct {
	place  int32
	number uint32 // for an Observer, from 1 on; 0 without one
	event
}

const noPlace = -1

func (w *simWorld) now() time.Duration { return w.loop.Now() }

func (w *simWorld) at(due time.Duration, place int, e event) {
	w.loop.At(due, placeEvent{int32(place), w.observer.scheduled(), e})
}

func (w *simWorld) do(due time.Duration, f func()) {
	w.loop.At(due, placeEvent{noPlace, 0, event{do: f}})
}

func (w *simWorld) change(from, to int, config netem.LinkConfig) {
	w.links[from][to].SetConfig(config)
}

func (w *simWorld) send(from, to int, messages []message) {
	for _, m := range messages {
		w.net.Bytes += uint64(len(m.data))
		due, fate := w.links[from][to].Transmit(w.loop.Now(), len(m.data))
		w.observer.sent(from, to, m, w.loop.Now(), due, fate)
		switch fate {
		case netem.Lost:
			if w.links[from][to].Config().IsCut() {
				w.net.Cut++
			} else {
				w.net.Lost++
			}
		case netem.Dropped:
			w.net.Dropped++
		default:
			e := event{kind: messageEvent, from: m.from, to: m.to, data: w.slab.Clone(m.data)}
			w.at(due, to, e)
			if w.doubled > 0 && w.random.Float64() < w.doubled {
				late := MaxDuplicateDelay * w.random.Float64() * float64(due-w.loop.Now())
				w.at(due+time.Duration(late), to, e)
			}
		}
	}
}

// MaxDuplicateDelay bounds how late the second copy of a doubled message arrives: up to ten times the delay of
// the first, which is enough for the state of the receiver to change in between.
const MaxDuplicateDelay = 10

// displayUpdates is about how often Watch is called during a simulated run.
const displayUpdates = 200

// simulate runs the protocol in virtual time.
func (r *running) simulate(ctx context.Context) error {
	w := &simWorld{
		net: &r.record.Network, doubled: float64(r.costs().Doubled),
		random: rand.New(rand.NewPCG(r.worldSeed(), 3<<62)), observer: r.Observer,
	}
	n := len(r.Plan.Experiment.Regions)
	for from := range n {
		w.links = append(w.links, nil)
		for to := range n {
			w.links[from] = append(w.links[from], netem.NewLink(r.Plan.Link(from, to), r.worldSeed(), from, to))
		}
	}
	r.prepare(w, r.layout(), r.memoryDisks(), r.Began)
	for i := range r.places {
		w.at(0, i, event{kind: startEvent})
	}
	r.faults.schedule()
	load := &r.Plan.Experiment.Load
	const slice = 100 * time.Millisecond                            // how often the context and the end are checked
	shown := max(slice, (load.Warmup+load.Duration)/displayUpdates) // how often Watch is called
	show := shown
	happened, flooded := 0, false
	var instant instant
	var batch [1]event
	for until := slice; ; until += slice {
		w.loop.Run(until, func(e placeEvent) {
			happened++
			switch {
			case r.exceeds(happened, w.loop.Len()):
				flooded = true
				return // drop what is scheduled
			case happened%checkEvery == 0 && ctx.Err() != nil, instant.isEndless(w.loop.Now(), load):
				return
			}
			if r.Beat != nil {
				r.Beat.begin(happened, w.loop.Now(), &e)
			}
			r.Observer.begin(e.number)
			if e.place == noPlace {
				e.do()
				r.record.Inspect()
				return
			}
			batch[0] = e.event
			r.places[e.place].handle(batch[:])
		})
		switch {
		case ctx.Err() != nil:
			r.end.interrupt(until)
			return ctx.Err()
		case flooded:
			r.end.interrupt(until)
			return ErrFlooded
		case instant.endless:
			r.end.interrupt(until)
			return fmt.Errorf("at %v: %w", instant.at, ErrEndless)
		}
		if until >= show {
			r.reportProgress(until)
			show += shown
		}
		if r.end.over(until) {
			r.record.Usage = r.processors.usage()
			return nil
		}
	}
}

// checkEvery is after how many events the context is checked, however little virtual time they take.
const checkEvery = 1 << 16

// mostAtOnce bounds the events at one moment of virtual time in a closed loop, besides a number for each client. Many happen at once
// without a mistake where replicas catch up.
const (
	mostAtOnce          = 100_000
	mostAtOnceOfAClient = 100
)

// instant counts the events at one moment of virtual time.
type instant struct {
	at      time.Duration
	events  int
	endless bool
}

// isEndless returns true if so much has happened at one moment that a closed loop will never leave it: each of its clients issues a command,
// and is answered, without any time. The experiment is refused before the run where that is known (experiment.Plan.CheckEnds).
func (i *instant) isEndless(now time.Duration, load *experiment.Load) bool {
	if now != i.at {
		i.at, i.events = now, 0
	}
	i.events++
	if i.events > mostAtOnce && load.IsClosed() && i.events > mostAtOnce+mostAtOnceOfAClient*load.Clients {
		i.endless = true
	}
	return i.endless
}

// exceeds returns true if a run in which so many events have happened, and so many are scheduled, exceeds its bounds.
func (r *running) exceeds(happened, scheduled int) bool {
	b := &r.Bounds
	switch {
	case *b == (Bounds{}):
		return false
	case happened > b.Events:
		return true
	case scheduled <= b.Waiting:
		return false // nearly always, so that requests are hardly ever counted
	}
	requests := 0
	for _, p := range r.places {
		if p.clients != nil {
			requests += p.clients.sent
		}
	}
	return scheduled > b.Waiting+b.PerRequest*requests
}
