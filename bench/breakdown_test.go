package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols"
)

const ms = time.Millisecond

// marking is a driver that makes every mark there is, and agrees on nothing: every command has an
// order of its own. Without a leader, or at it, a command is prepared by a round trip to all, then
// accepted by another, each over when one answer has come. A replica that comes back fetches what it
// has missed from replica 1.
type marking struct {
	config  protocols.Config
	open    map[protocols.CommandID]*marked
	done    []protocols.CommandID
	restart bool
}

type marked struct {
	data               []byte
	home               protocols.NodeID
	prepared, accepted bool
}

func markingDriver(leader bool) *protocols.Driver {
	return &protocols.Driver{
		Name: "marking", HasLeader: leader,
		New: func(c protocols.Config) protocols.Node {
			return &marking{config: c, open: map[protocols.CommandID]*marked{}}
		},
		Floor: func(protocols.Config) time.Duration { return 0 },
	}
}

func (r *marking) send(out *protocols.Outbox, to protocols.NodeID, kind string, id protocols.CommandID, data []byte) {
	out.Send(to, wrapperspb.String(fmt.Sprintf("%s %d %d %x", kind, id.Client, id.Seq, data)))
}

func (r *marking) Step(in *protocols.Input, out *protocols.Outbox) {
	switch in.Kind {
	case protocols.InputRestore:
		r.restart = true
	case protocols.InputStart:
		out.Persist(wrapperspb.Bool(true))
		if r.config.ID == r.config.Leader {
			out.Mark(protocols.CommandID{}, protocols.MarkLeading)
		}
		if r.restart {
			r.send(out, 1, "fetch", protocols.CommandID{}, nil)
		}
	case protocols.InputCommand:
		if leader := r.config.Leader; leader != protocols.Nobody && leader != r.config.ID {
			r.send(out, leader, "forward", in.Command, in.Data)
			return
		}
		r.propose(out, r.config.ID, in.Command, in.Data)
	case protocols.InputMessage:
		var text wrapperspb.StringValue
		if err := proto.Unmarshal(in.Data, &text); err != nil {
			panic(err)
		}
		var kind string
		var id protocols.CommandID
		var data []byte
		fmt.Sscanf(text.Value, "%s %d %d %x", &kind, &id.Client, &id.Seq, &data)
		r.onMessage(in.From, kind, id, data, out)
	}
}

func (r *marking) propose(out *protocols.Outbox, home protocols.NodeID, id protocols.CommandID, data []byte) {
	r.open[id] = &marked{data: slices.Clone(data), home: home}
	out.Mark(id, protocols.MarkProposed)
	out.Measure("size", int64(id.Seq%3))
	r.toOthers(out, "prepare", id, nil)
}

func (r *marking) toOthers(out *protocols.Outbox, kind string, id protocols.CommandID, data []byte) {
	for _, to := range r.config.Members {
		if to != r.config.ID {
			r.send(out, to, kind, id, data)
		}
	}
}

func (r *marking) onMessage(from protocols.NodeID, kind string, id protocols.CommandID, data []byte, out *protocols.Outbox) {
	m := r.open[id]
	switch kind {
	case "forward":
		r.propose(out, from, id, data)
	case "prepare":
		r.send(out, from, "promise", id, nil)
	case "promise":
		if !m.prepared {
			m.prepared = true
			out.Mark(id, protocols.MarkPrepared)
			r.toOthers(out, "accept", id, m.data)
		}
	case "accept":
		out.Mark(id, protocols.MarkAccepted)
		r.send(out, from, "accepted", id, nil)
	case "accepted":
		if m.accepted {
			return
		}
		m.accepted = true
		out.Mark(id, protocols.MarkCommitted)
		r.toOthers(out, "commit", id, m.data)
		r.apply(id, m.data, out)
		if m.home == r.config.ID {
			out.Answer(id, nil)
		} else {
			r.send(out, m.home, "reply", id, nil)
		}
	case "reply":
		out.Answer(id, nil)
	case "commit":
		r.apply(id, data, out)
	case "fetch":
		for _, one := range r.done {
			r.send(out, from, "adopt", one, nil)
		}
	case "adopt":
		out.Adopt(slotOf(id))
	}
}

func slotOf(id protocols.CommandID) protocols.Slot {
	return protocols.Slot{Key: fmt.Sprint(id.Client, " ", id.Seq), Index: 1}
}

func (r *marking) apply(id protocols.CommandID, data []byte, out *protocols.Outbox) {
	r.done = append(r.done, id)
	out.Commit(slotOf(id), id, data)
}

// Every link has a delay of its own, in ms, so that a stage that is a link is known by its length.
var oddDelays = [][]time.Duration{{0, 10 * ms, 41 * ms}, {13 * ms, 0, 45 * ms}, {47 * ms, 59 * ms, 0}}

