package bench

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
)

// Fault is something that goes wrong, or right again, at a time of a run. It is of one kind: one
// of the fields from Crash on is set.
type Fault struct {
	At  time.Duration `yaml:"at,required" json:"at_ns"`    // since measuring began
	For time.Duration `yaml:"for" json:"for_ns,omitempty"` // after which it is undone; 0s: it stays

	Crash     string        `yaml:"crash" json:"crash,omitempty"`         // a replica: a region, leader or random
	Restart   string        `yaml:"restart" json:"restart,omitempty"`     // a region, or all that are down
	Partition [][]string    `yaml:"partition" json:"partition,omitempty"` // groups of regions that reach only each other
	Cut       []string      `yaml:"cut" json:"cut,omitempty"`             // from and to: one direction of one link
	Heal      bool          `yaml:"heal" json:"heal,omitempty"`           // all links are as configured again
	Loss      Share         `yaml:"loss" json:"loss,omitzero"`            // of packets, on every link
	Delay     time.Duration `yaml:"delay" json:"delay_ns,omitempty"`      // more, one way, on every link
	Slow      *Slow         `yaml:"slow" json:"slow,omitempty"`           // a replica that takes its time
	Skew      *Skew         `yaml:"skew" json:"skew,omitempty"`           // a replica whose timers run fast or slow
}

// Slow is a replica that takes longer for everything.
type Slow struct {
	Region string        `yaml:"region,required" json:"region"`
	By     time.Duration `yaml:"by,required" json:"by_ns"` // for each batch of inputs
}

// Skew is a replica with a wrong clock.
type Skew struct {
	Region string `yaml:"region,required" json:"region"`
	Rate   Factor `yaml:"rate,required" json:"rate"` // of its timers' lengths to the right ones: 50% runs out in half the time
}

// The words of a crash and a restart that are not regions.
const (
	leaderWord = "leader"
	randomWord = "random"
	allWord    = "all"
)

// String tells the fault as reports do.
func (f *Fault) String() string {
	var what string
	switch {
	case f.Crash != "":
		what = "crash " + f.Crash
	case f.Restart != "":
		what = "restart " + f.Restart
	case len(f.Partition) > 0:
		groups := make([]string, len(f.Partition))
		for i, group := range f.Partition {
			groups[i] = strings.Join(group, "+")
		}
		what = "partition " + strings.Join(groups, " | ")
	case len(f.Cut) > 0:
		what = "cut " + strings.Join(f.Cut, " → ")
	case f.Heal:
		what = "heal"
	case f.Loss > 0:
		what = fmt.Sprintf("loss %v", f.Loss)
	case f.Delay > 0:
		what = fmt.Sprintf("delay +%v", f.Delay)
	case f.Slow != nil:
		what = fmt.Sprintf("slow %s by %v", f.Slow.Region, f.Slow.By)
	case f.Skew != nil:
		what = fmt.Sprintf("timers of %s at %v", f.Skew.Region, f.Skew.Rate)
	}
	if f.For > 0 {
		what += fmt.Sprintf(" for %v", f.For)
	}
	return what
}

// kinds is the number of fields that are set of those of which one must be.
func (f *Fault) kinds() (n int) {
	for _, set := range []bool{f.Crash != "", f.Restart != "", len(f.Partition) > 0, len(f.Cut) > 0, f.Heal,
		f.Loss > 0, f.Delay > 0, f.Slow != nil, f.Skew != nil} {
		if set {
			n++
		}
	}
	return n
}

// checkFaults checks the faults of an experiment file.
func (p *Plan) checkFaults(doc *strictyaml.Document, _ *netem.Topology) error {
	e := &p.Experiment
	for i := range e.Faults {
		f, at := &e.Faults[i], fmt.Sprintf("faults[%d]", i)
		if f.kinds() != 1 {
			return doc.Errorf(at, "found a fault of %d kinds; accepted: one of crash, restart, partition, cut, heal, loss, delay, slow, skew", f.kinds())
		}
		if f.At < 0 || f.At > e.Load.Duration {
			return doc.Errorf(at+".at", "found %v; accepted: 0s to the duration of the load, %v", f.At, e.Load.Duration)
		}
		if f.For < 0 || f.For > 0 && (f.Restart != "" || f.Heal) {
			return doc.Errorf(at+".for", "found %v; accepted: a length, for faults that can be undone", f.For)
		}
		if f.Loss > 1 || f.Delay < 0 {
			return doc.Errorf(at, "found %v; accepted: a loss up to 100%%, a delay of 0s or more", f)
		}
		named := map[string][]string{}
		if f.Crash != leaderWord && f.Crash != randomWord && f.Crash != "" {
			named["crash"] = []string{f.Crash}
		}
		if f.Restart != allWord && f.Restart != "" {
			named["restart"] = []string{f.Restart}
		}
		if len(f.Cut) > 0 {
			named["cut"] = f.Cut
			if len(f.Cut) != 2 {
				return doc.Errorf(at+".cut", "found %d regions; accepted: two, from and to", len(f.Cut))
			}
		}
		if f.Slow != nil {
			named["slow.region"] = []string{f.Slow.Region}
			if f.Slow.By <= 0 {
				return doc.Errorf(at+".slow.by", "found %v; accepted: more than 0s", f.Slow.By)
			}
		}
		if f.Skew != nil {
			named["skew.region"] = []string{f.Skew.Region}
			if f.Skew.Rate <= 0 {
				return doc.Errorf(at+".skew.rate", "found %v; accepted: more than 0%%", f.Skew.Rate)
			}
		}
		if len(f.Partition) > 0 {
			named["partition"] = slices.Concat(f.Partition...)
		}
		for key, regions := range named {
			for _, region := range regions {
				if !slices.Contains(e.Regions, region) {
					return doc.Errorf(at+"."+key, "found %q; accepted: %s%s", region, strings.Join(e.Regions, ", "), strictyaml.DidYouMean(region, e.Regions))
				}
			}
		}
	}
	return nil
}

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
func (d *director) happen(f *Fault) {
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
			if f.Restart == allWord || f.Restart == region {
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
		from, to := a.site(f.Cut[0]), a.site(f.Cut[1])
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
		site := a.site(f.Slow.Region)
		d.world.at(d.world.now(), site, event{kind: slowEvent, due: f.Slow.By})
		undo = func() { d.world.at(d.world.now(), site, event{kind: slowEvent}) }
	case f.Skew != nil:
		site := a.site(f.Skew.Region)
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
	case leaderWord:
		return max(0, slices.IndexFunc(a.clients, func(c *clients) bool { return c.leading.Load() }))
	case randomWord:
		return a.random.IntN(len(a.running))
	}
	return a.site(word)
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
			config := d.attempt.plan.linkConfig(from, to)
			config.Loss = max(config.Loss, d.loss)
			config.Delay += d.delay
			if d.cut[from][to] {
				config.Loss = 1
			}
			d.world.change(from, to, config)
		}
	}
}
