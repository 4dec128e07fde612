package experiment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"quorumbench/bench/system"
	"quorumbench/configs/strictyaml"
	"quorumbench/protocols"
)

// Experiment is the content of an experiment file, with the defaults filled in. The comments of the fields give
// the defaults first; docs/experiments.md explains every key.
type Experiment struct {
	Name     string      `yaml:"name" json:"name"`                  // the file's name without .yaml
	Topology TopologyRef `yaml:"topology,required" json:"topology"` // a shipped topology's name, the path of a file, or a topology itself

	// Regions in a file means a replica and clients in each of these regions; by default, the topology's first
	// three. A region that is listed twice has two replicas. After reading, Regions lists all regions of the
	// experiment, those with a replica first.
	Regions []string `yaml:"regions" json:"regions"`
	// Replicas lists the regions that have a replica. A region that is listed twice has two. By default: regions.
	Replicas []string `yaml:"replicas" json:"replicas"`
	// Clients lists the regions that have clients. Clients without a replica in their region ask one elsewhere.
	// By default: replicas.
	Clients []string `yaml:"clients" json:"clients"`

	// Members lists the replicas of the first membership, which are the first of Replicas. The others run from the beginning and
	// wait until a fault adds them. By default: replicas.
	Members []string `yaml:"members" json:"members,omitempty"`

	// Labels are what figures call regions whose names they cannot draw, or that should be called otherwise, by region.
	Labels map[string]string `yaml:"labels" json:"labels,omitempty"`

	Protocols  []Protocol `yaml:"protocols" json:"protocols"` // every driver that works with that many replicas
	Load       Load       `yaml:"load" json:"load"`
	Network    Network    `yaml:"network" json:"network"`
	Transport  Transport  `yaml:"transport" json:"transport"`
	Durability Durability `yaml:"durability" json:"durability"` // memory
	World      World      `yaml:"world" json:"world"`           // live
	Repeats    int        `yaml:"repeats" json:"repeats"`       // 1
	Seed       uint64     `yaml:"seed" json:"seed"`             // 1

	Simulation Simulation `yaml:"simulation" json:"simulation,omitzero"`
	Faults     []Fault    `yaml:"faults" json:"faults,omitempty"` // none
	Thresholds Thresholds `yaml:"thresholds" json:"thresholds"`
	Sweep      *Sweep     `yaml:"sweep" json:"sweep,omitempty"` // none
}

// Complete fills in the fields that a run.json of the first edition does not have. There, every region had a
// replica, and clients that asked it.
func (e *Experiment) Complete() {
	e.Load.Ask = cmp.Or(e.Load.Ask, AskNearest)
	if len(e.Replicas) == 0 {
		e.Replicas, e.Clients = e.Regions, e.Regions
	}
}

// FirstMembers are the regions of the first membership's replicas.
func (e *Experiment) FirstMembers() []string {
	if len(e.Members) > 0 {
		return e.Members
	}
	return e.Replicas
}

// Changes reports whether the membership may change.
func (e *Experiment) Changes() bool {
	return len(e.FirstMembers()) < len(e.Replicas) || slices.ContainsFunc(e.Faults, func(f Fault) bool { return f.isMembership() })
}

// replicas is a Config with the replicas of the experiment.
func (e *Experiment) replicas() protocols.Config {
	c := protocols.Config{Members: protocols.Members(len(e.FirstMembers()))}
	if e.Changes() {
		c.Replicas = len(e.Replicas)
	}
	return c
}

// IsSimulated reports whether the experiment runs in virtual time.
func (e *Experiment) IsSimulated() bool { return e.World == Simulated }

