package configs

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"quorumbench/configs/strictyaml"
)

//go:embed *.yaml topologies/*.yaml schema/*.json start/*.yaml
var files embed.FS

const extension = ".yaml"

// Topologies returns the names of the topologies, sorted.
func Topologies() []string { return names("topologies") }

// Topology returns the file of the topology with that name, for netem.ParseTopology.
func Topology(name string) ([]byte, error) { return read("topologies", "topology", name) }

// Experiments returns the names of the experiments, sorted.
func Experiments() []string { return names(".") }

// Experiment returns the file of the experiment with that name, for experiment.Parse.
func Experiment(name string) ([]byte, error) { return read(".", "experiment", name) }

// Start returns the experiment that quorumbench init writes.
func Start() []byte {
	data, err := files.ReadFile("start/experiment.yaml")
	if err != nil {
		panic(fmt.Sprintf("configs: reading an embedded file: %v", err)) // it is in the program
	}
	return data
}

// Schema returns the JSON Schema of that name, experiment or topology.
func Schema(name string) ([]byte, error) {
	data, err := files.ReadFile(path.Join("schema", name+".json"))
	if err != nil {
		return nil, fmt.Errorf("found no schema %q; accepted: experiment, topology", name)
	}
	return data, nil
}

// names lists the YAML files of a folder without their extension, sorted.
func names(folder string) []string {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		panic(fmt.Sprintf("configs: reading the embedded folder %s: %v", folder, err)) // it is in the program
	}
	var names []string
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), extension); ok {
			names = append(names, name)
		}
	}
	return names
}

// read returns a file of a folder; kind is what its files are called in an error.
func read(folder, kind, name string) ([]byte, error) {
	data, err := files.ReadFile(path.Join(folder, name+extension))
	if err != nil {
		known := names(folder)
		return nil, fmt.Errorf("found no %s %q; accepted: %s%s",
			kind, name, strings.Join(known, ", "), strictyaml.DidYouMean(name, known))
	}
	return data, nil
}
