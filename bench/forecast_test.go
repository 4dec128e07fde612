package bench_test

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/result"
)

const planned = "topology: aws-2020-06-05\nregions: [us-east-1, eu-west-1, ap-northeast-1]\nprotocols: [raft, mmp3]\n"

// A forecast follows from the experiment, and of a simulated one from what its pilots took; the machine has no part in it.
func TestAForecastFollowsFromTheExperimentAndThePilots(t *testing.T) {
	pilots := []bench.Pilot{{Commands: 300, Messages: 3000, Virtual: time.Second, Took: 15 * time.Millisecond}, {Commands: 600, Messages: 1200, Virtual: time.Second, Took: 12 * time.Millisecond}}
	idle := bench.Pilot{Commands: 2, Messages: 500, Virtual: 10 * time.Second, Took: time.Millisecond}
	for name, c := range map[string]struct {
		yaml     string
		pilots   []bench.Pilot
		runs     int
		commands float64
		messages float64
		took     time.Duration
	}{
		// 4 runs of 12 s and 1 s beside, 2 s to draw, and for each protocol 200,000 messages of 5 µs for the page.
		"live": {"repeats: 2\nload: {rate: 100/s, duration: 10s, warmup: 2s}", nil, 4, 4 * 3600, 0, (4*13 + 2 + 2) * time.Second},
		// 3600 commands of 10 and of 2 messages, which take 50 and 20 µs a command: 180 and 72 ms a run; twice, and once more for the page.
		"simulated": {"repeats: 2\nworld: sim\nload: {rate: 100/s, duration: 10s, warmup: 2s}", pilots, 4, 4 * 3600, 2 * (36_000 + 7200), 2*time.Second + 3*(180+72)*time.Millisecond},
		// The page plays 200,000 of a run's 3,600,000 messages once more, and all 720,000/3.6.
		"simulated, long":         {"world: sim\nload: {rate: 100/s, duration: 1200s, warmup: 0s}\n", pilots, 2, 2 * 360_000, 3_600_000 + 720_000, 2*time.Second + 18*time.Second + time.Second + 7200*time.Millisecond + 2*time.Second},
		"without pilots":          {"world: sim\nload: {rate: 100/s, duration: 10s, warmup: 2s}", nil, 2, 7200, 0, 0},
		"a sweep":                 {"world: sim\nload: {duration: 10s, warmup: 2s}\nsweep: {load.rate: [100/s, 200/s, 300/s]}", pilots, 6, 2 * 6 * 3600, 6 * (36_000 + 7200), 2*time.Second + 7*(180+72)*time.Millisecond},
		"hardly any load":         {"world: sim\nload: {rate: 1/h, duration: 1000s, warmup: 0s}", []bench.Pilot{idle, idle}, 2, 2 * 3 * 1000. / 3600, 2 * 50_000, 2*time.Second + 4*100*time.Millisecond},
		"a search":                {"load: {arrivals: saturate, rate: 1000/s, slo: {p99: 300ms}, duration: 4s, warmup: 1s}", nil, 22, 2 * 15_000 * (1 + 2 + 4 + 8 + 16 + 6*32), 0, (22*6 + 2 + 2) * time.Second},
		"so many commands, alone": {"protocols: [mmp3]\nreplicas: [us-east-1, us-east-1, us-east-1]\nload: {arrivals: closed, clients: 10, commands: 100000, duration: 4s, warmup: 1s}", nil, 1, 300_000, 0, (1 + 10 + 1 + 2 + 1) * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			text := planned
			if strings.Contains(c.yaml, "replicas:") {
				text = "topology: aws-2020-06-05\n"
			}
			f := bench.ForecastOf(parse(t, text+c.yaml), bench.ForecastOptions{Pilots: c.pilots})
			if f.Runs != c.runs || math.Abs(f.Commands-c.commands) > 1e-6*c.commands || math.Abs(f.Messages-c.messages) > 1e-6*c.messages || (f.Time-c.took).Abs() > time.Millisecond {
				t.Errorf("found %d runs, %.1f commands, %.1f messages, %v\nwant  %d runs, %.1f commands, %.1f messages, %v", f.Runs, f.Commands, f.Messages, f.Time, c.runs, c.commands, c.messages, c.took)
			}
			if len(f.Warnings) > 0 || f.Memory < 200<<20 || f.Disk < 3<<20 {
				t.Errorf("%+v, in a room of unknown size", f)
			}
		})
	}
}

