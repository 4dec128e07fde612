package schema

import (
	"os"
	"path/filepath"

	"quorumbench/protocols"
)

// Files makes the schemas that are checked in, by name. Root is the folder of the module, whose documents describe the keys.
func Files(root string, drivers protocols.Drivers) (map[string][]byte, error) {
	experiments, err := os.ReadFile(filepath.Join(root, "docs", "experiments.md"))
	if err != nil {
		return nil, err
	}
	topologies, err := os.ReadFile(filepath.Join(root, "docs", "topologies.md"))
	if err != nil {
		return nil, err
	}
	experiment, err := Experiment(drivers, Describe(string(experiments)), Describe(string(topologies)))
	if err != nil {
		return nil, err
	}
	topology, err := Topology(Describe(string(topologies)))
	return map[string][]byte{"experiment": experiment, "topology": topology}, err
}
