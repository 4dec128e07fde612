package run

import (
	"context"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/netem/awake"
	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// idle is a node that ignores everything.
type idle struct{}

func (idle) Step(*protocols.Input, *protocols.Outbox) {}

// prompt is a client node that answers every command itself, as soon as it has it.
type prompt struct{}

func (prompt) Step(in *protocols.Input, out *protocols.Outbox) {
	if in.Kind == protocols.InputCommand {
		out.Answer(in.Command, kv.PutResult)
	}
}

// BenchmarkLag measures how late the load generator of a live run issues commands that nothing is done with: the time from the
// intended arrival of a command to the moment when it is sent, at 20,000 arrivals a second in one region. The bound that
// docs/measuring.md states for it is a p99 of 1 ms. Like the program it runs with real-time priority, where that is permitted: the
// metric realtime is 1 then. The figures are the worst of all runs.
func BenchmarkLag(b *testing.B) {
	const rate = 20_000
	driver := &protocols.Driver{
		Name:   "prompt",
		New:    func(protocols.Config) protocols.Node { return idle{} },
		Client: func(protocols.ClientConfig) protocols.Node { return prompt{} },
		Floor:  func(protocols.Config) time.Duration { return 0 },
	}
	for _, arrivals := range []experiment.Arrivals{experiment.Poisson, experiment.Constant} {
		b.Run(string(arrivals), func(b *testing.B) {
			e := experiment.Experiment{
				World: experiment.Simulated, Protocols: []experiment.Protocol{{Name: driver.Name, Label: driver.Name}}, Repeats: 1,
				Regions: []string{"a"}, Replicas: []string{"a"}, Clients: []string{"a"},
				Transport: experiment.Transport{Mode: experiment.OneStream},
				Load: experiment.Load{
					Arrivals: arrivals, Rate: rate, Warmup: time.Second, Duration: 5 * time.Second, Timeout: time.Second,
					Keys: experiment.Keys{Count: 100_000, Distribution: experiment.Uniform}, ValueSize: 128,
				},
			}
			one := [][]time.Duration{{0}}
			plan, err := experiment.NewPlan(driver, e, one, one)
			if err != nil {
				b.Fatal(err)
			}
			plan.Experiment.World = experiment.Live
			realtime := 0.0
			hurry := func() (func(), bool) {
				ordinary, err := awake.Realtime()
				if err != nil {
					return func() {}, false
				}
				realtime = 1
				return ordinary, false
			}
			var p50, p99, p999 time.Duration
			var answered int64
			for b.Loop() {
				record, err := Play(context.Background(), Config{Plan: plan, Protocol: plan.Experiment.Protocols[0], Hurry: hurry})
				if err != nil {
					b.Fatal(err)
				}
				o := record.Clients[0].Operations(result.Writes, record.Until)
				p50, p99, p999, answered = max(p50, o.Lag.P50), max(p99, o.Lag.P99), max(p999, o.Lag.P999), o.Answered
			}
			b.ReportMetric(float64(p50.Microseconds()), "lag-p50-µs")
			b.ReportMetric(float64(p99.Microseconds()), "lag-p99-µs")
			b.ReportMetric(float64(p999.Microseconds()), "lag-p99.9-µs")
			b.ReportMetric(realtime, "realtime")
			b.ReportMetric(float64(answered)/e.Load.Duration.Seconds(), "answered/s")
		})
	}
}
