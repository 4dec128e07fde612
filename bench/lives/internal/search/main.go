// Command search looks for bugs in one driver, in random lives or in a scenario, and prints what it
// found as JSON. It is what the tests of planted bugs build, with a bug in it, and run.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"

	"quorumbench/bench/lives"
	"quorumbench/bench/scenario"
	"quorumbench/protocols/registry"
)

func main() {
	out, err := search(os.Args[1:])
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

func search(arguments []string) (*outcome, error) {
	switch {
	case len(arguments) == 4 && arguments[0] == "lives":
		return searchLives(arguments[1], arguments[2], arguments[3])
	case len(arguments) == 2 && arguments[0] == "scenario":
		return playScenario(arguments[1])
	}
	return nil, errors.New("accepted: lives DRIVER FIRST-SEED COUNT, or scenario NAME")
}

func searchLives(name, from, number string) (*outcome, error) {
	driver := registry.Find(name)
	if driver == nil {
		return nil, fmt.Errorf("found the driver %q; accepted: %v", name, registry.Names())
	}
	first, err := strconv.ParseUint(from, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("reading the first seed: %w", err)
	}
	count, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("reading the number of seeds: %w", err)
	}
	found, tally, err := lives.Search(context.Background(), driver, first, count, nil)
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
	script, err := scenario.Load(name)
	if err != nil {
		return nil, err
	}
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
