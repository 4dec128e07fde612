// Command generate writes the JSON Schemas in configs/schema. Its argument is the root of the module.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"quorumbench/bench/experiment/schema"
	"quorumbench/protocols/registry"
)

func main() {
	if err := generate(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate(root string) error {
	files, err := schema.Files(root, registry.Drivers)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, "configs", "schema", name+".json"), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
