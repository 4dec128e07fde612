package lives

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"quorumbench/bench/result"
	"quorumbench/configs/strictyaml"
	"quorumbench/protocols"
)

// Habit is a named trait that some lives have and others do not. A life may have several.
type Habit struct {
	Name string
	Help string
	// suits says whether lives of a driver can have the habit. Nil: those of every driver.
	suits func(*protocols.Driver) bool
}

// The names of the habits.
const (
	allQuorumSizes     = "all-quorum-sizes"
	calm               = "calm"
	clientsElsewhere   = "clients-elsewhere"
	fastTimers         = "fast-timers"
	fourToSeven        = "four-to-seven-replicas"
	giveUp             = "give-up"
	loyalClients       = "loyal-clients"
	memberships        = "memberships"
	namedVersions      = "named-versions"
	oftenSnapshots     = "often-snapshots"
	openLoop           = "open-loop"
	quorumSystems      = "quorum-systems"
	readModifyWrites   = "read-modify-writes"
	overlappingLeaders = "overlapping-leaders"
	repeatedFaults     = "repeated-faults"
	slowDisks          = "slow-disks"
	smallPieces        = "small-pieces"
	staysDead          = "stays-dead"
	witnesses          = "witnesses"
)

// Habits are the habits, by name.
var Habits = []Habit{
	{Name: allQuorumSizes, suits: hasQuorums, Help: "quorums of every size, as far as those that must meet do"},
	{Name: calm, Help: "no faults, no loss, no other habit: what is sent, persisted and elected is held against the driver's usual"},
	{Name: clientsElsewhere, Help: "one or two regions have clients and no replica"},
	{Name: fastTimers, Help: "timers fire much too early, at all replicas or at some for a while"},
	{Name: fourToSeven, suits: takesFourToSeven, Help: "four to seven replicas"},
	{Name: giveUp, Help: "clients give a command up after 0.3 to 3 s"},
	{Name: loyalClients, suits: hasStandardClient, Help: "clients ask no other replica; the one that was asked owes the answer, unless it has crashed since"},
	{Name: memberships, suits: changesMembership, Help: "replicas are added, exchanged and removed, also while an earlier change is under way"},
	{Name: namedVersions, Help: "some commands name a version of their key"},
	{Name: oftenSnapshots, Help: "a snapshot every 5 to 20 entries"},
	{Name: openLoop, Help: "commands arrive at random times, whether earlier ones are answered or not"},
	{Name: overlappingLeaders, suits: hasLeader, Help: "leaders are cut off again and again, while clients beside them go on; clocks are fast by one rate"},
	{Name: quorumSystems, suits: hasQuorums, Help: "joint, hierarchical and weighted quorums, and grids"},
	{Name: readModifyWrites, Help: "some commands are read-modify-writes: plain ones, or atomic ones, which begin again if another write came in between"},
	{Name: repeatedFaults, Help: "crashes or partitions follow each other over the whole life"},
	{Name: slowDisks, Help: "persisting takes 0.1 or 0.2 s"},
	{Name: smallPieces, Help: "messages and pieces of snapshots of 128 to 512 bytes, and values of 12 to 300"},
	{Name: staysDead, suits: survivesDeadMinority, Help: "a minority never restarts, or stays cut off with its clients"},
	{Name: witnesses, suits: hasWitnesses, Help: "some replicas vote and hold no commands"},
}

func hasLeader(d *protocols.Driver) bool         { return d.HasLeader }
func changesMembership(d *protocols.Driver) bool { return d.ChangesMembership }
func hasStandardClient(d *protocols.Driver) bool { return d.Client == nil }
func hasQuorums(d *protocols.Driver) bool        { return d.Quorums != nil && len(d.Meeting) > 0 }
func hasWitnesses(d *protocols.Driver) bool      { return d.Witnesses != "" }
func takesFourToSeven(d *protocols.Driver) bool  { return len(sizesOf(d, 4, 7)) > 0 }
func survivesDeadMinority(d *protocols.Driver) bool {
	return !d.NotSurvived.DeadMinority && !d.NotSurvived.Restarts && !d.NotSurvived.Loss
}

// sizesOf returns the numbers of replicas, from least to most, that a driver works with.
func sizesOf(d *protocols.Driver, least, most int) (sizes []int) {
	for n := least; n <= most; n++ {
		if d.CheckReplicas(n) == nil {
			sizes = append(sizes, n)
		}
	}
	return sizes
}

// HabitNames returns the names of all habits.
func HabitNames() []string {
	var names []string
	for _, h := range Habits {
		names = append(names, h.Name)
	}
	return names
}

// FindHabit returns the habit of a name. The error says which there are.
func FindHabit(name string) (*Habit, error) {
	i := slices.IndexFunc(Habits, func(h Habit) bool { return h.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("found the habit %q; accepted: %s%s", name, strings.Join(HabitNames(), ", "), strictyaml.DidYouMean(name, HabitNames()))
	}
	return &Habits[i], nil
}

// Suits reports whether lives of a driver can have the habit.
func (h *Habit) Suits(d *protocols.Driver) bool { return h.suits == nil || h.suits(d) }

// Generator draws lives of one driver, or plays a scenario of it.
type Generator struct {
	Driver *protocols.Driver
	// Habit, if set, is the one habit that all lives have; it must suit the driver. Nil: each life has some of
	// the habits, drawn from its seed.
	Habit *Habit
	// Scenario, if set, is what a search plays in place of random lives.
	Scenario *Scenario
}

// Scenario is a scripted run in which chance has a part, so that each seed gives another.
type Scenario struct {
	Name string
	Sum  string // SHA-256 of its script, in hexadecimal
	// Play plays the run of a seed, and returns the counts of it and the expectations that it does not meet. Safe for use by several goroutines.
	Play func(seed uint64) (Tally, []result.Check, error)
}

// play plays what a seed stands for. The life is nil for a scenario.
func (g Generator) play(ctx context.Context, seed uint64) (*Life, Tally, []result.Check, error) {
	if g.Scenario != nil {
		if ctx.Err() != nil {
			return nil, Tally{}, nil, ctx.Err()
		}
		one, failed, err := g.Scenario.Play(seed)
		one.Lives = 1
		return nil, one, failed, err
	}
	life := g.Draw(seed)
	out, err := life.Play(ctx, nil)
	if err != nil {
		return nil, Tally{}, nil, err
	}
	one := Tally{Lives: 1, Commands: uint64(out.Commands), Messages: out.Messages, Habits: map[string]uint64{}}
	for _, habit := range life.Habits {
		one.Habits[habit]++
	}
	for _, c := range out.Checks {
		if c.Verdict == result.Undecided {
			one.Undecided++
		}
	}
	return life, one, out.Failed(), nil
}

// takes decides whether the life has a habit: if it was drawn or, in a search of one habit alone, if it is that one.
func (g Generator) takes(l *Life, name string, drawn bool) bool {
	if g.Habit != nil {
		drawn = g.Habit.Name == name
	}
	if !drawn || l.has(calm) { // which lives have alone
		return false
	}
	if h, err := FindHabit(name); err != nil || !h.Suits(g.Driver) {
		return false
	}
	l.Habits = append(l.Habits, name)
	return true
}

// hasNot takes back a habit that the life was to have, and that does not suit what else was drawn.
func (l *Life) hasNot(name string) {
	l.Habits = slices.DeleteFunc(l.Habits, func(other string) bool { return other == name })
}

// has reports whether the life has a habit.
func (l *Life) has(name string) bool { return slices.Contains(l.Habits, name) }
