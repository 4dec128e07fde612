package experiment

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"quorumbench/bench/system"
	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
	"quorumbench/protocols"
)

// Restore makes the plan of an experiment that was run from what its run.json says alone: neither the experiment's file
// nor a topology is looked for. It returns an error if that is not enough to run it again, as in results of earlier
// editions, or if it is nothing that a file may say, as in a run.json that was changed by hand.
func Restore(e Experiment, t Topology, drivers protocols.Drivers) (*Plan, error) {
	if e.Load.IsSearch() {
		e.Sweep = nil // it lists the rates that the search has tried
	}
	if err := checkRestored(&e, &t, drivers); err != nil {
		return nil, err
	}
	if err := e.restoreTraces(); err != nil {
		return nil, err
	}
	p := &Plan{Experiment: e, Topology: t, Places: e.Regions, drivers: drivers}
	p.jitter = p.jitterOf(&e)
	if e.Sweep != nil {
		for i, value := range e.Sweep.Values {
			point := *p
			e.Sweep.Points[i].into(&point.Experiment)
			point.Point, point.jitter = value, p.jitterOf(&point.Experiment)
			if delays := e.Sweep.Points[i].OneWay; delays != nil {
				point.Topology.OneWay = delays
			}
			p.points = append(p.points, &point)
		}
	}
	for _, point := range p.Points() {
		if err := point.checkSettings(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// restoreTraces reads the traces that the result has copies of, for all points of a sweep.
func (e *Experiment) restoreTraces() error {
	whole := map[string]*Traced{} // by SHA-256
	name := map[string]string{}
	for i, stored := range e.Traces() {
		name[stored.SHA256] = TraceFile(i)
		if stored.File == nil {
			continue
		}
		parsed, err := parseTrace(TraceFile(i), stored.File, e.Clients)
		if err != nil {
			return err
		}
		whole[parsed.SHA256] = parsed
	}
	if e.Sweep != nil {
		sweep := *e.Sweep // the result keeps its own
		sweep.Points = slices.Clone(sweep.Points)
		e.Sweep = &sweep
	}
	for _, load := range e.loads() {
		switch {
		case load.Traced == nil && !load.IsTraced():
		case load.Traced == nil || !load.IsTraced() || whole[load.Traced.SHA256] == nil:
			file := TraceFile(0)
			if load.Traced != nil {
				file = name[load.Traced.SHA256]
			}
			return fmt.Errorf("found a load of the trace %s of which the result has no copy; expected %s beside run.json", load.Trace, file)
		default:
			load.Traced = whole[load.Traced.SHA256]
		}
	}
	return nil
}

// checkSettings checks what a file may say about load, network and faults. Errors have no place, since there is no file.
func (p *Plan) checkSettings() error {
	point := *p // the checks fill in what follows from other settings
	point.Experiment.Sweep = nil
	text, err := point.Experiment.YAML() // from which they see which settings do not
	if err != nil {
		return err
	}
	doc, err := strictyaml.Parse("run.json", text)
	if err != nil {
		return withoutPlace(err)
	}
	for _, region := range p.Experiment.Clients {
		load := &p.Experiment.Load
		if rate, found := load.Rates[region]; load.Rates != nil && !load.IsTraced() && (!found || rate < minRate || rate > MaxRate) {
			return fmt.Errorf("found the rate %v in %s; accepted: %s", rate, region, acceptedRates)
		}
	}
	if load := &point.Experiment.Load; load.IsTraced() {
		load.Keys = Keys{Count: load.Keys.Count, Distribution: Uniform} // a file has no keys beside a trace
	}
	for _, check := range []func(*strictyaml.Document, *netem.Topology) error{
		point.checkMix, point.checkRMW, point.checkWords, point.checkNumbers, point.checkSizes, point.checkKeys, point.checkShape, point.checkFaults, point.checkLinks,
	} {
		if err := check(doc, nil); err != nil {
			return withoutPlace(err)
		}
	}
	return withoutPlace(p.checkTotal(doc))
}

// withoutPlace is an error without file, line and column.
func withoutPlace(err error) error {
	var placed *strictyaml.Error
	if errors.As(err, &placed) {
		return errors.New(placed.Msg)
	}
	return err
}

// jitterOf is the jitter of the links of an experiment on the plan's topology.
func (p *Plan) jitterOf(e *Experiment) [][]time.Duration {
	if e.Network.Jitter {
		return p.Topology.Jitter
	}
	none := make([][]time.Duration, len(e.Regions))
	for i := range none {
		none[i] = make([]time.Duration, len(e.Regions))
	}
	return none
}

// checkRestored returns an error if an experiment of a run.json lacks what it takes to run it again.
func checkRestored(e *Experiment, t *Topology, drivers protocols.Drivers) error {
	n := len(e.Regions)
	square := func(rows [][]time.Duration) bool {
		return len(rows) == n && !slices.ContainsFunc(rows, func(row []time.Duration) bool { return len(row) != n || slices.Min(row) < 0 })
	}
	jitter := e.Network.Jitter
	if s := e.Sweep; s != nil {
		if len(s.Points) != len(s.Values) {
			return fmt.Errorf("found the settings of %d points of the sweep over %s; expected %d: results of earlier editions have none", len(s.Points), s.Path, len(s.Values))
		}
		if i := slices.IndexFunc(s.Points, func(point Swept) bool { return point.OneWay != nil && !square(point.OneWay) }); i >= 0 {
			return fmt.Errorf("found %d rows of one-way delays at %s; expected a delay for each pair of %d regions", len(s.Points[i].OneWay), s.Values[i], n)
		}
		jitter = jitter || slices.ContainsFunc(s.Points, func(point Swept) bool { return point.Network.Jitter })
	}
	switch {
	case n == 0 || len(e.Replicas) > n || !slices.Equal(e.Replicas, e.Regions[:len(e.Replicas)]):
		return fmt.Errorf("found the replicas %v and the regions %v; expected the replicas to be the first of the regions", e.Replicas, e.Regions)
	case len(e.Members) > len(e.Replicas) || !slices.Equal(e.Members, e.Replicas[:len(e.Members)]):
		return fmt.Errorf("found the members %v and the replicas %v; expected the members to be the first of the replicas", e.Members, e.Replicas)
	case slices.ContainsFunc(e.Clients, func(c string) bool { return !slices.Contains(e.Regions, c) }):
		return fmt.Errorf("found clients in %v; expected some of %v", e.Clients, e.Regions)
	case !square(t.OneWay):
		return fmt.Errorf("found %d rows of one-way delays; expected a delay for each pair of %d regions", len(t.OneWay), n)
	case jitter && !square(t.Jitter):
		return fmt.Errorf("found %d rows of jitter; expected one for each pair of %d regions: results of earlier editions have none", len(t.Jitter), n)
	}
	for _, p := range e.Protocols {
		driver := drivers.Find(p.Name)
		if p.System != "" {
			described := p.Described()
			if described == nil || p.Name != "" || (p.Command != nil) != (p.System == system.CommandName) {
				return fmt.Errorf("found the system %q of %s; this program knows %s", p.System, p.Label, strings.Join(system.Names(), ", "))
			}
			if p.Command != nil {
				if key, err := checkCommand(p.Command, drivers); err != nil {
					return fmt.Errorf("found the command of %s, whose %s is wrong: %w", p.Label, key, err)
				}
			}
			driver = described.Driver(drivers)
		}
		if driver == nil {
			return fmt.Errorf("found the protocol %q; this program has %s%s", p.Name, strings.Join(drivers.Names(), ", "), strictyaml.DidYouMean(p.Name, drivers.Names()))
		}
		if driver.HasLeader != (p.Leader != "") || p.Leader != "" && !slices.Contains(e.Replicas, p.Leader) {
			return fmt.Errorf("found the leader %q of %s; expected a replica for protocols with a leader, none for others", p.Leader, p.Label)
		}
		if i := slices.IndexFunc(p.Witnesses, func(w string) bool { return !slices.Contains(e.FirstMembers(), w) || w == p.Leader }); i >= 0 {
			return fmt.Errorf("found the witness %q of %s; expected a replica that does not lead", p.Witnesses[i], p.Label)
		}
		config := e.replicas()
		config.Options = p.Options
		complete, err := driver.Complete(config)
		if err != nil {
			return fmt.Errorf("found %s with options that this program refuses: %w", p.Label, err)
		}
		if texts := protocols.Texts(complete.Options); len(texts) != len(p.Options) {
			return fmt.Errorf("found %d options of %s; this program has %d", len(p.Options), p.Label, len(texts))
		}
	}
	return nil
}
