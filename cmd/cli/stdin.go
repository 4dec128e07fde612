package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"quorumbench/bench/experiment"
	"quorumbench/configs"
	"quorumbench/protocols"
)

// readExperiment reads an experiment: a file, one that comes with the program, or, if the argument is -, what standard
// input has. The last is called stdin, and paths in it are relative to the working folder.
func readExperiment(cmd *cobra.Command, argument string, drivers protocols.Drivers) (*experiment.Plan, error) {
	if argument != "-" {
		return experiment.Read(argument, drivers)
	}
	data, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), configs.MaxExperiment+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading an experiment from standard input: %w", err)
	case len(data) > configs.MaxExperiment:
		return nil, fmt.Errorf("standard input has more than %d bytes; accepted: an experiment of up to that", configs.MaxExperiment)
	}
	return experiment.Parse("stdin", data, drivers)
}
