package run

import (
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols/membership"
)

// faults injects the faults of a run. The world calls its methods one at a time.
type faults struct {
	plan   *experiment.Plan
	world  world
	random *rand.Rand
	places []*place  // those with replicas
	trace  io.Writer // one line for each fault; nil disables it

	leads          func(region int) bool // whether the node there leads
	crash, restart func(region int)
	pause, resume  func(region int)

	down  []bool        // replicas that crashed for ever: only a restart of their region brings them back
	cut   [][]bool      // cut[i][j]: the link from region i to region j loses everything
	loss  float64       // on every link, if more than configured
	delay time.Duration // added to every link, one way

	requests   uint64 // for other memberships, so far
	membership string // the last one that a leader has committed

	marks []result.FaultMark // the faults so far
}

func newFaults(plan *experiment.Plan, w world, random *rand.Rand, replicas []*place, trace io.Writer) *faults {
	n := len(plan.Experiment.Regions)
	f := &faults{plan: plan, world: w, random: random, places: replicas, trace: trace, down: make([]bool, len(replicas)), cut: make([][]bool, n)}
	for i := range f.cut {
		f.cut[i] = make([]bool, n)
	}
	f.leads = func(region int) bool { return f.places[region].replica.record.Leading.Load() }
	f.crash = func(region int) { f.at(region, (*replica).crash) }
	f.restart = func(region int) { f.at(region, (*replica).restart) }
	f.pause = func(region int) { f.at(region, (*replica).pause) }
	f.resume = func(region int) { f.at(region, (*replica).resume) }
	return f
}

// schedule schedules the faults of the experiment.
func (f *faults) schedule() {
	for i := range f.plan.Experiment.Faults {
		fault := &f.plan.Experiment.Faults[i]
		f.world.do(f.plan.Experiment.Load.Warmup+fault.At, func() { f.inject(fault) })
	}
}

// at calls a function of the replica in a region, as an event of its place.
func (f *faults) at(region int, do func(*replica)) {
	one := f.places[region].replica
	f.world.at(f.world.now(), region, event{kind: callEvent, do: func() { do(one) }})
}

// inject makes a fault happen now, and schedules its end if it has a length.
func (f *faults) inject(fault *experiment.Fault) {
	text := fault.String()
	regions := f.plan.Experiment.Regions
	at := f.at
	var undo func()
	switch {
	case fault.Crash != "":
		region := f.victim(fault.Crash)
		text = "crash " + regions[region]
		f.crash(region)
		f.down[region] = f.down[region] || fault.For == 0
		undo = func() {
			if !f.down[region] {
				f.restart(region)
			}
		}
	case fault.Restart != "":
		for i := range f.places {
			if fault.Restart == experiment.RestartAll || fault.Restart == regions[i] {
				f.down[i] = false
				f.restart(i)
			}
		}
	case fault.Pause != "":
		region := f.victim(fault.Pause)
		text = fmt.Sprintf("pause %s for %v", regions[region], fault.For)
		f.pause(region)
		undo = func() { f.resume(region) }
	case len(fault.Partition) > 0:
		group := map[string]int{}
		for i, members := range fault.Partition {
			for _, region := range members {
				group[region] = i + 1
			}
		}
		f.links(func(from, to int) bool { return group[regions[from]] != group[regions[to]] })
		undo = f.heal
	case fault.Isolate != "":
		region := f.victim(fault.Isolate)
		text = "isolate " + regions[region]
		f.links(func(from, to int) bool { return f.cut[from][to] || from == region || to == region })
		undo = func() {
			f.links(func(from, to int) bool { return f.cut[from][to] && from != region && to != region })
		}
	case len(fault.Cut) > 0:
		from, to := f.plan.Region(fault.Cut[0]), f.plan.Region(fault.Cut[1])
		f.links(func(i, j int) bool { return f.cut[i][j] || i == from && j == to })
		undo = func() { f.links(func(i, j int) bool { return f.cut[i][j] && !(i == from && j == to) }) }
	case fault.Heal:
		f.loss, f.delay = 0, 0
		f.heal()
	case fault.Loss > 0:
		f.loss = float64(fault.Loss)
		f.apply()
		undo = func() { f.loss = 0; f.apply() }
	case fault.Delay > 0:
		f.delay = fault.Delay
		f.apply()
		undo = func() { f.delay = 0; f.apply() }
	case fault.Slow != nil:
		region := f.plan.Region(fault.Slow.Region)
		slow := func(by time.Duration) { at(region, func(one *replica) { one.slow = by }) }
		slow(fault.Slow.By)
		undo = func() { slow(0) }
	case fault.Skew != nil:
		region := f.plan.Region(fault.Skew.Region)
		skew := func(rate float64) {
			at(region, func(one *replica) { one.host.Clock().Set(one.Now(), rate) })
		}
		skew(float64(fault.Skew.Rate))
		undo = func() { skew(1) }
	}
	var asked result.MembershipMark
	if request := f.plan.Request(fault); request != nil {
		if asked = result.LearnersAsked; request.Kind == membership.Change {
			asked = result.ChangeAsked
		}
		f.requests++
		number, text := f.requests, request.String()
		for i := range f.places {
			at(i, func(one *replica) { one.membership(number, text) })
		}
	}
	if fault.For > 0 && undo != nil {
		f.world.do(f.world.now()+fault.For, undo)
	}
	f.note(f.world.now(), text, asked)
}