// Protocol is one entry of an experiment's list of protocols: a name, or a mapping.
type Protocol struct {
	Name   string `yaml:"name" json:"name,omitempty"`     // of a driver; an entry has a name or a system
	System string `yaml:"system" json:"system,omitempty"` // of a system that is run as it is; see system.Names
	// Command describes the system that is called system.CommandName.
	Command *system.Command `yaml:"command" json:"command,omitempty"`
	Leader  string          `yaml:"leader" json:"leader,omitempty"` // the first replica, for drivers with a leader; auto: the one of the least mean floor
	// Options are the driver's options as texts. After reading it has all of them, with defaults filled in.
	Options protocols.Choices `yaml:"options" json:"options,omitempty"`
	// Quorum holds the quorum systems that the file gives, by role; see quorum.Parse. The driver has systems for the other
	// roles.
	Quorum Quorums `yaml:"quorum" json:"quorum,omitempty"`

	// Witnesses are the regions whose replicas vote and hold no commands. Their clients ask a replica elsewhere.
	Witnesses []string `yaml:"witnesses" json:"witnesses,omitempty"` // none

	// Label is unique among the protocols of the experiment. Unless the file gives it, it is made of the name, the options that
	// differ from their defaults, the words quorum and witness if there are other quorums, and witnesses, and, if two entries are still alike, the leader's
	// region. It is used in histogram tags and has no comma, space or full stop.
	Label string `yaml:"label" json:"label"`
}

// Variant is the label without the leader: the name and the options.
func (p *Protocol) Variant() string { return strings.TrimSuffix(p.Label, "@"+p.Leader) }

// Load is what the clients of every region do.
type Load struct {
	Arrivals Arrivals `yaml:"arrivals" json:"arrivals"`  // poisson
	Rate     Rate     `yaml:"rate" json:"rate,omitzero"` // 50/s, in each region; open loops only; of a search, the first that is tried
	// Rates holds the rate of each region, if the file has a mapping under load.rate. Rate is then their mean.
	Rates     map[string]Rate    `json:"rates,omitempty"`
	Peak      float64            `yaml:"peak" json:"peak,omitempty"`          // 10, how many times the rate there is at most; arrivals: ramp, step, burst, day
	Steps     int                `yaml:"steps" json:"steps,omitempty"`        // 5; arrivals: step
	Every     time.Duration      `yaml:"every" json:"every_ns,omitempty"`     // a fifth of the duration, from burst to burst; the duration, of a day; arrivals: burst, day
	Burst     time.Duration      `yaml:"burst" json:"burst_ns,omitempty"`     // a tenth of every, how long a burst is; arrivals: burst
	Hours     map[string]float64 `yaml:"hours" json:"hours,omitempty"`        // 0, by region, what o'clock it is there when the day of the run begins; arrivals: day
	SLO       SLO                `yaml:"slo" json:"slo,omitzero"`             // what a search for the highest rate must keep; arrivals: saturate only
	Precision Share              `yaml:"precision" json:"precision,omitzero"` // 5%, how far apart a search leaves the highest rate that keeps it and the lowest that does not
	Trace     string             `yaml:"trace" json:"trace,omitempty"`        // none; the path of a CSV file of commands and their times, from the experiment's file
	Traced    *Traced            `json:"traced,omitempty"`                    // what the trace has
	Mix       Mix                `yaml:"mix" json:"mix,omitempty"`            // none; or ycsb-a, -b, -c, -d, -f, which sets reads, rmw.share and keys.distribution
	Reads     Share              `yaml:"reads" json:"reads"`                  // 0%, the share of reads among the commands
	RMW       RMW                `yaml:"rmw" json:"rmw,omitzero"`
	Versions  Share              `yaml:"versions" json:"versions,omitzero"`         // 0%, the share of commands that name a version of their key
	Ask       Ask                `yaml:"ask" json:"ask,omitempty"`                  // nearest
	Retry     time.Duration      `yaml:"retry" json:"retry_ns"`                     // 0s, after which a client asks another replica; 0s: never with a replica in the region, else by the floor
	Clients   int                `yaml:"clients" json:"clients"`                    // 1, in each region; closed loops only
	ThinkTime time.Duration      `yaml:"think_time" json:"think_time_ns,omitempty"` // 0s, from an answer to the client's next command; closed loops only
	Commands  int                `yaml:"commands" json:"commands,omitempty"`        // 0, the least number in each region, however long it takes; closed loops only
	Duration  time.Duration      `yaml:"duration" json:"duration_ns"`               // 10s, measured
	Warmup    time.Duration      `yaml:"warmup" json:"warmup_ns"`                   // 2s, before measuring begins
	Timeout   time.Duration      `yaml:"timeout" json:"timeout_ns"`                 // 5s, after which a command counts as an error
	ValueSize Size               `yaml:"value_size" json:"value_size"`              // 128B; if the sizes differ, their mean
	Sizes     Sizes              `yaml:"sizes" json:"sizes,omitzero"`
	Keys      Keys               `yaml:"keys" json:"keys"`

	hour   float64 // of Hours, in the load of a region
	region string  // in the load of a region
}

