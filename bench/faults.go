package bench

import (
	"slices"
	"time"

	"quorumbench/bench/experiment"
)

// director makes the faults of a run happen. What it does is done by the world, one thing after
// the other.
type director struct {
	attempt *attempt
	world   world
	cut     [][]bool
	loss    float64
	delay   time.Duration
}

// direct schedules the faults of the experiment.
func (a *attempt) direct(w world) {
	n := len(a.running)
	d := &director{attempt: a, world: w, cut: make([][]bool, n)}
	a.director = d
	for i := range d.cut {
		d.cut[i] = make([]bool, n)
	}
	for i := range a.plan.Experiment.Faults {
		f := &a.plan.Experiment.Faults[i]
		due := a.plan.Experiment.Load.Warmup + f.At
		w.do(due, func() { d.happen(f) })
	}
}

// happen does what a fault says, and sees to it that it is undone.
func (d *director) happen(f *experiment.Fault) {
	a, text := d.attempt, f.String()
	var undo func()
	switch {
	case f.Crash != "":
		site := d.victim(f.Crash)
		text = "crash " + a.plan.Experiment.Regions[site]
		d.world.at(d.world.now(), site, event{kind: crashEvent})
		undo = func() { d.world.at(d.world.now(), site, event{kind: restartEvent}) }
	case f.Restart != "":
		for i, region := range a.plan.Experiment.Regions {
			if f.Restart == experiment.RestartAll || f.Restart == region {
				d.world.at(d.world.now(), i, event{kind: restartEvent})
			}
		}
	case len(f.Partition) > 0:
		group := map[string]int{}
		for i, regions := range f.Partition {
			for _, region := range regions {
				group[region] = i + 1
			}
		}
		d.links(func(from, to int) bool {
			regions := a.plan.Experiment.Regions
			return group[regions[from]] != group[regions[to]]
		})
		undo = d.heal
	case len(f.Cut) > 0:
		from, to := a.plan.Region(f.Cut[0]), a.plan.Region(f.Cut[1])
		d.links(func(i, j int) bool { return d.cut[i][j] || i == from && j == to })
		undo = func() { d.links(func(i, j int) bool { return d.cut[i][j] && !(i == from && j == to) }) }
	case f.Heal:
		d.loss, d.delay = 0, 0
		d.heal()
	case f.Loss > 0:
		d.loss = float64(f.Loss)
		d.apply()
		undo = func() { d.loss = 0; d.apply() }
	case f.Delay > 0:
		d.delay = f.Delay
		d.apply()
		undo = func() { d.delay = 0; d.apply() }
	case f.Slow != nil:
		site := a.plan.Region(f.Slow.Region)
		d.world.at(d.world.now(), site, event{kind: slowEvent, due: f.Slow.By})
		undo = func() { d.world.at(d.world.now(), site, event{kind: slowEvent}) }
	case f.Skew != nil:
		site := a.plan.Region(f.Skew.Region)
		d.world.at(d.world.now(), site, event{kind: skewEvent, rate: float64(f.Skew.Rate)})
		undo = func() { d.world.at(d.world.now(), site, event{kind: skewEvent, rate: 1}) }
	}
	if f.For > 0 && undo != nil {
		d.world.do(d.world.now()+f.For, undo)
	}
	a.noteFault(d.world.now(), text)
}

// victim is the site that a crash means. Where there is no leader, it is that of the first region.
func (d *director) victim(word string) int {
	a := d.attempt
	switch word {
	case experiment.CrashLeader:
		return max(0, slices.IndexFunc(a.clients, func(c *clients) bool { return c.leading.Load() }))
	case experiment.CrashRandom:
		return a.random.IntN(len(a.running))
	}
	return a.plan.Region(word)
}

// links cuts those links for which cut is true, and joins the others.
func (d *director) links(cut func(from, to int) bool) {
	fresh := make([][]bool, len(d.cut))
	for from := range d.cut {
		fresh[from] = make([]bool, len(d.cut))
		for to := range d.cut {
			fresh[from][to] = from != to && cut(from, to)
		}
	}
	d.cut = fresh
	d.apply()
}

func (d *director) anyCut() bool {
	return slices.ContainsFunc(d.cut, func(to []bool) bool { return slices.Contains(to, true) })
}

func (d *director) heal() { d.links(func(int, int) bool { return false }) }

// apply gives every link the configuration that follows from the faults in force.
func (d *director) apply() {
	for from := range d.cut {
		for to := range d.cut {
			config := d.attempt.plan.Link(from, to)
			config.Loss = max(config.Loss, d.loss)
			config.Delay += d.delay
			if d.cut[from][to] {
				config.Loss = 1
			}
			d.world.change(from, to, config)
		}
	}
}
