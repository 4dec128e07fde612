package system_test

import (
	"net/netip"
	"slices"
	"testing"

	"quorumbench/bench/system"
)

func TestACommandIsFilledIn(t *testing.T) {
	cluster := system.Cluster{Leader: 1, Durable: true}
	for i, region := range []string{"a", "b", "c"} {
		cluster.Nodes = append(cluster.Nodes, system.Node{Region: region, Address: netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), Folder: "/data/" + region})
	}
	c := &system.Command{
		Argv: []string{"store", "{index}:{region}", `{"at": "{address}"}`, "{folder}/x", "{peers}", "{others}", "{addresses}", "{leader} {leader_index} {leader_address} {durability}"},
		Env:  map[string]string{"B": "{region}", "A": "1"}, Peer: "n{index}=http://{address}:2380",
	}
	p := c.Process(cluster, 2)
	want := []string{
		"store", "2:c", `{"at": "10.0.0.3"}`, "/data/c/x",
		"n0=http://10.0.0.1:2380,n1=http://10.0.0.2:2380,n2=http://10.0.0.3:2380", "n0=http://10.0.0.1:2380,n1=http://10.0.0.2:2380",
		"10.0.0.1,10.0.0.2,10.0.0.3", "b 1 10.0.0.2 fsync",
	}
	if !slices.Equal(p.Argv, want) {
		t.Errorf("argv: %q\nwant: %q", p.Argv, want)
	}
	if !slices.Equal(p.Env, []string{"A=1", "B=c"}) {
		t.Errorf("env: %q", p.Env)
	}
	cluster.Leader, cluster.Durable = -1, false
	if p := c.Process(cluster, 0); p.Argv[7] != "   memory" {
		t.Errorf("without a leader: %q", p.Argv[7])
	}
	if found := system.Unknown("{region} {regions} {}", system.CommandPlaceholders); found != "{regions}" {
		t.Errorf("found %q unknown", found)
	}
}
