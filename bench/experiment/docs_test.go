package experiment_test

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/protocols/registry"
)

// keysOf lists the keys that a struct has in a file, as paths: load.keys.count, faults[].slow.by.
func keysOf(t reflect.Type, prefix string) []string {
	var keys []string
	for i := range t.NumField() {
		field := t.Field(i)
		key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if key == "" {
			continue // not from the file
		}
		inner := field.Type
		path := prefix + key
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Slice && inner.Elem().Kind() == reflect.Struct {
			inner, path = inner.Elem(), path+"[]"
		}
		below := []string(nil)
		if inner.Kind() == reflect.Struct {
			below = keysOf(inner, path+".")
		}
		if len(below) == 0 {
			below = []string{path}
		}
		keys = append(keys, below...)
	}
	return keys
}

func TestTheDocumentHasEveryKey(t *testing.T) {
	text, err := os.ReadFile("../../docs/experiments.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9_.\\[\\]]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		if registry.Drivers.Find(row[1]) == nil { // rows of drivers are options
			documented = append(documented, row[1])
		}
	}
	keys := keysOf(reflect.TypeFor[experiment.Experiment](), "")
	for _, key := range keys {
		if !slices.Contains(documented, key) {
			t.Errorf("docs/experiments.md has no row for %s", key)
		}
	}
	for _, key := range documented {
		if !slices.Contains(keys, key) {
			t.Errorf("docs/experiments.md has a row for %s, which is no key of an experiment file", key)
		}
	}
	if len(keys) < 50 {
		t.Errorf("found %d keys, which cannot be all", len(keys))
	}
}

func TestTheDocumentHasEveryOption(t *testing.T) {
	text, err := os.ReadFile("../../docs/experiments.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := 0
	for _, d := range registry.Drivers {
		for _, option := range d.List(3) {
			row := "\n| `" + d.Name + "` | `" + option.Name + "` | " + option.Default + " | "
			if strings.Count(string(text), row) != 1 {
				t.Errorf("docs/experiments.md has no row that begins with %s", strings.TrimSpace(row))
			}
			listed++
		}
		if rows := strings.Count(string(text), "\n| `"+d.Name+"` | "); rows != len(d.List(3)) {
			t.Errorf("docs/experiments.md has %d options of %s, want %d", rows, d.Name, len(d.List(3)))
		}
	}
	if listed == 0 {
		t.Error("no driver has an option")
	}
}

func TestTheREADMEsExperimentIsAccepted(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(text), "```yaml\n")
	example, _, _ = strings.Cut(example, "```\n")
	if !found {
		t.Fatal("the README has no experiment")
	}
	if _, err := experiment.Parse("README.md", []byte(example), registry.Drivers); err != nil {
		t.Error(err)
	}
}

func TestTheExperimentInTheDocumentOfTopologiesIsAccepted(t *testing.T) {
	text, err := os.ReadFile("../../docs/topologies.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(text), "```yaml\ntopology:")
	example, _, _ = strings.Cut(example, "```\n")
	if !found {
		t.Fatal("the document has no experiment")
	}
	plan, err := experiment.Parse("topologies.md", []byte("topology:"+example), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	if got := plan.Topology.OneWay[0][1]; got != 41*time.Millisecond || !plan.Experiment.Topology.IsInline() || plan.Topology.Name != "topologies" {
		t.Errorf("fra to nyc takes %v on %s, %s", got, plan.Experiment.Topology, plan.Topology.Name)
	}
}
