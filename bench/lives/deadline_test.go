package lives

import (
	"strings"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/protocols/registry"
)

// What makes a life slower gives it more time, and what does not leaves the deadline as it is.
func TestTheDeadlineFollowsFromTheLife(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(l *Life)
		longer bool
	}{
		{"a link takes longer", func(l *Life) { l.OneWay[0][1] += time.Second }, true},
		{"jitter", func(l *Life) { l.Jitter[0][1] = time.Second }, true},
		{"loss", func(l *Life) { l.Experiment.Network.Loss = 0.3 }, true},
		{"a slow disk", func(l *Life) { l.Experiment.Simulation.PersistCost = time.Second }, true},
		{"small messages", func(l *Life) { l.Limits.Messages.MinBytes = 128 }, true},
		{"clients that ask again late", func(l *Life) { l.Experiment.Load.Retry = time.Minute }, true},
		{"a crash more", func(l *Life) { l.Experiment.Faults = append(l.Experiment.Faults, experiment.Fault{Crash: "r0"}) }, false},
	} {
		for _, driver := range []string{"raft", "paxos"} {
			l := Generator{Driver: registry.Drivers.Find(driver), Habit: &Habits[0]}.Draw(1)
			l.Limits.Quorums = nil
			before := l.deadline().sum()
			c.change(l)
			if after := l.deadline().sum(); (after > before) != c.longer || after < before {
				t.Errorf("%s, %s: the deadline was %v and is %v", driver, c.name, before, after)
			}
		}
	}
}

// Few keys take longer where each is decided by itself, and not where one log holds all.
func TestTheDeadlineOfDriversWithoutALeader(t *testing.T) {
	few := func(driver string) *Life {
		l := Draw(registry.Drivers.Find(driver), 5)
		l.Experiment.Load.Keys.Count = 100
		return l
	}
	for driver, longer := range map[string]bool{"raft": false, "paxos1": true} {
		l := few(driver)
		before := l.deadline().sum()
		l.Experiment.Load.Keys.Count = 1
		if after := l.deadline().sum(); (after > before) != longer {
			t.Errorf("%s: with one key instead of 100 the deadline is %v instead of %v", driver, after, before)
		}
	}
}

// Read-modify-writes begin again, so that there is more to carry than the load has commands: much more of atomic ones of one key.
func TestTheDeadlineKnowsWhatReadModifyWritesAdd(t *testing.T) {
	of := func(rmw experiment.RMW, keys, least int) time.Duration {
		l := Generator{Driver: registry.Drivers.Find("raft"), Habit: &Habits[0]}.Draw(1)
		l.Experiment.Load.Arrivals, l.Experiment.Load.Rate, l.Experiment.Load.Duration = "poisson", 100, time.Second
		l.Experiment.Load.RMW, l.Experiment.Load.Keys.Count, l.Limits.Messages.MinBytes = rmw, keys, least
		return l.deadline().sum()
	}
	none, plain := of(experiment.RMW{}, 1, 128), of(experiment.RMW{Share: 0.5}, 1, 128)
	atomic, spread := of(experiment.RMW{Share: 0.5, Atomic: true}, 1, 128), of(experiment.RMW{Share: 0.5, Atomic: true}, 1000, 128)
	if !(none < plain && plain < spread && spread < atomic) {
		t.Errorf("the deadlines are %v without, %v with plain ones, %v with atomic ones of many keys, %v of one", none, plain, spread, atomic)
	}
	if small, large := atomic-none, of(experiment.RMW{Share: 0.5, Atomic: true}, 1, 0)-of(experiment.RMW{}, 1, 0); small < 10*large {
		t.Errorf("atomic ones add %v with small messages, and %v without", small, large)
	}
}

// Without a leader, replicas go by what they have measured while a fault, or the late copy of a message, made round trips
// look longer.
func TestTheDeadlineKnowsWhatIsMeasuredDuringFaults(t *testing.T) {
	for _, c := range []struct {
		name    string
		fault   experiment.Fault
		doubled experiment.Share
		longer  bool
	}{
		{"messages are late", experiment.Fault{Delay: 200 * ms}, 0, true},
		{"a fast clock", experiment.Fault{Skew: &experiment.Skew{Region: "r0", Rate: 0.2}}, 0, true},
		{"a slow clock", experiment.Fault{Skew: &experiment.Skew{Region: "r0", Rate: 2}}, 0, false},
		{"a crash", experiment.Fault{Crash: "r0"}, 0, false},
		{"doubled messages", experiment.Fault{Crash: "r0"}, 0.02, true},
	} {
		for driver, leader := range map[string]bool{"raft": true, "paxos1": false} {
			l := Draw(registry.Drivers.Find(driver), 5)
			l.Experiment.Faults, l.Experiment.Simulation.Doubled = nil, 0
			before := l.deadline().sum()
			l.Experiment.Faults, l.Experiment.Simulation.Doubled = []experiment.Fault{c.fault}, c.doubled
			after := l.deadline().sum()
			if want := c.longer && !leader; (after > before) != want || after < before {
				t.Errorf("%s, %s: the deadline was %v and is %v", driver, c.name, before, after)
			}
		}
	}
}

// The message of a failed check says which deadline was missed, and why it is that.
func TestAFailedCheckTellsItsDeadline(t *testing.T) {
	d := Draw(registry.Drivers.Find("raft"), 1).deadline()
	out := Outcome{Unanswered: 1, Usage: Usage{Commands: 2}}
	got := out.answered(d).Detail
	for _, want := range []string{"1 of 2 commands were not answered within " + d.sum().String(), "which follows from", "for elections"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not say %q", got, want)
		}
	}
}
