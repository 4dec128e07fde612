package experiment

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
)

// checkWords checks the settings whose value is one of a few words, and the name.
func (p *Plan) checkWords(doc *strictyaml.Document, _ *netem.Topology) error {
	e := &p.Experiment
	for _, c := range []struct {
		path, found string
		accepted    []string
	}{
		{"load.arrivals", string(e.Load.Arrivals), e.Load.Arrivals.Words()},
		{"load.ask", string(e.Load.Ask), e.Load.Ask.Words()},
		{"load.keys.distribution", string(e.Load.Keys.Distribution), e.Load.Keys.Distribution.Words()},
		{"transport.kind", string(e.Transport.Kind), e.Transport.Kind.Words()},
		{"transport.mode", string(e.Transport.Mode), e.Transport.Mode.Words()},
		{"durability", string(e.Durability), e.Durability.Words()},
		{"world", string(e.World), e.World.Words()},
	} {
		if !slices.Contains(c.accepted, c.found) {
			return doc.Errorf(c.path, "found %q; accepted: %s%s", c.found,
				strings.Join(c.accepted, ", "), strictyaml.DidYouMean(c.found, c.accepted))
		}
	}
	unfit := func(r rune) bool { return !unicode.IsPrint(r) || strings.ContainsRune("/\\", r) }
	if strings.ContainsFunc(e.Name, unfit) || !utf8.ValidString(e.Name) || strings.TrimSpace(e.Name) == "" || len(e.Name) > MaxName || strings.HasPrefix(e.Name, ".") {
		return doc.Errorf("name", "found %q; accepted: a name that can be a folder's, up to %d bytes", e.Name, MaxName)
	}
	return nil
}

// MaxName is the greatest length of an experiment's name, in bytes.
const MaxName = 200

// NamePattern is a regular expression that every experiment's name matches.
const NamePattern = `^[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*$`

// minRate is the least rate of an open loop: one command an hour.
const minRate = Rate(1.0 / 3600)

// acceptedRates says which rates are accepted.
var acceptedRates = "1/h to " + MaxRate.String() + " in each region"

// maxTotal is how long all runs may take together.
const maxTotal = 365 * 24 * time.Hour

// checkTotal refuses an experiment that would take longer than maxTotal. Sums of times then do not overflow.
func (p *Plan) checkTotal(doc *strictyaml.Document) error {
	e := &p.Experiment
	if total := float64(p.Runs()) * float64(e.Load.Warmup+e.Load.Duration); total > float64(maxTotal) {
		key := "load.duration"
		if e.Repeats > 1 {
			key = "repeats"
		}
		return doc.Errorf(key, "found %d runs of %v, %.0fh in all; accepted: up to %.0fh in all",
			p.Runs(), e.Load.Warmup+e.Load.Duration, total/float64(time.Hour), maxTotal.Hours())
	}
	return nil
}

// checkLinks refuses what real links cannot have: what the emulator does to packets, faults of links, and a world without links.
func (p *Plan) checkLinks(doc *strictyaml.Document, _ *netem.Topology) error {
	e := &p.Experiment
	if e.Network.Links != Real {
		return nil
	}
	if e.IsSimulated() {
		return doc.Errorf("network", "found real links with world: sim; accepted: with world: live; run --sim simulates the links of the topology")
	}
	for _, key := range []string{"jitter", "loss", "rate", "queue", "reorder"} {
		path := "network." + key
		swept := e.Sweep != nil && e.Sweep.Path == path
		if at := path; doc.Has(path) || swept {
			if swept {
				at = "sweep"
			}
			return doc.Errorf(at, "found %s with real links, which do what they do; accepted: with links: emulated", path)
		}
	}
	for i := range e.Faults {
		if f := &e.Faults[i]; f.ofLinks() {
			return doc.Errorf(fmt.Sprintf("faults[%d]", i), "found %v with real links, which nobody here can cut or slow down; accepted: faults of replicas, such as crash", f)
		}
	}
	return nil
}

