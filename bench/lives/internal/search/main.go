// Command search looks for bugs in one driver, and prints what it found as JSON. It is what the
// tests of planted bugs build, with a bug in it, and run.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"quorumbench/bench/lives"
	"quorumbench/protocols/registry"
)

func main() {
	if err := search(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "search:", err)
		os.Exit(1)
	}
}

// search takes a driver's name, the first seed and the number of seeds.
func search(arguments []string) error {
	if len(arguments) != 3 {
		return fmt.Errorf("found %d arguments; accepted: a driver, the first seed, the number of seeds", len(arguments))
	}
	driver := registry.Find(arguments[0])
	if driver == nil {
		return fmt.Errorf("found the driver %q; accepted: %v", arguments[0], registry.Names())
	}
	first, err := strconv.ParseUint(arguments[1], 10, 64)
	if err != nil {
		return fmt.Errorf("reading the first seed: %w", err)
	}
	count, err := strconv.ParseUint(arguments[2], 10, 64)
	if err != nil {
		return fmt.Errorf("reading the number of seeds: %w", err)
	}
	found, tally, err := lives.Search(context.Background(), driver, first, count, nil)
	if err != nil {
		return err
	}
	var out struct {
		Seed   uint64   // of the life that failed, 0 if none did
		Failed []string // checks
		Tally  lives.Tally
	}
	out.Tally = tally
	if found != nil {
		out.Seed = found.Seed
		for _, c := range found.Failed {
			out.Failed = append(out.Failed, c.Name)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}
