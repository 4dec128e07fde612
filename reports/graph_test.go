package reports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quorumbench/bench/result"
)

func TestAGraphShowsInstancesWhatTheyDependOnAndTheirOrder(t *testing.T) {
	graph := &result.Graph{
		Title: "Two that depend on each other", Columns: []string{"us", "eu", "ap"}, Instances: 3, Components: 2, Largest: 2, Reached: 2,
		Drawn: []result.Instance{
			{Column: 0, Number: 0, Deps: []uint64{0, 1, 0}, Applied: 1, Component: 1, Together: 2},
			{Column: 1, Number: 0, Deps: []uint64{1, 0, 0}, Applied: 2, Component: 1, Together: 2},
			{Column: 2, Number: 0, Deps: []uint64{1, 1, 0}, Applied: 3, Component: 2, Together: 1},
		},
	}
	path := filepath.Join(t.TempDir(), "graph.svg")
	if err := DrawGraph(path, graph, FigureOptions{Command: "quorumbench graph x"}); err != nil {
		t.Fatal(err)
	}
	drawn, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"a0 [0,1,0]", "b0 [1,0,0]", "c0 [1,1,0]", "a  (us)", "the largest of 2; at most 2 were looked at", "quorumbench graph x"} {
		if !strings.Contains(string(drawn), text) {
			t.Errorf("%q is not in the figure", text)
		}
	}
	if n := strings.Count(strings.ToLower(string(drawn)), "#d55e00"); n == 0 {
		t.Error("no arrow leads to what is applied later, though a0 depends on b0")
	}
	if err := DrawGraph(filepath.Join(t.TempDir(), "graph.txt"), graph, FigureOptions{}); err == nil {
		t.Error("a figure was drawn into a .txt")
	}
}
