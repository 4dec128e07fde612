package configs_test

import (
	"slices"
	"testing"

	"quorumbench/configs"
)

func TestTopologiesAreListedByName(t *testing.T) {
	if got, want := configs.Topologies(), []string{"aws-2020-06-05", "gcp-2020"}; !slices.Equal(got, want) {
		t.Errorf("Topologies = %v, want %v", got, want)
	}
}

func TestEveryListedTopologyCanBeRead(t *testing.T) {
	for _, name := range configs.Topologies() {
		if data, err := configs.Topology(name); err != nil || len(data) == 0 {
			t.Errorf("Topology(%q) = %d bytes, %v", name, len(data), err)
		}
	}
}

func TestUnknownTopologyIsAnErrorThatListsTheKnown(t *testing.T) {
	want := `found no topology "aws-2020-06-06"; accepted: aws-2020-06-05, gcp-2020; did you mean aws-2020-06-05?`
	if _, err := configs.Topology("aws-2020-06-06"); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %v", err, want)
	}
}