// checkNumbers checks every number against its range and refuses settings that exclude each other. It fills in
// the defaults that depend on other settings.
func (p *Plan) checkNumbers(doc *strictyaml.Document, _ *netem.Topology) error {
	e, l := &p.Experiment, &p.Experiment.Load
	switch {
	case l.IsClosed() && l.Rate != 0:
		return doc.Errorf("load.rate", "found a rate in a closed loop, where the answers set the rate; accepted: clients, as in clients: 10")
	case !l.IsClosed() && l.Clients != 0:
		return doc.Errorf("load.clients", "found clients in an open loop, where the rate sets the load; accepted: rate, or arrivals: closed")
	}
	switch limits := l.SLO != (SLO{}); {
	case l.IsSearch() && !limits:
		return doc.Errorf("load.arrivals", "found a search without an objective; accepted: with slo, as in slo: {p99: 300ms}")
	case !l.IsSearch() && (limits || l.Precision != 0):
		key := "load.slo"
		if !limits {
			key = "load.precision"
		}
		return doc.Errorf(key, "found it without a search; accepted: with arrivals: saturate")
	case l.IsSearch() && (e.Sweep != nil || len(e.Faults) > 0):
		key := "sweep"
		if e.Sweep == nil {
			key = "faults"
		}
		return doc.Errorf(key, "found it beside a search for the highest rate; accepted: one of the two")
	case l.IsSearch() && l.Precision == 0:
		l.Precision = 0.05
	}
	switch {
	case l.IsClosed() && l.Clients == 0:
		l.Clients = 1
	case !l.IsClosed() && l.Rate == 0:
		l.Rate = 50
	}
	for _, c := range []struct {
		path     string
		ok       bool
		found    any
		accepted string
	}{
		{"load.rate", l.IsClosed() || l.IsTraced() || l.Rate >= minRate && l.Rate <= MaxRate, l.Rate, acceptedRates},
		{"load.slo.p50", l.SLO.P50 >= 0 && l.SLO.P50 <= l.Timeout, l.SLO.P50, "more than 0s, up to the timeout"},
		{"load.slo.p99", l.SLO.P99 >= 0 && l.SLO.P99 <= l.Timeout, l.SLO.P99, "more than 0s, up to the timeout"},
		{"load.precision", !l.IsSearch() || l.Precision >= 0.01 && l.Precision <= 0.5, l.Precision, "1% to 50%"},
		{"load.clients", !l.IsClosed() || Ranges["load.clients"].Has(l.Clients), l.Clients, "1 to 1000000 clients in each region"},
		{"load.think_time", l.ThinkTime == 0 || l.ThinkTime > 0 && l.ThinkTime <= time.Hour && l.IsClosed(), l.ThinkTime, "0s to 1h, with arrivals: closed only: an open loop has a rate"},
		{"load.commands", l.Commands == 0 || Ranges["load.commands"].Has(l.Commands) && l.IsClosed(), l.Commands, "0 to 1000000000, with arrivals: closed only: an open loop has a rate"},
		{"load.duration", l.Duration >= 100*time.Millisecond && l.Duration <= maxLength, l.Duration, "100ms to 24h"},
		{"load.warmup", l.Warmup >= 0 && l.Warmup <= time.Hour, l.Warmup, "0s to 1h"},
		{"load.timeout", l.Timeout >= 10*time.Millisecond && l.Timeout <= 50*time.Second, l.Timeout, "10ms to 50s"},
		{"load.value_size", l.ValueSize <= maxValueSize, l.ValueSize, "0B to 1MiB"},
		{"load.retry", l.Retry == 0 || l.Retry >= time.Millisecond && l.Retry <= maxDelay, l.Retry, "0s, or 1ms to 1m"},
		{"simulation.command_cost", e.Simulation.CommandCost >= 0 && e.Simulation.CommandCost <= maxDelay, e.Simulation.CommandCost, "0s to 1m"},
		{"simulation.batch_cost", e.Simulation.BatchCost >= 0 && e.Simulation.BatchCost <= maxDelay, e.Simulation.BatchCost, "0s to 1m"},
		{"simulation.message_cost", e.Simulation.MessageCost >= 0 && e.Simulation.MessageCost <= maxDelay, e.Simulation.MessageCost, "0s to 1m"},
		{"simulation.sync_cost", e.Simulation.SyncCost >= 0 && e.Simulation.SyncCost <= maxDelay, e.Simulation.SyncCost, "0s to 1m"},
		{"simulation.processors", Ranges["simulation.processors"].Has(e.Simulation.Processors), e.Simulation.Processors, "0 to 1024"},
		{"simulation.persist_cost", e.Simulation.PersistCost >= 0 && e.Simulation.PersistCost <= maxDelay, e.Simulation.PersistCost, "0s to 1m"},
		{"network.loss", e.Network.Loss <= 0.9, e.Network.Loss, "0% to 90%"},
		{"network.queue", e.Network.Queue == 0 || e.Network.Rate > 0, e.Network.Queue, "with a rate only: a link of unlimited rate has no queue"},
		{"network.reorder", !e.Network.Reorder || e.Network.Jitter, e.Network.Reorder, "with jitter: true only: without jitter nothing can overtake"},
		{"repeats", Ranges["repeats"].Has(e.Repeats), e.Repeats, "1 to 1000"},
		{"thresholds.p50_above_floor", e.Thresholds.P50AboveFloor >= 0, e.Thresholds.P50AboveFloor, "0s or more"},
		{"thresholds.p99_above_floor", e.Thresholds.P99AboveFloor >= 0, e.Thresholds.P99AboveFloor, "0s or more"},
	} {
		if !c.ok {
			return doc.Errorf(c.path, "found %v; accepted: %s", c.found, c.accepted)
		}
	}
	return nil
}
