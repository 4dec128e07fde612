package outside

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"quorumbench/configs/strictyaml"
)

// Table is one published table: how long a write takes, by protocol and by the region of the client.
type Table struct {
	Name   string // on the command line and in reports: one word
	Title  string // what was measured, in a few words
	Source string // who has published it, and where
	Note   string // what to mind when the figures are compared, whole sentences; may be empty

	// Networks are the networks on which the figures may have been measured: one if its round trips are published, else
	// the least and the greatest that are plausible. Ours is then a range.
	Networks []Network

	// OneNode is what a write takes at a single replica, as published. Simulated runs take it as the time to persist the
	// records of a batch, and live runs write to the disk of this machine; such a table has no floors, and its live figures
	// are not held to the bound. Zero means that the disk takes no part.
	OneNode time.Duration
	// ValueSize is the size of a value, as experiment files have it; empty means the default.
	ValueSize string
	// Clients is how many clients each region has, each of which waits for its answer before it writes again. Zero means
	// clients that write at a low rate whether answers come or not.
	Clients int

	// Plausible is the bound of a table whose conditions are not published, in place of Bound. Zero means Bound.
	Plausible float64

	Rows []Row
}

// Network is a set of round trips.
type Network struct {
	Name string // the experiment's name of the topology: of a shipped one, or one that RTT is given for
	// RTT holds the round trips between two regions, in milliseconds, for a network that is not shipped. Both directions
	// take half.
	RTT []RTT
}

// RTT is the round trip between two regions.
type RTT struct {
	A, B         string
	Milliseconds float64
	Assumed      bool // not published
}

// Row is one line of a table: what a write takes under one protocol, or under several that wait for the same messages.
type Row struct {
	Title    string
	Ours     []Protocol // the drivers that do the same, also those that this program may not have yet
	Replicas []string   // regions
	Cells    []Published
}

// Protocol is one of our protocols in the place of a published one.
type Protocol struct {
	Name   string // of the driver
	Leader string // a region; empty without a leader
}

// Published is a figure of a table.
type Published struct {
	Client string // the region of the client
	Figure time.Duration
	// Loose says that ours depends on round trips that are assumed, so that it is not held to the bound.
	Loose bool
}

// Bound is how far our figures may be from those of the tables, as a share of theirs. Published medians include the time
// that machines and operating systems took, which floors and simulated runs leave out.
const Bound = 0.06

// Find returns the tables of those names, in the given order; without names, all tables.
func Find(names ...string) ([]Table, error) {
	if len(names) == 0 {
		return slices.Clone(Tables), nil
	}
	var known []string
	for _, t := range Tables {
		known = append(known, t.Name)
	}
	var found []Table
	for i, name := range names {
		at := slices.Index(known, name)
		if at < 0 {
			return nil, fmt.Errorf("found no table %q; accepted: %s%s", name, strings.Join(known, ", "), strictyaml.DidYouMean(name, known))
		}
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("found the table %s twice; accepted: once", name)
		}
		found = append(found, Tables[at])
	}
	return found, nil
}
