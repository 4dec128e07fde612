package bench

import (
	"bytes"
	"context"
	"math/rand/v2"
	"time"

	"quorumbench/bench/result"
	"quorumbench/netem"
	"quorumbench/netem/sim"
)

// simWorld is virtual time: one loop in which the sites' events happen in order, and messages
// that pass the links themselves, without packets around them.
type simWorld struct {
	loop  sim.Loop[siteEvent]
	links [][]*netem.Link
	net   *result.NetworkRun

	doubled float64    // the share of messages that arrive twice
	random  *rand.Rand // says which
}

// siteEvent is an event at a site, or a function to call.
type siteEvent struct {
	site int
	event
	do func()
}

func (w *simWorld) now() time.Duration { return w.loop.Now() }

func (w *simWorld) at(due time.Duration, site int, e event) {
	w.loop.At(due, siteEvent{site: site, event: e})
}

func (w *simWorld) do(due time.Duration, f func()) { w.loop.At(due, siteEvent{do: f}) }

func (w *simWorld) change(from, to int, config netem.LinkConfig) {
	w.links[from][to].SetConfig(config)
}

func (w *simWorld) send(from, to int, messages [][]byte) {
	for _, m := range messages {
		w.net.Bytes += uint64(len(m))
		due, fate := w.links[from][to].Transmit(w.loop.Now(), len(m))
		switch fate {
		case netem.Lost:
			w.net.Lost++
		case netem.Dropped:
			w.net.Dropped++
		default:
			e := event{kind: messageEvent, from: from, data: bytes.Clone(m)}
			w.at(due, to, e)
			if w.doubled > 0 && w.random.Float64() < w.doubled {
				late := longestDetour * w.random.Float64() * float64(due-w.loop.Now())
				w.at(due+time.Duration(late), to, e)
			}
		}
	}
}

// longestDetour is how much longer than the first the second of a doubled message may be on its
// way: long enough to arrive in another state of things.
const longestDetour = 10

// A bounded run has at most so many events, and so many that wait at a time: a hundred times as many
// as it needs. Else a driver that answers each message with two would never come to an end.
const (
	mostEvents  = 5_000_000
	mostWaiting = 50_000
)

// mostShown is about how often the display of a simulated run changes.
const mostShown = 200

// runSimulated runs one protocol once in virtual time.
func runSimulated(ctx context.Context, a *attempt) error {
	w := &simWorld{
		net: &a.run.Network, doubled: float64(a.costs().Doubled),
		random: rand.New(rand.NewPCG(a.weather(), 3<<62)),
	}
	n := len(a.plan.Experiment.Regions)
	for from := range n {
		w.links = append(w.links, nil)
		for to := range n {
			w.links[from] = append(w.links[from], netem.NewLink(a.plan.Link(from, to), a.weather(), from, to))
		}
	}
	sites := a.sites(w, a.memoryDisks())
	load := &a.plan.Experiment.Load
	end := load.Warmup + load.Duration
	// Runs follow each other in virtual time, from 1970 on, as they do in real time.
	a.began(time.Unix(0, 0).Add(time.Duration(a.index) * (end + load.Timeout)))
	for i := range sites {
		w.at(0, i, event{kind: startEvent})
	}
	a.direct(w)
	const slice = 100 * time.Millisecond // between looks at the context
	shown := max(slice, end/mostShown)   // between looks of the display, which takes longer than a slice of the run
	show := shown
	happened := 0
	var batch [1]event
	for until := slice; ; until += slice {
		w.loop.Run(until, func(e siteEvent) {
			happened++
			if a.bounded && (happened > mostEvents || w.loop.Len() > mostWaiting) {
				a.drowned = true
				return // what waits happens to nobody, and nothing comes after it
			}
			if e.do != nil {
				e.do()
				a.inspect()
				return
			}
			batch[0] = e.event
			sites[e.site].handle(batch[:])
		})
		if ctx.Err() != nil || a.drowned {
			a.interrupt(until)
			return nil
		}
		if until >= show {
			a.watch(until)
			show += shown
		}
		if a.over(until) {
			return nil
		}
	}
}
