package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// valueSize is the size of a written value in bytes, keys how many keys there are, as by default in an experiment.
const (
	valueSize = 128
	keys      = 100_000
)

// replicas is how many replicas every system has.
const replicas = 3

// A system replicates writes and can be measured.
type system struct {
	name    string
	clients string // which replicas the clients ask
	measure func(ctx context.Context, c config) (*measurement, error)
}

// systems are all systems, in the order of the table.
var systems = []system{
	{"hashicorp", atLeader, hashicorpRaft},
	{"nats", atAll, func(ctx context.Context, c config) (*measurement, error) { return jetStream(ctx, c, false) }},
	{"nats-leader", atLeader, func(ctx context.Context, c config) (*measurement, error) { return jetStream(ctx, c, true) }},
	ours("etcdraft", atAll),
	ours("etcdraft", atLeader),
	ours("raft", atAll),
	ours("raft", atLeader),
	ours("multipaxos", atAll),
	ours("multipaxos", atLeader),
	ours("mmp3", atAll),
	ours("paxos", atAll),
}

// The replicas that clients ask.
const (
	atAll    = "at all replicas"
	atLeader = "at the leader"
)

// config says how a system is measured.
type config struct {
	clients int           // of all replicas together; a multiple of three
	warmup  time.Duration // before measuring begins
	length  time.Duration // of what is measured
	seed    uint64        // of keys and values
	folder  string        // for files of the system; it exists, and the caller removes it
	profile string        // the file for a CPU profile of what is measured; empty: none
}

// measurement is what was measured of a system.
type measurement struct {
	Writes  int64         // answered in the measured time
	Errors  int64         // writes that failed in the measured time
	Length  time.Duration // of the measured time
	P50     time.Duration // service time, from sending a write to its answer
	P99     time.Duration
	CPU     usage    // of the measured time, or most of it
	Invalid []string // why the system's own checks do not believe the figures
}

// rate is how many writes were answered a second.
func (m *measurement) rate() float64 { return float64(m.Writes) / m.Length.Seconds() }

// choose returns the systems of the names, which are separated by commas; all of them if there are no names.
func choose(names string) ([]system, error) {
	if names == "" {
		return systems, nil
	}
	var chosen []system
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(systems, func(s system) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("found the system %q; accepted: %s", name, strings.Join(namesOf(systems), ", "))
		}
		chosen = append(chosen, systems[i])
	}
	return chosen, nil
}

func namesOf(systems []system) (names []string) {
	for _, s := range systems {
		names = append(names, s.name)
	}
	return names
}
