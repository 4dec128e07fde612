package lives_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/lives"
	"quorumbench/bench/verify"
	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/registry"
)

// commandsOfALife is how many commands every life must have, so that it can tell something.
const commandsOfALife = 200

func TestLivesAreClean(t *testing.T) {
	for _, d := range registry.Drivers {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(50) {
				out, err := lives.Draw(d, seed).Play(context.Background(), nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range out.Failed() {
					t.Errorf("seed %d: %s: %s", seed, c.Name, c.Detail)
				}
				if out.Commands < commandsOfALife {
					t.Errorf("seed %d: %d commands", seed, out.Commands)
				}
			}
		})
	}
}

// Lives that failed once, and why. With a habit, they have no other.
func TestLivesThatFailedAreClean(t *testing.T) {
	for _, c := range []struct {
		driver, habit string
		seed          uint64
	}{
		{"multipaxos", "", 58105}, // late commands were forwarded again and again, at one pace, to a slow leader
		{"paxos1", "", 62214},     // on a lossy network, reads of one key went one after the other
		// Timeouts and back-offs doubled on mere loss, or where disks are slow.
		{"paxos1", "", 3},
		{"paxos1", "", 12},
		{"paxos1", "", 43},
		{"paxos1", "", 246},
		{"paxos1", "loyal-clients", 23},
		{"paxos1", "stays-dead", 15},
		{"paxos", "all-quorum-sizes", 31},
		{"paxos", "", 34}, // the nearest replica was down, and the next one slower than the timeout that was the former's
		// A command that had taken effect was appended again whenever a follower that was behind forwarded it again.
		{"raft", "", 25},
		{"raft", "", 384},
		// Only replicas that were to leave had the entry by which they leave, and none of them stood.
		{"raft", "", 1444},
		// Each copy of a part of a promise asked for the next part, and phase 1 in many parts began again and again.
		{"multipaxos", "small-pieces", 9},
		{"multipaxos", "small-pieces", 108},
		// A replica that backed off went by round trips measured while its disk was overloaded, times 16.
		{"paxos", "", 200540},
		{"paxos", "", 301160}, // with the option revert, each lost prepare or promise ended the attempt
		// Each candidacy fetched a snapshot from its first byte, and the others did not wait for it.
		{"multipaxos", "", 201053},
		{"mmp3", "stays-dead", 300162}, // the life ended before what was answered was applied
		// What a replica had applied by other means stayed: appends held for a gap that a snapshot filled, and a snapshot in
		// pieces that the log had passed.
		{"raft", "", 54},
		// A successor gave way to the heartbeat that came with TimeoutNow, so that no handover ended.
		{"raft", "", 176},
		{"multipaxos", "", 351},
		// Commands that clients had given up were proposed again whenever they were asked for again; then those were answered twice
		// that were proposed still.
		{"mmp3", "", 305928},
		{"mmp3", "", 228},
		// The deadline did not know of round trips that were measured while messages were late, or by a fast clock.
		{"paxos1", "", 306814},
		{"paxos", "", 400872},
		// A crash left a snapshot on the disk, and nobody knew of commands that are part of it.
		{"multipaxos", "", 405099},
		// r0 crashes, slow as it is, before it is known what it has restored: of several states of a key.
		{"paxos1", "", 601487},
		// With learn: broadcast, what had been told under a ballot was forgotten when a higher one was heard of.
		{"paxos", "", 2000595},
		// A replica that refused a proposal with learn: broadcast did not know that its proposer, a quorum by itself, had accepted.
		{"paxos", "", 4003445},
		{"paxos", "", 4012827},
		// Atomic read-modify-writes of one key made more commands than the deadline knew of, to be carried in small messages.
		{"raft", "", 4012709},
		// A replica went on waiting as long as those that had died in the meantime took once, and the others made no-ops of all its commands.
		{"epaxos", "", 4011299},
		// The second copy of a message was answered long after, and the deadline did not know of such a round trip.
		{"epaxos", "", 4013181},
		// A replica that had installed a snapshot went on offering its own earlier one, without the instances after that.
		{"mmp3", "", 4005619},
		{"mmp3", "", 4007710},
		// Of many open instances a recovery proposed as many as fit one message, and the next waited for as long as the first.
		{"mmp3", "", 4017211},
		// A life went on to its deadline because of clients that were cut off for good, and seemed a flood.
		{"sharded", "", 4022483},
		// Those who were to leave did not hear how long phase 1 takes, and each began anew while another was at it.
		{"multipaxos", "", 6000824},
		{"multipaxos", "", 6019941}, // who was no member forwarded all commands again and again, to a leader that had been deposed
		// Thousands of small appends were sent at once, and all of them again after one was lost, or late.
		{"etcdraft", "", 6019941},
		{"etcdraft", "", 6029048},
		{"etcdraft", "", 6026006}, // a leader took a snapshot of the first entry, of which there is one from the start
		{"etcdraft", "", 6054328}, // who had granted a vote stood before the candidate could lead
		// A dead replica had been measured while messages were late, and the others recovered each instance before the timeout.
		{"epaxos", "", 6055978},
		{"raft", "", 6001158},         // a learner was asked for behind a removal that waited, and a change after it voided both
		{"epaxos", "", 6079138},       // clients asked again fifty times before an answer was possible, which seemed a flood
		{"mmp3", "small-pieces", 259}, // each copy of an answer that was cut off began a series of queries
		// Two answers at one moment made a client go on with a read-modify-write twice.
		{"paxos1", "read-modify-writes", 21},
	} {
		g := lives.Generator{Driver: registry.Drivers.Find(c.driver)}
		if c.habit != "" {
			var err error
			if g.Habit, err = lives.FindHabit(c.habit); err != nil {
				t.Fatal(err)
			}
		}
		out, err := g.Draw(c.seed).Play(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, failed := range out.Failed() {
			t.Errorf("%s, %s, seed %d: %s: %s", c.driver, c.habit, c.seed, failed.Name, failed.Detail)
		}
	}
}

func TestALifeTakesTheSameCourseEveryTime(t *testing.T) {
	course := func(d *protocols.Driver, seed uint64) []byte {
		var trace bytes.Buffer
		if _, err := lives.Draw(d, seed).Play(context.Background(), &trace); err != nil {
			t.Fatal(err)
		}
		return trace.Bytes()
	}
	for _, d := range registry.Drivers {
		for seed := range uint64(3) {
			first := course(d, seed)
			if !bytes.Equal(first, course(d, seed)) {
				t.Errorf("%s: seed %d has two courses", d.Name, seed)
			}
			if bytes.Equal(first, course(d, seed+1)) {
				t.Errorf("%s: seeds %d and %d have the same course", d.Name, seed, seed+1)
			}
		}
	}
}

// The drivers of the following tests are wrong, each in one way.

// alone is a replica that does what its clients want, some time later, and tells nobody.
type alone struct {
	store   *kv.Store
	applied uint64
	waiting [][]byte
}

func (r *alone) Step(in *protocols.Input, out *protocols.Outbox) {
	switch in.Kind {
	case protocols.InputCommand:
		r.waiting = append(r.waiting, bytes.Clone(in.Data))
		out.SetTimer(1, 50*time.Millisecond)
	case protocols.InputTimer:
		for _, command := range r.waiting {
			id, result := r.store.Apply(command)
			r.applied++
			out.Commit(protocols.Slot{Index: r.applied}, id, command)
			out.Answer(id, result)
		}
		r.waiting = nil
	}
}

var aloneDriver = &protocols.Driver{Name: "alone", New: func(protocols.Config) protocols.Node {
	return &alone{store: kv.NewStore()}
}}

// fragile panics when it comes back from a crash, and is otherwise as wrong as alone.
type fragile struct{ alone }

func (r *fragile) Step(in *protocols.Input, out *protocols.Outbox) {
	if in.Kind == protocols.InputStart && in.Now > 0 {
		panic("a second life")
	}
	r.alone.Step(in, out)
}

var fragileDriver = &protocols.Driver{Name: "fragile", New: func(protocols.Config) protocols.Node {
	return &fragile{alone{store: kv.NewStore()}}
}}

// talkative answers every message with two.
type talkative struct{ alone }

func (r *talkative) Step(in *protocols.Input, out *protocols.Outbox) {
	switch in.Kind {
	case protocols.InputStart:
		out.Broadcast(0, protocols.Members(2), &kv.Result{Version: 1})
	case protocols.InputMessage:
		out.Send(in.From, &kv.Result{Version: 1})
		out.Send(in.From, &kv.Result{Version: 2})
	}
	r.alone.Step(in, out)
}

var talkativeDriver = &protocols.Driver{Name: "talkative", New: func(protocols.Config) protocols.Node {
	return &talkative{alone{store: kv.NewStore()}}
}}

func TestALifeThatDrownsInMessagesEnds(t *testing.T) {
	if !fails(t, lives.Draw(talkativeDriver, 1), lives.CheckNoFlood) {
		t.Error("the replicas double their messages for ever, and the life is not failed for it")
	}
}

// hasty answers every command at once, and again after a while.
type hasty struct{ alone }

func (r *hasty) Step(in *protocols.Input, out *protocols.Outbox) {
	if in.Kind == protocols.InputCommand {
		out.Answer(in.Command, kv.PutResult)
	}
	r.alone.Step(in, out)
}

var hastyDriver = &protocols.Driver{Name: "hasty", New: func(protocols.Config) protocols.Node {
	return &hasty{alone{store: kv.NewStore()}}
}}

func TestALifeWithASecondAnswerFails(t *testing.T) {
	if !fails(t, lives.Draw(hastyDriver, 1), lives.CheckContract) {
		t.Error("the replicas answer every command twice, and the life is not failed for it")
	}
}

func fails(t *testing.T, l *lives.Life, check string) bool {
	t.Helper()
	out, err := l.Play(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range out.Failed() {
		if c.Name == check {
			return true
		}
	}
	return false
}

// Every life of alone fails, and any worker may be the first to be done with one.
func TestASearchFindsTheFirstLifeThatFails(t *testing.T) {
	found, tally, err := lives.Search(context.Background(), lives.Generator{Driver: aloneDriver}, 100, 50, nil)
	if err != nil {
		t.Fatal(err)
	}
	if found == nil || found.Seed != 100 {
		t.Errorf("found %+v, want the life of seed 100", found)
	}
	if tally.Lives == 0 || tally.Lives == 50 {
		t.Errorf("%d lives were played, want some, and not all once one has failed", tally.Lives)
	}
}

func TestASearchThatIsCleanPlaysEveryLife(t *testing.T) {
	found, tally, err := lives.Search(context.Background(), lives.Generator{Driver: registry.Drivers[0]}, 1, 10, nil)
	if err != nil || found != nil || tally.Lives != 10 {
		t.Errorf("found %+v in %d lives of 10 (%v)", found, tally.Lives, err)
	}
	if least := uint64(10 * commandsOfALife); tally.Commands < least || tally.Messages < least {
		t.Errorf("%d commands and %d messages, want %d or more of each", tally.Commands, tally.Messages, least)
	}
}

func TestASearchEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	found, tally, err := lives.Search(ctx, lives.Generator{Driver: aloneDriver}, 1, 0, nil)
	if found != nil || tally.Lives != 0 || err != nil {
		t.Errorf("found %+v in %d lives (%v)", found, tally.Lives, err)
	}
}

// What makes a life fail stays, and all else goes.
func TestShrinkingLeavesWhatMatters(t *testing.T) {
	seed := uint64(1)
	life := lives.Draw(fragileDriver, seed)
	for len(life.Experiment.Faults) < 10 || !fails(t, life, lives.CheckNoPanic) {
		seed++
		life = lives.Draw(fragileDriver, seed)
	}
	small := lives.Shrink(context.Background(), life, lives.CheckNoPanic, 400)
	if !fails(t, small, lives.CheckNoPanic) {
		t.Fatalf("the shrunk life does not fail any more:\n%s", small)
	}
	var crashes, others int
	for _, f := range small.Experiment.Faults {
		switch {
		case f.Crash != "":
			crashes++
		case !f.Heal && f.Restart == "":
			others++
		}
	}
	e := &small.Experiment
	if crashes != 1 || others != 0 || e.Load.Clients > 1 || e.Load.Keys.Count > 1 || e.Load.Duration > time.Second ||
		e.Network.Loss != 0 || e.Network.Reorder || e.Simulation.PersistCost != 0 || e.Simulation.Doubled != 0 {
		t.Errorf("one crash would do; left are %d crashes and %d other faults in\n%s", crashes, others, small)
	}
	if len(life.Experiment.Faults) < 10 {
		t.Error("shrinking has changed the life it was given")
	}
}

func TestShrinkingPlaysNoMoreThanItMay(t *testing.T) {
	life := lives.Draw(aloneDriver, 1)
	if small := lives.Shrink(context.Background(), life, verify.CheckSameOrder, 0); small != life {
		t.Error("a life was shrunk without playing one")
	}
}

// A driver that says that it does not survive a fault is spared it.
func TestLivesSpareADriverWhatItDoesNotSurvive(t *testing.T) {
	tough := *registry.Drivers.Find("raft")
	fragile := tough
	fragile.NotSurvived = protocols.Faults{Restarts: true, Loss: true}
	var spared, left int
	for seed := range uint64(50) {
		all, some := lives.Draw(&tough, seed).Experiment, lives.Draw(&fragile, seed).Experiment
		if some.Network.Loss > 0 {
			t.Errorf("seed %d: messages are lost", seed)
		}
		for _, f := range some.Faults {
			if f.Crash != "" || f.Loss > 0 || len(f.Partition) > 0 || len(f.Cut) > 0 {
				t.Errorf("seed %d: %v", seed, f.String())
			}
		}
		spared += len(all.Faults) - len(some.Faults)
		left += len(some.Faults)
	}
	if spared == 0 || left == 0 {
		t.Errorf("%d faults are spared and %d are left", spared, left)
	}
}

// In a search of one habit, all lives have that habit and no other, and they are clean. Some have none, where witnesses would be a quorum by
// themselves.
func TestAHabitAlone(t *testing.T) {
	for i := range lives.Habits {
		h := &lives.Habits[i]
		t.Run(h.Name, func(t *testing.T) {
			t.Parallel()
			for _, d := range registry.Drivers {
				if !h.Suits(d) {
					continue
				}
				without := 0
				for seed := range uint64(5) {
					life := lives.Generator{Driver: d, Habit: h}.Draw(seed)
					if h.Name == "witnesses" && len(life.Habits) == 0 && len(life.Experiment.Protocols[0].Witnesses) == 0 {
						without++
					} else if !slices.Equal(life.Habits, []string{h.Name}) {
						t.Errorf("%s, seed %d: habits %v", d.Name, seed, life.Habits)
					}
					out, err := life.Play(context.Background(), nil)
					if err != nil {
						t.Fatal(err)
					}
					for _, failed := range out.Failed() {
						t.Errorf("%s, seed %d: %s: %s", d.Name, seed, failed.Name, failed.Detail)
					}
				}
				if without > 3 {
					t.Errorf("%s: of 5 lives %d have no witness", d.Name, without)
				}
			}
		})
	}
}

// No habit is so rare that a search of a few hundred lives would not have it.
func TestEveryHabitIsDrawn(t *testing.T) {
	const drawn = 500
	for _, d := range registry.Drivers {
		count := map[string]int{}
		for seed := range uint64(drawn) {
			for _, name := range lives.Draw(d, seed).Habits {
				count[name]++
			}
		}
		for i := range lives.Habits {
			h := &lives.Habits[i]
			if n := count[h.Name]; h.Suits(d) != (n > drawn/50) {
				t.Errorf("%s: %d of %d lives have the habit %s", d.Name, n, drawn, h.Name)
			}
		}
	}
}

// The documentation lists every habit.
func TestHabitsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/measuring.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range lives.Habits {
		if row := fmt.Sprintf("| `%s` | %s |", h.Name, h.Help); !strings.Contains(string(page), row) {
			t.Errorf("docs/measuring.md has no row %q", row)
		}
	}
}
