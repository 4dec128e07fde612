package site

import (
	"bytes"
	"cmp"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
	"quorumbench/bench/site/keys"
	"quorumbench/bench/verify"
	"quorumbench/configs"
	"quorumbench/protocols"
)

// left is the content of a file in which a site keeps what it knows of a run until the coordinator has it. It is enough to make
// a partial result of, together with those that other sites have left.
type left struct {
	Format      string // leftFormat
	Version     string
	Coordinated uint64 // by which process: all parts of a run have the same
	Run         int    // from 1
	Place       int    // whose part it is
	Coordinator int    // the region of the coordinator
	Experiment  []byte // JSON of an experiment.Experiment
	Topology    []byte // JSON of an experiment.Topology
	Protocol    string
	Point       string
	Repeat      int
	Started     time.Time     // of the measured part
	Until       time.Duration // see verify.Record
	Before      []probes      // links to the other sites before the run
	Data        []byte        // see verify.Record.EncodePart
}

const leftFormat = "quorumbench-part-1"

// keep writes what this site knows of a run into a file, and returns its name.
func (s *Site) keep(record *verify.Record, data []byte, before []probes) (name string, err error) {
	l := left{
		Format: leftFormat, Version: s.version, Coordinated: s.coordinatedBy(), Run: s.run, Place: s.Site, Coordinator: s.Coordinator, Protocol: record.Protocol.Label,
		Point: record.Plan.Point, Repeat: record.Repeat, Started: record.Started, Until: record.Until, Before: before, Data: data,
	}
	var broken error
	l.Experiment, broken = json.Marshal(&s.Plan.Experiment)
	l.Topology, err = json.Marshal(&s.Plan.Topology)
	var b bytes.Buffer
	if err = errors.Join(err, broken, gob.NewEncoder(&b).Encode(&l)); err != nil {
		return "", fmt.Errorf("keeping what this site knows of the run: %w", err)
	}
	name = filepath.Join(s.Scratch, fmt.Sprintf("%s-%d.part", strings.TrimSuffix(keys.SiteFile(s.name(s.Site)), ".pem"), s.run))
	return name, os.WriteFile(name, b.Bytes(), 0o600)
}

// coordinatedBy is the process that coordinates.
func (s *Site) coordinatedBy() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.instances[s.Coordinator]
}

// IsLeft reports whether a file is named as those in which sites keep what was not handed over.
func IsLeft(name string) bool { return filepath.Ext(name) == ".part" }

// mostLeft is the greatest size of a file that is read, in bytes.
const mostLeft = mostHandover + 1<<20

// ReadLeft makes a partial result of files that sites have left since the coordinator was lost: what each of them knows of a run, or of
// several. The files must be of the same deployment. What is not there, such as the coordinator's own part, is missing in the result, as
// that of a site that was lost. Times of different sites are compared by the estimates of their clocks before the run, within what
// clocks may drift.
func ReadLeft(files []string, drivers protocols.Drivers) (*result.Result, *experiment.Plan, error) {
	var all []*left
	for _, file := range files {
		l, err := readLeft(file)
		if err != nil {
			return nil, nil, err
		}
		first := l
		if len(all) > 0 {
			first = all[0]
		}
		switch {
		case l.Coordinated != first.Coordinated || !bytes.Equal(l.Experiment, first.Experiment) || !bytes.Equal(l.Topology, first.Topology):
			return nil, nil, fmt.Errorf("%s: found what was left by another deployment than %s; accepted: files of one", file, files[0])
		case slices.ContainsFunc(all, func(other *left) bool { return other.Run == l.Run && other.Place == l.Place }):
			return nil, nil, fmt.Errorf("%s: found a region's part of a run a second time; accepted: once", file)
		}
		all = append(all, l)
	}
	var e experiment.Experiment
	var t experiment.Topology
	if err := errors.Join(json.Unmarshal(all[0].Experiment, &e), json.Unmarshal(all[0].Topology, &t)); err != nil {
		return nil, nil, fmt.Errorf("%s: reading the experiment: %w", files[0], err)
	}
	plan, err := experiment.Restore(e, t, drivers)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", files[0], err)
	}
	slices.SortFunc(all, func(a, b *left) int { return cmp.Or(cmp.Compare(a.Run, b.Run), cmp.Compare(a.Place, b.Place)) })
	found := &result.Result{
		Schema: result.SchemaVersion, Experiment: plan.Experiment, Topology: plan.Topology, Machine: bench.ThisMachine(), Partial: true,
		Started: all[0].Started.Add(-e.Load.Warmup), Live: &result.LiveSettings{},
	}
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].Run == all[0].Run {
			n++
		}
		one, err := conclude(plan, all[:n])
		if err != nil {
			return nil, nil, err
		}
		found.Runs = append(found.Runs, one)
		found.Finished = all[0].Started.Add(one.Measured)
		all = all[n:]
	}
	return found, plan, nil
}

func readLeft(file string) (*left, error) {
	data, err := configs.ReadFile(file, mostLeft)
	if err != nil {
		return nil, err
	}
	l := &left{}
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(l); err != nil || l.Format != leftFormat {
		return nil, fmt.Errorf("%s: found no part of a run in it; accepted: a whole file that a site has left: %w", file, cmp.Or(err, errors.New("another format")))
	}
	if version := bench.ThisMachine(); l.Version != version.Tool+" "+version.Go {
		return nil, fmt.Errorf("%s: found what version %s has left; accepted: that of this one, %s", file, l.Version, version.Tool+" "+version.Go)
	}
	return l, nil
}

// conclude sums up and checks what the sites know of a run.
func conclude(plan *experiment.Plan, parts []*left) (result.Run, error) {
	first := parts[0]
	points := plan.Points()
	i := slices.IndexFunc(points, func(p *experiment.Plan) bool { return p.Point == first.Point })
	j := slices.IndexFunc(plan.Experiment.Protocols, func(p experiment.Protocol) bool { return p.Label == first.Protocol })
	if i < 0 || j < 0 {
		return result.Run{}, fmt.Errorf("found a part of a run of %s at %q; accepted: of one of the experiment", first.Protocol, first.Point)
	}
	record := run.Blank(run.Config{Plan: points[i], Protocol: plan.Experiment.Protocols[j], Repeat: first.Repeat, TraceEvents: result.MaxTraceEvents})
	record.Started, record.Unsettled = first.Started, "the coordinator was lost"
	regions := plan.Experiment.Regions
	record.Clocks = make([]verify.Clock, len(regions))
	for _, p := range parts {
		record.Until = max(record.Until, p.Until)
	}
	for _, p := range parts {
		if p.Place < 0 || p.Place >= len(regions) || p.Coordinator < 0 || p.Coordinator >= len(regions) || len(p.Before) != len(regions) {
			return result.Run{}, fmt.Errorf("found a part of a run by region %d of %d; accepted: one of the experiment", p.Place, len(regions))
		}
		clock, at := clockOf(p.Before[p.Coordinator].Best, estimate{}, record.Until)
		record.Clocks[p.Place] = clock
		if err := record.AddPart(p.Place, p.Data, at); err != nil {
			return result.Run{}, err
		}
	}
	for place, region := range regions {
		if !slices.ContainsFunc(parts, func(p *left) bool { return p.Place == place }) {
			record.Missing = append(record.Missing, region)
		}
	}
	return verify.Conclude(record, true), nil
}