// RMW says how many commands are read-modify-writes: a read of a key and, when it is answered, a write of the same key.
type RMW struct {
	Share  Share `yaml:"share" json:"share,omitzero"`    // 0%, the share of read-modify-writes among the commands
	Atomic bool  `yaml:"atomic" json:"atomic,omitempty"` // false; true: the write takes effect only if no other write came in between, else both are done again
}

// SLO is a service level objective: limits of response percentiles in every region. Zero means no limit.
type SLO struct {
	P50 time.Duration `yaml:"p50" json:"p50_ns,omitempty"`
	P99 time.Duration `yaml:"p99" json:"p99_ns,omitempty"`
}

// IsSearch reports whether the experiment searches for the highest rate that keeps an objective.
func (l *Load) IsSearch() bool { return l.Arrivals == Saturate }

// IsClosed reports whether the loop is closed: a client issues its next command when the last is answered.
func (l *Load) IsClosed() bool { return l.Arrivals == Closed }

// Ask says which replica a client asks first.
type Ask string

// The replicas that clients may ask first. Under a protocol without a leader, both mean the nearest.
const (
	AskNearest Ask = "nearest" // the replica in the client's region, else the one with the shortest round trip
	AskLeader  Ask = "leader"  // the replica that the experiment configures as leader
)

// Arrivals says when commands arrive.
type Arrivals string

// The kinds of arrivals.
const (
	Poisson  Arrivals = "poisson"  // open loop: exponential gaps of the given mean rate
	Constant Arrivals = "constant" // open loop: equal gaps
	Ramp     Arrivals = "ramp"     // open loops like Poisson, at a rate that changes; see Load.Factor
	Step     Arrivals = "step"
	Burst    Arrivals = "burst"
	Day      Arrivals = "day"
	Saturate Arrivals = "saturate" // open loops like Poisson, one after the other: a search for the highest rate that keeps load.slo
	Replayed Arrivals = "trace"    // open loop: as Load.Trace says
	Closed   Arrivals = "closed"   // closed loop: each client issues its next command when the last is answered
)

// Keys says which keys the commands use.
type Keys struct {
	Count        int          `yaml:"count" json:"count"`                  // 100000
	Distribution Distribution `yaml:"distribution" json:"distribution"`    // uniform
	Exponent     float64      `yaml:"exponent" json:"exponent"`            // 1.01, above 0; distribution: zipf, latest
	HotKeys      int          `yaml:"hot_keys" json:"hot_keys,omitempty"`  // a fifth of the keys; distribution: hotspot
	HotShare     Share        `yaml:"hot_share" json:"hot_share,omitzero"` // 80%, of the commands, which use the hot keys; distribution: hotspot

	// Conflicts is the share of the commands that use one key which all regions share; all other commands use
	// keys that no other region uses. If it is not set, all regions draw from the same keys.
	Conflicts *Share `yaml:"conflicts" json:"conflicts,omitempty"`
	// Foreign is the share of the commands that use a key of another region; all other commands use keys of their own
	// region, which has count of them. If it is not set, all regions draw from the same keys.
	Foreign *Share `yaml:"foreign" json:"foreign,omitempty"`
}

// Distribution says how often each key is used.
type Distribution string

// The distributions of keys.
const (
	Uniform   Distribution = "uniform"
	Zipf      Distribution = "zipf"    // the k-th key in proportion to k^-exponent
	Latest    Distribution = "latest"  // each write has a new key; reads use the k-th newest key in proportion to k^-exponent
	FromTrace Distribution = "trace"   // those of a trace; not for a file
	Hotspot   Distribution = "hotspot" // a share of the commands uses a few keys, all others the rest, each uniformly
)

