package lives

import (
	"fmt"
	"slices"
	"strings"

	"quorumbench/configs/strictyaml"
	"quorumbench/protocols"
)

// Habit is a named trait that some lives have and others do not. A life may have several.
type Habit struct {
	Name string
	Help string
	// suits says whether lives of a driver can have the habit. Nil: those of every driver.
	suits func(*protocols.Driver) bool
	open  bool // needs commands that arrive whether earlier ones are answered or not
}

// The names of the habits.
const (
	clientsElsewhere = "clients-elsewhere"
	fastTimers       = "fast-timers"
	giveUp           = "give-up"
	namedVersions    = "named-versions"
	openLoop         = "open-loop"
	repeatedFaults   = "repeated-faults"
	slowDisks        = "slow-disks"
)

// Habits are the habits, by name.
var Habits = []Habit{
	{Name: clientsElsewhere, Help: "one or two regions have clients and no replica"},
	{Name: fastTimers, Help: "timers fire much too early, at all replicas or at some for a while"},
	{Name: giveUp, open: true, Help: "clients give a command up after 0.3 to 3 s"},
	{Name: namedVersions, Help: "some commands name a version of their key"},
	{Name: openLoop, Help: "commands arrive at random times, whether earlier ones are answered or not"},
	{Name: repeatedFaults, Help: "crashes or partitions follow each other over the whole life"},
	{Name: slowDisks, Help: "persisting takes 0.1 or 0.2 s"},
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

// Generator draws lives of one driver.
type Generator struct {
	Driver *protocols.Driver
	// Habit, if set, is the one habit that all lives have; it must suit the driver. Nil: each life has some of
	// the habits, drawn from its seed.
	Habit *Habit
}

// takes decides whether the life has a habit: if it was drawn or, in a search of one habit alone, if it is that one.
func (g Generator) takes(l *Life, name string, drawn bool) bool {
	if g.Habit != nil {
		drawn = g.Habit.Name == name
	}
	if !drawn || l.has(name) {
		return drawn
	}
	if h, err := FindHabit(name); err != nil || !h.Suits(g.Driver) {
		return false
	}
	l.Habits = append(l.Habits, name)
	return true
}

// has reports whether the life has a habit.
func (l *Life) has(name string) bool { return slices.Contains(l.Habits, name) }
