package outside

import "time"

const ms = time.Millisecond

// Tables are all tables.
var Tables = []Table{epaxosPaper, epaxosTalk, fantoch, etcdZones}

// epaxosPaper has three sites in California, Virginia and Europe.
var epaxosPaper = Table{
	Name:   "epaxos-paper",
	Title:  "median commit latency of three replicas in California (CA), Virginia (VA) and Europe (EU)",
	Source: "Moraru, Andersen, Kaminsky: There Is More Consensus in Egalitarian Parliaments, SOSP 2013, figure 4 left; round trips from the text",
	Note:   "The medians were read off a plot and may be off by 3 ms.",
	Networks: []Network{{Name: "three-sites", RTT: []RTT{
		{A: "CA", B: "VA", Milliseconds: 85}, {A: "VA", B: "EU", Milliseconds: 90}, {A: "CA", B: "EU", Milliseconds: 156},
	}}},
	Rows: []Row{
		{
			Title: "one round trip to the nearest, no conflicts", Ours: []Protocol{{Name: "mmp3"}, {Name: "paxos1"}, {Name: "epaxos"}},
			Replicas: []string{"CA", "VA", "EU"}, Cells: []Published{at("CA", 87), at("VA", 87), at("EU", 95)},
		},
		{
			Title: "Multi-Paxos, leader in CA", Ours: led("CA", "multipaxos", "raft", "etcdraft"),
			Replicas: []string{"CA", "VA", "EU"}, Cells: []Published{at("CA", 87), at("VA", 174), at("EU", 253)},
		},
		{
			Title: "Generalized Paxos, no conflicts: one round trip to all", Ours: []Protocol{{Name: "fastpaxos"}},
			Replicas: []string{"CA", "VA", "EU"}, Cells: []Published{at("CA", 163), at("VA", 95), at("EU", 163)},
		},
		{
			Title: "Mencius, only this site writes", Ours: []Protocol{{Name: "mencius"}},
			Replicas: []string{"CA", "VA", "EU"}, Cells: []Published{at("CA", 163), at("VA", 95), at("EU", 97)},
		},
	},
}

// epaxosTalk has five sites, one replica in each.
var epaxosTalk = Table{
	Name:   "epaxos-talk",
	Title:  "median commit latency of five replicas in California (CA), Oregon (OR), Virginia (VA), Japan (JP) and Europe (EU)",
	Source: "Moraru, Andersen, Kaminsky: There Is More Consensus in Egalitarian Parliaments, slides of the talk at SOSP 2013",
	Note: "The medians may be off by 2 ms. Round trips that are not on the slides are assumed; " +
		"figures that depend on them are not held to the bound.",
	Networks: []Network{{Name: "five-sites", RTT: []RTT{
		{A: "CA", B: "VA", Milliseconds: 85}, {A: "CA", B: "EU", Milliseconds: 150}, {A: "VA", B: "EU", Milliseconds: 90},
		{A: "CA", B: "JP", Milliseconds: 130}, {A: "JP", B: "EU", Milliseconds: 300}, {A: "CA", B: "OR", Milliseconds: 21},
		{A: "OR", B: "VA", Milliseconds: 80, Assumed: true}, {A: "OR", B: "EU", Milliseconds: 160, Assumed: true},
		{A: "OR", B: "JP", Milliseconds: 127, Assumed: true}, {A: "VA", B: "JP", Milliseconds: 190, Assumed: true},
	}}},
	Rows: []Row{
		{
			Title: "EPaxos, no conflicts", Ours: []Protocol{{Name: "epaxos"}}, Replicas: []string{"CA", "OR", "VA", "JP", "EU"},
			Cells: []Published{at("CA", 86), loose(at("OR", 101)), loose(at("VA", 97)), at("JP", 134), at("EU", 156)},
		},
		{
			Title: "Multi-Paxos, leader in CA", Ours: led("CA", "multipaxos", "raft", "etcdraft"), Replicas: []string{"CA", "OR", "VA", "JP", "EU"},
			Cells: []Published{at("CA", 86), at("OR", 106), at("VA", 171), at("JP", 216), at("EU", 236)},
		},
	},
}

// fantoch has one client where there is a replica, and one where there is none.
var fantoch = Table{
	Name:     "fantoch",
	Title:    "simulated mean of a client beside a replica, and of one where no replica is",
	Source:   "https://github.com/vitorenesduarte/fantoch, the test of its simulator, with the round trips of the shipped topology gcp-2020",
	Note:     "There, round trips are cut to whole milliseconds, and a client beside its replica is 0 ms away from it.",
	Networks: []Network{{Name: "gcp-2020"}},
	Rows: []Row{{
		Title: "one round trip to the nearest", Ours: []Protocol{{Name: "mmp3"}, {Name: "paxos1"}},
		Replicas: []string{"asia-east1", "us-central1", "us-west1"}, Cells: []Published{at("us-west1", 34), at("us-west2", 58)},
	}},
}

// etcdZones is a plausibility check, since the round trips are not published.
var etcdZones = Table{
	Name:   "etcd-zones",
	Title:  "a put of one client to etcd, with fsync, in one node and in three zones of AWS eu-west-1",
	Source: "https://github.com/gardener/etcd-druid, docs/benchmark/etcd-network-latency.md",
	Note: "Round trips are not published. Zones of a region are 0.5 to 1 ms apart, so ours is a range, and a figure within it is " +
		"not off. Simulated disks take what one node took, so the first row agrees by construction; that time also has the client's " +
		"request in it, and the leader persists before it sends, so ours counts it twice: a check of plausibility, to 25 %.",
	Networks: []Network{
		{Name: "zones-near", RTT: []RTT{{A: "a", B: "b", Milliseconds: 0.5, Assumed: true}, {A: "a", B: "c", Milliseconds: 0.5, Assumed: true}, {A: "b", B: "c", Milliseconds: 0.5, Assumed: true}}},
		{Name: "zones-far", RTT: []RTT{{A: "a", B: "b", Milliseconds: 1, Assumed: true}, {A: "a", B: "c", Milliseconds: 1, Assumed: true}, {A: "b", B: "c", Milliseconds: 1, Assumed: true}}},
	},
	OneNode: 800 * time.Microsecond, ValueSize: "256B", Clients: 1, Plausible: 0.25,
	Rows: []Row{
		{Title: "one node", Ours: led("a", "etcdraft"), Replicas: []string{"a"}, Cells: []Published{at("a", 0.8)}},
		{Title: "client beside the leader", Ours: led("a", "etcdraft"), Replicas: []string{"a", "b", "c"}, Cells: []Published{at("a", 1.8)}},
		{Title: "client beside one follower", Ours: led("a", "etcdraft"), Replicas: []string{"a", "b", "c"}, Cells: []Published{at("b", 2.6)}},
		{Title: "client beside the other follower", Ours: led("a", "etcdraft"), Replicas: []string{"a", "b", "c"}, Cells: []Published{at("c", 2.9)}},
	},
}

// led are drivers with the same leader.
func led(leader string, names ...string) (all []Protocol) {
	for _, name := range names {
		all = append(all, Protocol{Name: name, Leader: leader})
	}
	return all
}

// at is a published figure of the clients of a region.
func at(client string, milliseconds float64) Published {
	return Published{Client: client, Figure: time.Duration(milliseconds * float64(ms))}
}

// loose marks a figure that hangs on round trips which are not published.
func loose(p Published) Published {
	p.Loose = true
	return p
}