// Sizes says how the sizes of the written values differ; see Load.SizeAt. The zero value says that they do not.
type Sizes struct {
	Distribution Sizing             `yaml:"distribution" json:"distribution,omitempty"` // constant
	Min          Size               `yaml:"min" json:"min,omitempty"`                   // 0B, the least size; distribution: uniform, lognormal
	Max          Size               `yaml:"max" json:"max,omitempty"`                   // 256B if uniform, 1MiB if lognormal: the greatest size; distribution: uniform, lognormal
	Median       Size               `yaml:"median" json:"median,omitempty"`             // 128B, half of the sizes are smaller; distribution: lognormal
	Spread       float64            `yaml:"spread" json:"spread,omitempty"`             // 2, a factor within which about two thirds of the sizes are, on either side of the median; distribution: lognormal
	Table        map[string]float64 `yaml:"table" json:"table,omitempty"`               // sizes with their weights, such as {64B: 9, 4KiB: 1}; distribution: table
}

// Sizing is a distribution of sizes.
type Sizing string

// The distributions of sizes.
const (
	SameSize       Sizing = "constant"  // every value has load.value_size
	UniformSizes   Sizing = "uniform"   // all whole numbers of bytes from min to max
	LognormalSizes Sizing = "lognormal" // many small and few large ones: the logarithms are distributed normally
	TableSizes     Sizing = "table"     // each size in proportion to its weight
)

// Network says what the links do besides delaying packets.
type Network struct {
	Local   Local   `yaml:"local" json:"local,omitempty"`     // 0s, the round trip between clients and a replica in the same region; measured: as in the topology
	Jitter  bool    `yaml:"jitter" json:"jitter"`             // false; true: as measured
	Loss    Share   `yaml:"loss" json:"loss"`                 // 0%, of packets, in each direction
	Rate    BitRate `yaml:"rate" json:"rate,omitzero"`        // unlimited, of each link
	Queue   Size    `yaml:"queue" json:"queue"`               // unlimited, the bytes that may wait for a link of limited rate
	Reorder bool    `yaml:"reorder" json:"reorder,omitempty"` // false; true: jitter may change the order of packets

	Links Links `yaml:"links" json:"links,omitempty"` // emulated; real: as they are between the machines of the sites
}

// Links says what the links of a live run are.
type Links string

// The kinds of links.
const (
	Emulated Links = ""     // those of the topology
	Real     Links = "real" // those between the machines that run the regions, a process each; the topology is what they are thought to be
)

// emulatedLinks is the word for Emulated in a file.
const emulatedLinks = "emulated"

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Links) UnmarshalText(text []byte) error {
	switch string(text) {
	case emulatedLinks:
		*l = Emulated
	case string(Real):
		*l = Real
	default:
		return fmt.Errorf("found %q; accepted: %s%s", text, strings.Join(l.Words(), ", "), strictyaml.DidYouMean(string(text), l.Words()))
	}
	return nil
}

// UnmarshalNode implements strictyaml.Unmarshaler: network: real is short for network: {links: real}.
func (n *Network) UnmarshalNode(node *strictyaml.Node) error {
	if node.IsScalar() {
		if node.Text() != string(Real) {
			return node.Errorf("found %v; accepted: real, or a mapping, as in {jitter: true}", node)
		}
		n.Links = Real
		return nil
	}
	type mapping Network // without this method
	return node.Decode((*mapping)(n))
}

// Transport says how messages travel.
type Transport struct {
	Kind TransportKind `yaml:"kind" json:"kind"` // quic
	Mode Mode          `yaml:"mode" json:"mode"` // auto
}

// TransportKind is a protocol below the messages.
type TransportKind string

// QUIC is the only kind of transport.
const QUIC TransportKind = "quic"

// Mode says how messages are put on QUIC streams; see package quicnet.
type Mode string

// The modes.
const (
	Auto           Mode = "auto"             // one of the others; see Experiment.StreamMode
	StreamPerBatch Mode = "stream-per-batch" // a lost packet delays only the messages of its batch
	OneStream      Mode = "one-stream"       // a lost packet delays all messages after it
)

// StreamMode is the mode of the transport, and what Auto stands for: one stream if no packet is to be lost, else a
// stream for each batch. A stream of its own costs a batch about 10 µs of CPU, and saves waiting only after a loss.
func (e *Experiment) StreamMode() Mode {
	switch {
	case e.Transport.Mode != Auto:
		return e.Transport.Mode
	case e.Network.Loss > 0, e.Network.Queue > 0, slices.ContainsFunc(e.Faults, func(f Fault) bool { return f.loses() }):
		return StreamPerBatch
	}
	return OneStream
}

