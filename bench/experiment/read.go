package experiment

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"quorumbench/configs"
	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
	"quorumbench/protocols"
)

// Read reads an experiment file, or the experiment of that name that is shipped with the program, and fills in
// what it leaves out. The file may name the given drivers. An error has file, line and column, what was found
// and what is accepted.
func Read(file string, drivers protocols.Drivers) (*Plan, error) {
	if file == "" {
		return nil, fmt.Errorf("found no name of an experiment file; the experiments shipped with quorumbench are %s", strings.Join(configs.Experiments(), ", "))
	}
	data, err := configs.ReadFile(file, configs.MaxExperiment)
	if err != nil {
		if shipped, shippedErr := configs.Experiment(file); shippedErr == nil {
			data = shipped
		} else if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: no such file; the experiments shipped with quorumbench are %s%s",
				file, strings.Join(configs.Experiments(), ", "), strictyaml.DidYouMean(file, configs.Experiments()))
		} else {
			return nil, fmt.Errorf("reading the experiment: %w", err)
		}
	}
	return Parse(file, data, drivers)
}

// Parse is Read for a file whose content is known. The path of a topology file is relative to the experiment
// file.
func Parse(file string, data []byte, drivers protocols.Drivers) (*Plan, error) {
	return ParseWith(file, data, nil, drivers)
}

// ParseWith is Parse where topology files are given by the names that experiments call them, as in a browser, which has no
// files. Others are read from the file system.
func ParseWith(file string, data []byte, topologies map[string][]byte, drivers protocols.Drivers) (*Plan, error) {
	doc, err := strictyaml.Parse(file, data)
	if err != nil {
		return nil, err
	}
	plan, err := planOf(file, doc, topologies, drivers)
	if err != nil {
		return nil, err
	}
	if err := plan.makePoints(file, doc); err != nil {
		return nil, err
	}
	return plan, plan.checkTotal(doc)
}

// defaults sets e to the defaults of an experiment that is read from the given file.
func defaults(file string, e *Experiment) *Experiment {
	*e = Experiment{
		Name: strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)),
		Load: Load{
			Arrivals: Poisson, Ask: AskNearest, Duration: 10 * time.Second, Warmup: 2 * time.Second, Timeout: 5 * time.Second,
			ValueSize: 128, Keys: Keys{Count: 100_000, Distribution: Uniform},
		},
		Transport:  Transport{Kind: QUIC, Mode: Auto},
		Durability: InMemory, World: Live, Repeats: 1, Seed: 1,
	}
	return e
}

// planOf makes the plan of a document, without the points of its sweep.
func planOf(file string, doc *strictyaml.Document, topologies map[string][]byte, drivers protocols.Drivers) (*Plan, error) {
	var e Experiment
	one, rates, err := splitRates(doc)
	if err != nil {
		return nil, err
	}
	if err := one.Decode(defaults(file, &e)); err != nil {
		return nil, err
	}
	topology, err := e.topology(doc, file, topologies)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Experiment: e, AllRegions: topology, drivers: drivers, topologies: topologies}
	for _, check := range []func(*strictyaml.Document, *netem.Topology) error{
		plan.checkMix, plan.checkWords, plan.checkRegions, plan.readTrace(file), plan.checkRMW, plan.checkNumbers, plan.checkSizes, plan.checkKeys, rates.check(plan), plan.checkShape, plan.checkPresent, plan.readLinks,
		plan.checkProtocols, plan.placeLeaders, plan.labelProtocols, plan.checkFaults, plan.checkLinks, plan.checkSystems,
		plan.checkLabels,
	} {
		if err := check(doc, topology); err != nil {
			return nil, err
		}
	}
	return plan, nil
}