// note records that a fault has happened, and what it has to do with the membership.
func (f *faults) note(now time.Duration, text string, of result.MembershipMark) {
	if f.trace != nil {
		fmt.Fprintf(f.trace, "%10.3f  *  %s\n", float64(now)/float64(time.Millisecond), text)
	}
	f.marks = append(f.marks, result.FaultMark{At: now - f.plan.Experiment.Load.Warmup, Text: text, Membership: of})
}

// changed records that a leader has committed a membership, with the names of regions in the place of the replicas'.
// A leader that follows another one commits the last membership, too, if it has not heard that it is committed.
func (f *faults) changed(committed string) {
	if committed == f.membership {
		return
	}
	f.membership = committed
	mark := result.GoalCommitted
	if strings.Contains(committed, membership.OnTheWay) {
		mark = result.StepCommitted
	}
	f.note(f.world.now(), "membership "+replicaNames.ReplaceAllStringFunc(committed, func(name string) string {
		id, err := strconv.Atoi(name[1:])
		if err != nil || id >= len(f.places) {
			return name
		}
		return f.plan.Experiment.Regions[id]
	}), mark)
}

var replicaNames = regexp.MustCompile(`\bR[0-9]+\b`) // as package membership names them

// victim is the region that a crash, a pause or an isolation hits: the one named, that of the present leader (the first region
// if nobody leads), or a random one with a replica.
func (f *faults) victim(word string) int {
	switch word {
	case experiment.CrashLeader:
		return max(0, slices.IndexFunc(f.places, func(p *place) bool { return f.leads(p.number) }))
	case experiment.CrashRandom:
		return f.random.IntN(len(f.places))
	}
	return f.plan.Region(word)
}

// links cuts the links for which cut is true and restores all others.
func (f *faults) links(cut func(from, to int) bool) {
	fresh := make([][]bool, len(f.cut))
	for from := range f.cut {
		fresh[from] = make([]bool, len(f.cut))
		for to := range f.cut {
			fresh[from][to] = from != to && cut(from, to)
		}
	}
	f.cut = fresh
	f.apply()
}

// anyCut reports whether a link is cut, except for links of regions that are gone.
func (f *faults) anyCut(gone func(region int) bool) bool {
	for from := range f.cut {
		for to, cut := range f.cut[from] {
			if cut && !gone(from) && !gone(to) {
				return true
			}
		}
	}
	return false
}

// disturbsLinks reports whether a fault loses or delays messages on all links.
func (f *faults) disturbsLinks() bool { return f.loss > 0 || f.delay > 0 }

// heal restores all links that were cut.
func (f *faults) heal() { f.links(func(int, int) bool { return false }) }

// apply gives every link its configured values with the present faults added.
func (f *faults) apply() {
	for from := range f.cut {
		for to := range f.cut {
			config := f.plan.Link(from, to)
			config.Loss = max(config.Loss, f.loss)
			config.Delay += f.delay
			if f.cut[from][to] {
				config.Loss = 1
			}
			f.world.change(from, to, config)
		}
	}
}
