// Command search looks for bugs in one driver, in random lives or in scenarios, and prints what it found
// as JSON. It is what packages planted and mutants build, with bugs in it, and run.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"quorumbench/bench/lives"
	"quorumbench/bench/scenario"
	"quorumbench/protocols/registry"
)

func main() {
	l := &limits{}
	flag.DurationVar(&l.stuck, "stuck", 0, "give up when no life has ended for so long")
	memory := flag.Uint64("memory", 0, "give up when more than so many `MB` are used")
	procs := flag.Int("procs", 0, "how many lives are played at a time, 0: as many as there are cores")
	flag.Parse()
	runtime.GOMAXPROCS(*procs)
	l.memory = *memory << 20
	if l.stuck > 0 || l.memory > 0 {
		go l.enforce()
	}
	out, err := search(flag.Args(), l)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "search:", err)
		os.Exit(1)
	}
}

// outcome is what was found.
type outcome struct {
	Seed   uint64   // of the life that failed, 0 if none did
	Failed []string // checks, or what a scenario expects
	Tally  lives.Tally
}

func search(arguments []string, l *limits) (*outcome, error) {
	switch {
	case len(arguments) == 4 && arguments[0] == "lives":
		return searchLives(arguments[1], arguments[2], arguments[3], l)
	case len(arguments) == 2 && arguments[0] == "scenario":
		return playScenario(arguments[1])
	case len(arguments) == 2 && arguments[0] == "scenarios":
		return playScenarios(arguments[1])
	}
	return nil, errors.New("accepted: lives DRIVER FIRST-SEED COUNT, scenario NAME, or scenarios DRIVER")
}

func searchLives(name, from, number string, l *limits) (*outcome, error) {
	driver := registry.Drivers.Find(name)
	if driver == nil {
		return nil, fmt.Errorf("found the driver %q; accepted: %v", name, registry.Drivers.Names())
	}
	first, err := strconv.ParseUint(from, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("reading the first seed: %w", err)
	}
	count, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("reading the number of seeds: %w", err)
	}
	found, tally, err := lives.Search(context.Background(), lives.Generator{Driver: driver}, first, count, l.watch)
	if err != nil {
		return nil, err
	}
	out := &outcome{Tally: tally}
	if found != nil {
		out.Seed = found.Seed
		for _, c := range found.Failed {
			out.Failed = append(out.Failed, c.Name)
		}
	}
	return out, nil
}

func playScenario(name string) (*outcome, error) {
	script, err := scenario.Load(name, registry.Drivers)
	if err != nil {
		return nil, err
	}
	return play(script)
}

// playScenarios plays the scenarios of a driver up to the first that does not come out as it should.
func playScenarios(driver string) (*outcome, error) {
	for _, name := range scenario.Names() {
		script, err := scenario.Load(name, registry.Drivers)
		if err != nil {
			return nil, err
		}
		if script.Protocol != driver {
			continue
		}
		out, err := play(script)
		if err != nil {
			return nil, err
		}
		if len(out.Failed) > 0 {
			out.Failed[0] = "scenario " + name + ": " + out.Failed[0]
			return out, nil
		}
	}
	return &outcome{}, nil
}

func play(script *scenario.Script) (*outcome, error) {
	run, err := script.Play()
	if err != nil {
		return nil, err
	}
	out := &outcome{}
	for _, o := range run.Outcomes() {
		if o.Err != nil {
			out.Failed = append(out.Failed, o.Expected)
		}
	}
	return out, nil
}