// What is short is said, and nothing else; nothing is refused.
func TestAForecastSaysWhatIsShort(t *testing.T) {
	plan := parse(t, planned+"load: {rate: 1000/s, duration: 100s, warmup: 0s, value_size: 1KiB}\ndurability: fsync\n")
	options := bench.ForecastOptions{Room: bench.Room{Memory: 32e9, Whose: "the memory of this machine", Disk: 10e9}}
	f := bench.ForecastOf(plan, options)
	// Logs of three replicas: 300,000 commands of 2 KiB and 130 B each.
	if logs := 3 * 300_000 * (2048 + 130.); f.Disk < logs || f.Disk > logs+10e6 || len(f.Warnings) > 0 {
		t.Errorf("%.0f bytes on disk, of which %.0f are logs; %q", f.Disk, logs, f.Warnings)
	}
	if want := "2 runs, about 3 min; up to about 2.4 GB of memory of 32.0 GB; up to about 2.0 GB on disk, where 10.0 GB are free"; f.String() != want {
		t.Errorf("found %s\nwant  %s", f, want)
	}
	options.Room.Memory, options.Room.Disk = 1e9, 1e9
	f = bench.ForecastOf(plan, options)
	want := []string{
		"memory is short: a run may keep up to about 2.4 GB, and there are 1.0 GB, the memory of this machine; less rate, duration, commands or value_size keep less",
		"the disk is short: up to about 2.0 GB are written, and 1.0 GB are free",
	}
	if strings.Join(f.Warnings, "\n") != strings.Join(want, "\n") {
		t.Errorf("found %q\nwant  %q", f.Warnings, want)
	}
	options.Traced = true
	if traced := bench.ForecastOf(plan, options); traced.Disk < f.Disk+2*3*500*1000 {
		t.Errorf("%.0f bytes with a trace, %.0f without", traced.Disk, f.Disk)
	}
}

// Runs that are kept of an earlier result take no time.
func TestAForecastOfAResumedExperimentIsOfTheRest(t *testing.T) {
	plan := parse(t, planned+"load: {rate: 100/s, duration: 10s, warmup: 2s}\nrepeats: 3\n")
	whole := bench.ForecastOf(plan, bench.ForecastOptions{})
	earlier := &result.Result{Runs: []result.Run{{Protocol: "raft"}, {Protocol: "mmp3"}, {Protocol: "raft", Repeat: 1, Partial: true}}}
	rest := bench.ForecastOf(plan, bench.ForecastOptions{Resume: earlier})
	if whole.Runs != 6 || rest.Runs != 4 || whole.Time-rest.Time != 2*13*time.Second {
		t.Errorf("%d runs in %v, of which %d in %v are left", whole.Runs, whole.Time, rest.Runs, rest.Time)
	}
}

// The pilots of an experiment send as many messages a command as the experiment itself, roughly, and the same each time.
func TestPilotsAreLikeTheirExperiment(t *testing.T) {
	plan := parse(t, planned+"load: {rate: 100/s, duration: 10s, warmup: 0s}\nworld: sim\nfaults: [{at: 1s, crash: us-east-1}]\n")
	first, err := bench.Pilots(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	second, err := bench.Pilots(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	found, err := bench.Execute(t.Context(), parse(t, planned+"load: {rate: 100/s, duration: 10s, warmup: 0s}\nworld: sim\n"), bench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range first {
		if p.Commands < 250 || p.Commands > 350 || p.Messages != second[i].Messages || p.Virtual != time.Second+time.Millisecond || p.Took <= 0 {
			t.Errorf("pilot %d: %+v, and then %+v", i, p, second[i])
		}
		f := bench.ForecastOf(plan, bench.ForecastOptions{Pilots: []bench.Pilot{p, p}})
		run := found.RunsOf(plan.Experiment.Protocols[i].Label)[0]
		if ratio := f.Messages / 2 / float64(run.Network.Messages); ratio < 0.8 || ratio > 1.25 {
			t.Errorf("%s: forecast %.0f messages, and %d were sent", run.Protocol, f.Messages/2, run.Network.Messages)
		}
	}
}

// The room of a folder that is not there yet is that of the one above.
func TestTheRoomOfAFolderThatIsNotThereYet(t *testing.T) {
	there := bench.RoomFor(t.TempDir())
	if there.Disk == 0 {
		t.Skip("how much is free is not known on this system")
	}
	if found := bench.RoomFor(filepath.Join(t.TempDir(), "a", "b")); found.Disk < there.Disk/2 || found.Memory != there.Memory {
		t.Errorf("%+v, and above it %+v", found, there)
	}
}
