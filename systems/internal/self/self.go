// Package self starts this program again as a node of a system whose server is linked in.
package self

import (
	"encoding/json"
	"fmt"
	"os"

	"quorumbench/bench/system"
)

// program is this program, also where its file can no longer be reached by name.
const program = "/proc/self/exe"

// Process returns the process of a node. Name is what the node's package gives to Be, and config what its function there gets.
func Process[C any](name string, config C) (system.Process, error) {
	text, err := json.Marshal(config)
	if err != nil {
		return system.Process{}, fmt.Errorf("writing the node's configuration: %w", err)
	}
	return system.Process{Argv: []string{program, name, string(text)}}, nil
}

// Be makes this process a node if its arguments are those that Process gives under that name. It serves until the function returns, and
// then ends the process; if the process is no such node, Be returns at once. Programs with the node's adapter call it first.
func Be[C any](name string, serve func(config C) error) {
	if len(os.Args) != 3 || os.Args[1] != name {
		return
	}
	var config C
	err := json.Unmarshal([]byte(os.Args[2]), &config)
	if err == nil {
		err = serve(config)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
	os.Exit(0)
}