// World is where replicas run.
type World string

// The worlds.
const (
	Live      World = "live" // QUIC over emulated links, in real time
	Simulated World = "sim"  // virtual time, messages straight over the link model
)

// Durability says what a durable record survives.
type Durability string

// The durabilities. The simulated world simulates the disk under both; see Simulation.
const (
	InMemory Durability = "memory" // a crash of the replica
	Fsync    Durability = "fsync"  // a crash of the machine: records are written to a file and synced
)

// Simulation holds the costs and disturbances of the simulated world. Zero means that nothing but the links
// takes time and that no message is doubled. All costs but PersistCost are processor time of a replica; package costs
// computes them from live runs.
type Simulation struct {
	CommandCost time.Duration `yaml:"command_cost" json:"command_cost_ns,omitempty"` // 0s, of each command that a client node sends to the replica, its answer included
	BatchCost   time.Duration `yaml:"batch_cost" json:"batch_cost_ns,omitempty"`     // 0s, of each batch: of what the replica has been sent while it worked on the last
	MessageCost time.Duration `yaml:"message_cost" json:"message_cost_ns,omitempty"` // 0s, to receive or to send a message
	ByteCost    PerByte       `yaml:"byte_cost" json:"byte_cost,omitzero"`           // 0s, to receive or to send each byte of a message
	SyncCost    time.Duration `yaml:"sync_cost" json:"sync_cost_ns,omitempty"`       // 0s, of each write to the disk; durability fsync only
	PersistCost time.Duration `yaml:"persist_cost" json:"persist_cost_ns,omitempty"` // 0s, to make the records of a batch durable
	Processors  int           `yaml:"processors" json:"processors,omitempty"`        // 0, that all replicas share; 0: each has one of its own
	Doubled     Share         `yaml:"doubled" json:"doubled,omitzero"`               // 0%, of the messages: they arrive a second time, later
}

// HasCosts reports whether replicas need processor time, without which a simulated throughput has no limit but the links.
func (s *Simulation) HasCosts() bool {
	return s.CommandCost > 0 || s.BatchCost > 0 || s.MessageCost > 0 || s.ByteCost > 0 || s.SyncCost > 0
}

// Costs tells what takes time, as in "50µs a message, 0s to persist".
func (s *Simulation) Costs() string {
	var parts []string
	for _, one := range []struct {
		cost fmt.Stringer
		of   string
		told bool
	}{
		{s.CommandCost, "a command", s.CommandCost > 0}, {s.BatchCost, "a batch", s.BatchCost > 0},
		{s.MessageCost, "a message", true}, {s.ByteCost, "a byte", s.ByteCost > 0}, {s.SyncCost, "a sync", s.SyncCost > 0},
		{s.PersistCost, "to persist", true},
	} {
		if one.told {
			parts = append(parts, fmt.Sprintf("%v %s", one.cost, one.of))
		}
	}
	switch {
	case s.Processors == 1:
		parts = append(parts, "1 processor for all replicas")
	case s.Processors > 1:
		parts = append(parts, fmt.Sprintf("%d processors for all replicas", s.Processors))
	}
	return strings.Join(parts, ", ")
}

// Work is the processor time that a replica needs for a batch: for commands of client nodes, and for messages of so many bytes
// together, sent or received.
func (s *Simulation) Work(commands, messages, bytes int) time.Duration {
	return s.BatchCost + time.Duration(commands)*s.CommandCost + time.Duration(messages)*s.MessageCost + s.ByteCost.Of(bytes)
}

// IsZero reports whether nothing takes time and no message is doubled.
func (s Simulation) IsZero() bool { return s == Simulation{} }

// Thresholds are limits that make the exit code 3 if a region exceeds them. Zero means no limit.
type Thresholds struct {
	P50AboveFloor time.Duration `yaml:"p50_above_floor" json:"p50_above_floor_ns,omitempty"`
	P99AboveFloor time.Duration `yaml:"p99_above_floor" json:"p99_above_floor_ns,omitempty"`
}
