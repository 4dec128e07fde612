package run

import (
	"context"
	"slices"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/verify"
	"quorumbench/protocols/registry"
)

// played is a run of a protocol while things go wrong.
func played(t *testing.T, protocol string, traceEvents int) *verify.Record {
	t.Helper()
	plan, err := experiment.Parse("test.yaml", []byte(`topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
world: sim
protocols: [`+protocol+`]
load: {rate: 30/s, duration: 10s, keys: {conflicts: 30%}, reads: 10%, retry: 1s, timeout: 10s}
network: {jitter: true, loss: 1%}
simulation: {persist_cost: 2ms, message_cost: 100us}
faults:
  - {at: 2s, crash: leader, for: 1s}
  - {at: 5s, delay: 50ms, for: 1s}
`), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	record, err := Play(context.Background(), Config{Plan: plan, Protocol: plan.Experiment.Protocols[0], TraceEvents: traceEvents})
	if err != nil {
		t.Fatal(err)
	}
	return record
}

func TestStagesOfEachWriteAddUpToItsResponseWhateverHappens(t *testing.T) {
	plan, err := experiment.Parse("test.yaml", []byte("topology: aws-2020-06-05\n"), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	for _, protocol := range plan.Experiment.Protocols {
		t.Run(protocol.Name, func(t *testing.T) {
			r := played(t, protocol.Name, result.MaxTraceEvents)
			traces := r.Traces()
			writes, retries := 0, 0
			late, again := slices.Index(result.StageNames(), "until applied"), slices.Index(result.StageNames(), "retries")
			for region, c := range r.Clients {
				for write := range c.Writes(r.Until) {
					writes++
					times, chosen := traces.Stages(region, region, write)
					sum := time.Duration(0)
					for stage, took := range times {
						if took < 0 {
							t.Fatalf("a write was for %v in %q", took, result.StageNames()[stage])
						}
						if stage != late {
							sum += took
						}
					}
					if sum != write.Answered-write.Intended {
						t.Fatalf("the stages take %v, the write took %v: %v", sum, write.Answered-write.Intended, times)
					}
					if chosen != result.Never && (chosen < write.Intended || chosen > write.Answered) {
						t.Fatalf("a write of %v to %v was chosen at %v", write.Intended, write.Answered, chosen)
					}
					if times[again] > 0 {
						retries++
					}
				}
			}
			if writes < 500 || retries == 0 {
				t.Errorf("%d writes, %d of them put forward again: too few to tell", writes, retries)
			}
		})
	}
}

func TestTooManyTraceEventsAreThinnedOutAlike(t *testing.T) {
	for _, most := range []int{result.MaxTraceEvents, 300, 40} {
		r := played(t, "raft", most)
		run := verify.Conclude(r, false)
		every := run.Regions[0].Breakdown.Every
		if (every == 1) != (most == result.MaxTraceEvents) || every&(every-1) != 0 {
			t.Errorf("with room for %d trace events, one write in %d was followed", most, every)
		}
		for _, one := range r.Replicas {
			if one.Events.Len() > most {
				t.Errorf("%d trace events, and room for %d", one.Events.Len(), most)
			}
		}
		for _, r := range run.Regions {
			if want := r.Answered / every; r.Breakdown.Writes < want-want/2-1 || r.Breakdown.Writes > want+want/2+1 {
				t.Errorf("one in %d of %d writes was followed, and these are %d", every, r.Answered, r.Breakdown.Writes)
			}
			if len(r.Breakdown.Stages) < 2 {
				t.Errorf("the writes that were followed passed %d stages", len(r.Breakdown.Stages))
			}
		}
	}
}

func TestNoTraceEventsAreKeptThatNobodyAskedFor(t *testing.T) {
	run := verify.Conclude(played(t, "raft", 0), false)
	if run.Regions[0].Breakdown != nil || len(run.Measures) > 0 {
		t.Errorf("trace events were kept that nobody asked for: %+v", run.Regions[0].Breakdown)
	}
}