func runMarking(t *testing.T, leader bool, change func(e *experiment.Experiment)) *result.Result {
	t.Helper()
	e := experiment.Experiment{
		Regions: []string{"a", "b", "c"}, Protocols: []experiment.Protocol{{Name: "marking", Label: "marking"}}, World: experiment.Simulated, Repeats: 1, Seed: 1,
		Load: experiment.Load{Arrivals: experiment.Poisson, Rate: 5, Duration: 20 * time.Second, Warmup: time.Second, Timeout: 5 * time.Second,
			ValueSize: 8, Keys: experiment.Keys{Count: 1000, Distribution: experiment.Uniform}},
	}
	if leader {
		e.Protocols[0].Leader = "a"
	}
	if change != nil {
		change(&e)
	}
	none := [][]time.Duration{make([]time.Duration, 3), make([]time.Duration, 3), make([]time.Duration, 3)}
	plan, err := experiment.NewPlan(markingDriver(leader), e, oddDelays, none)
	if err != nil {
		t.Fatal(err)
	}
	found, err := bench.Execute(context.Background(), plan, bench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// told are a region's stages and how long they take, if they take the same for every write.
func told(t *testing.T, r *result.RegionRun) string {
	t.Helper()
	var all []string
	for _, s := range r.Breakdown.Stages {
		if s.Min != s.Max {
			t.Errorf("%s: %s takes from %v to %v", r.Region, s.Name, s.Min, s.Max)
		}
		if s.Count != r.Answered || r.Breakdown.Writes != r.Answered {
			t.Errorf("%s: %s is told of %d writes, the breakdown of %d, and %d were answered", r.Region, s.Name, s.Count, r.Breakdown.Writes, r.Answered)
		}
		all = append(all, fmt.Sprintf("%s %v", s.Name, s.Min))
	}
	return strings.Join(all, ", ")
}

func TestStagesAreWhatAWriteWaitsFor(t *testing.T) {
	for _, c := range []struct {
		name   string
		leader bool
		costs  experiment.Simulation
		want   []string
	}{
		{"without a leader", false, experiment.Simulation{}, []string{
			"prepare 23ms, way out 10ms, way back 13ms",
			"prepare 23ms, way out 13ms, way back 10ms",
			"prepare 88ms, way out 47ms, way back 41ms", // to a and back; by b it takes 104 ms
		}},
		{"with a leader", true, experiment.Simulation{}, []string{
			"prepare 23ms, way out 10ms, way back 13ms",
			"to the leader 13ms, prepare 23ms, way out 10ms, way back 13ms, back from the leader 10ms",
			"to the leader 47ms, prepare 23ms, way out 10ms, way back 13ms, back from the leader 41ms",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := runMarking(t, c.leader, func(e *experiment.Experiment) { e.Simulation = c.costs })
			for i, want := range c.want {
				region := &found.Runs[0].Regions[i]
				if got := told(t, region); got != want {
					t.Errorf("%s: got  %s\nwant %s", region.Region, got, want)
				}
				sum := time.Duration(0)
				for _, s := range region.Breakdown.Stages {
					sum += s.Sum
				}
				if sum != region.Response.Sum {
					t.Errorf("%s: the stages take %v together, the writes %v", region.Region, sum, region.Response.Sum)
				}
				if region.Breakdown.Commit.Max > region.Response.Max || region.Breakdown.Apply.Count != region.Answered {
					t.Errorf("%s: committed after %v at most, %d applied", region.Region, region.Breakdown.Commit.Max, region.Breakdown.Apply.Count)
				}
			}
		})
	}
}

// With one client a region and hardly any writes, each message costs its receiver and its sender
// 1 ms: the time lies in the stages in which the replicas are at work.
func TestProcessingIsToldApartFromTheLinks(t *testing.T) {
	found := runMarking(t, false, func(e *experiment.Experiment) {
		e.Load.Arrivals, e.Load.Rate, e.Load.Warmup = experiment.Constant, 0.3, 0
		e.Simulation = experiment.Simulation{MessageCost: ms}
		e.Regions = []string{"a", "b", "c"}
	})
	want := map[string]time.Duration{ // at least
		"until put forward": 2 * ms, // two messages sent
		"prepare":           23*ms + 4*ms,
		"at the acceptor":   2 * ms, // one received, one sent
		"decision":          3 * ms, // one received, two sent
	}
	seen := 0
	for _, s := range found.Runs[0].Regions[0].Breakdown.Stages {
		if least, listed := want[s.Name]; listed {
			seen++
			if s.Min < least {
				t.Errorf("%s took %v once, want %v at least", s.Name, s.Min, least)
			}
		}
	}
	if seen != len(want) {
		t.Errorf("the stages are %+v, want all of %v", found.Runs[0].Regions[0].Breakdown.Stages, want)
	}
}

func TestWhatADriverNotesIsSummedUp(t *testing.T) {
	found := runMarking(t, false, nil)
	run := found.Runs[0]
	offered := int64(0)
	for _, r := range run.Regions {
		offered += r.Offered
	}
	if len(run.Measures) != 1 {
		t.Fatalf("the measures are %+v, want one", run.Measures)
	}
	m := run.Measures[0]
	if m.Name != "size" || m.Count != offered || m.Max != 2 || m.Mean() < 0.9 || m.Mean() > 1.1 {
		t.Errorf("the measure is %+v with a mean of %v; %d writes noted 0, 1 and 2 in turn", m, m.Mean(), offered)
	}
}

// In loss-free virtual time, and without conflicts, every driver's stages are the same for each
// write of a region and make up its floor.
func TestStagesOfEveryDriverMakeUpItsFloor(t *testing.T) {
	protocols, keys := ownKeys()
	found := simulate(t, threeRegions+protocols+"load: {rate: 20/s, duration: 5s, keys: {"+keys+"}}\n")
	for _, run := range found.Runs {
		for i := range run.Regions {
			r := &run.Regions[i]
			if r.Breakdown == nil {
				t.Fatalf("%s from %s: nothing is told", run.Protocol, r.Region)
			}
			sum := time.Duration(0)
			for _, s := range r.Breakdown.Stages {
				if s.After {
					continue
				}
				sum += s.Min
				if s.Min != s.Max || s.Name == "not told" || s.Name == "retries" {
					t.Errorf("%s from %s: %s takes %v to %v", run.Protocol, r.Region, s.Name, s.Min, s.Max)
				}
			}
			if sum != r.Floor {
				t.Errorf("%s from %s: the stages take %v, the floor is %v", run.Protocol, r.Region, sum, r.Floor)
			}
		}
	}
}

func TestRepeatsAddUpBreakdowns(t *testing.T) {
	found := runMarking(t, true, func(e *experiment.Experiment) { e.Repeats = 3 })
	writes := int64(0)
	for _, run := range found.Runs {
		writes += run.Regions[1].Breakdown.Writes
	}
	merged, _ := found.Merged("marking", 1)
	if merged.Breakdown.Writes != writes || len(found.Runs) != 3 {
		t.Errorf("%d writes of %d", merged.Breakdown.Writes, writes)
	}
	if first := merged.Breakdown.Stages[0]; first.Name != "to the leader" || first.Mean() != 13*ms || first.Count != writes {
		t.Errorf("the first stage is %+v", first)
	}
	data, err := json.Marshal(found.Runs[0].Regions[1].Breakdown)
	if err != nil || !strings.Contains(string(data), `{"name":"to the leader","count":`) {
		t.Errorf("run.json has %s (%v)", data, err)
	}
}

// The replica that comes back fetches from b, 10 ms away and 13 ms back, what it has missed. What
// another had answered shortly before is on its way to it, for 47 ms at most.
func TestTimeToRecoverEndsWithWhatWasAnsweredBefore(t *testing.T) {
	found := runMarking(t, false, func(e *experiment.Experiment) {
		e.Faults = []experiment.Fault{{At: 5 * time.Second, Crash: "a", For: 3 * time.Second}, {At: 15 * time.Second, Crash: "c"}}
	})
	crashes := found.Runs[0].Crashes
	if len(crashes) != 2 || crashes[0].Region != "a" || crashes[0].At != 5*time.Second || crashes[1].Region != "c" || crashes[1].Recovery != nil {
		t.Fatalf("the crashes are %+v", crashes)
	}
	r := crashes[0].Recovery
	if r == nil || r.At != 8*time.Second || r.CaughtUp < 23*ms || r.CaughtUp > 47*ms || r.Missed < 15 || r.Missed > 45 { // of 30 writes
		t.Errorf("the recovery is %+v, want one that took 23 to 47 ms", r)
	}
	if out := crashes[0].Outages; out[0] < 3*time.Second || out[0] > 5*time.Second || out[1] > time.Second || out[2] > time.Second {
		t.Errorf("the crash of a left its clients without an answer for %v, the others for %v and %v", out[0], out[1], out[2])
	}
	if r != nil && (r.Serving <= 0 || r.Serving != crashes[0].Outages[0]-3*time.Second) {
		t.Errorf("it answered again after %v", r.Serving)
	}
	if got := crashes[1].Outages[2]; got != -1 {
		t.Errorf("c, which stayed away, was answered after %v", got)
	}
}
