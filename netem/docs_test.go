package netem

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestTheDocumentHasEveryKey(t *testing.T) {
	text, err := os.ReadFile("../docs/topologies.md")
	if err != nil {
		t.Fatal(err)
	}
	var keys, documented []string
	add := func(prefix string, of reflect.Type) {
		for i := range of.NumField() {
			key, _, _ := strings.Cut(of.Field(i).Tag.Get("yaml"), ",")
			keys = append(keys, prefix+key)
		}
	}
	add("", reflect.TypeFor[TopologyFile]())
	add("links[].", reflect.TypeFor[LinkLine]())
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_.\\[\\]]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, row[1])
	}
	slices.Sort(keys)
	slices.Sort(documented)
	if !slices.Equal(keys, documented) {
		t.Errorf("docs/topologies.md has rows for\n%v\nand a topology has the keys\n%v", documented, keys)
	}
}

func TestTheDocumentsTopologiesAreAccepted(t *testing.T) {
	text, err := os.ReadFile("../docs/topologies.md")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		if strings.HasPrefix(block[1], "topology:") {
			continue // an experiment, which this package does not know
		}
		if _, err := ParseTopology("t.yaml", []byte(block[1])); err != nil {
			t.Error(err)
		}
		read++
	}
	if read != 2 {
		t.Errorf("read %d topologies, want 2", read)
	}
}
