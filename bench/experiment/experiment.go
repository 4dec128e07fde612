package experiment

import (
	"cmp"
	"strings"
	"time"

	"quorumbench/protocols"
)

// Experiment is what an experiment file says, with the defaults filled in. Field comments give
// the default; see Read.
type Experiment struct {
	Name     string `yaml:"name" json:"name"`                  // the file's name without .yaml
	Topology string `yaml:"topology,required" json:"topology"` // a shipped topology's name, or the path of a file

	// Regions is short for a replica and clients in each of these regions: the topology's first three. One
	// may stand several times. Once the experiment is read it is all regions, those with a replica first.
	Regions []string `yaml:"regions" json:"regions"`
	// Replicas are the regions that have a replica, one each time they stand here.
	Replicas []string `yaml:"replicas" json:"replicas"` // as regions
	// Clients are the regions that have clients. Where there is no replica they ask one elsewhere.
	Clients []string `yaml:"clients" json:"clients"` // as replicas

	Protocols  []Protocol `yaml:"protocols" json:"protocols"` // every driver that takes the number of regions
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

// Complete fills in what the first edition's files do not have: there, every region had a replica and clients,
// who asked it.
func (e *Experiment) Complete() {
	e.Load.Ask = cmp.Or(e.Load.Ask, AskNearest)
	if len(e.Replicas) == 0 {
		e.Replicas, e.Clients = e.Regions, e.Regions
	}
}

// IsSimulated tells whether the experiment runs in virtual time.
func (e *Experiment) IsSimulated() bool { return e.World == Simulated }

// Protocol is one entry of an experiment's list of protocols: a name, or a mapping.
type Protocol struct {
	Name   string `yaml:"name,required" json:"name"`
	Leader string `yaml:"leader" json:"leader,omitempty"` // the first region, for drivers with a leader; auto: where the mean floor is least
	// Options are the driver's own, as texts; all of them, with their defaults, once the experiment is read.
	Options protocols.Choices `yaml:"options" json:"options,omitempty"`

	// Label tells the entry from others of the experiment: the name, the options that are not as
	// they are by default, and the leader's region where all that stands twice. It is part of
	// histogram tags and has no comma, space or full stop.
	Label string `json:"label"`
}

// Variant is the label without the leader, which may be part of it: the name and the options.
func (p *Protocol) Variant() string { return strings.TrimSuffix(p.Label, "@"+p.Leader) }

// Load is what the clients of every region do.
type Load struct {
	Arrivals  Arrivals      `yaml:"arrivals" json:"arrivals"`           // poisson
	Rate      Rate          `yaml:"rate" json:"rate,omitzero"`          // 50/s, of each region; not for closed loops
	Reads     Share         `yaml:"reads" json:"reads"`                 // 0%, of the commands: reads in place of writes
	Versions  Share         `yaml:"versions" json:"versions,omitzero"`  // 0%, of the commands, reads and writes: those that name a version
	Ask       Ask           `yaml:"ask" json:"ask,omitempty"`           // nearest
	Retry     time.Duration `yaml:"retry" json:"retry_ns"`              // after which a client asks another replica; 0s: never, and without a replica beside it, by the distance
	Clients   int           `yaml:"clients" json:"clients"`             // 1, of each region; closed loops only
	Commands  int           `yaml:"commands" json:"commands,omitempty"` // 0, of each region at least, however long it takes; closed loops only
	Duration  time.Duration `yaml:"duration" json:"duration_ns"`        // 10s, measured
	Warmup    time.Duration `yaml:"warmup" json:"warmup_ns"`            // 2s, not measured
	Timeout   time.Duration `yaml:"timeout" json:"timeout_ns"`          // 5s, after which a write counts as an error
	ValueSize Size          `yaml:"value_size" json:"value_size"`       // 128B
	Keys      Keys          `yaml:"keys" json:"keys"`
}

// IsClosed tells whether the loop is closed: clients write again when they are answered.
func (l *Load) IsClosed() bool { return l.Arrivals == Closed }

// Ask says which replica a client asks first.
type Ask string

// Whom clients ask. With a protocol without a leader, they ask the nearest.
const (
	AskNearest Ask = "nearest" // the one beside them, or else that to which the round trip is the least
	AskLeader  Ask = "leader"  // the one that leads, as the experiment has it
)

// Arrivals says when writes arrive.
type Arrivals string

// The kinds of arrivals.
const (
	Poisson  Arrivals = "poisson"  // open loop: exponential gaps of the given mean rate
	Constant Arrivals = "constant" // open loop: equal gaps
	Closed   Arrivals = "closed"   // closed loop: each client writes again when it is answered
)

// Keys says which keys are written.
type Keys struct {
	Count        int          `yaml:"count" json:"count"`               // 100000
	Distribution Distribution `yaml:"distribution" json:"distribution"` // uniform
	Exponent     float64      `yaml:"exponent" json:"exponent"`         // 1.01, of zipf, above 1

	// Conflicts is the share of the commands that go to one key which all regions have in common; all
	// others go to keys that no other region uses. Without it all regions draw from the same keys.
	Conflicts *Share `yaml:"conflicts" json:"conflicts,omitempty"`
}

// Distribution says how often which key is written.
type Distribution string

// The distributions of keys.
const (
	Uniform Distribution = "uniform"
	Zipf    Distribution = "zipf" // the k-th key in proportion to k^-exponent
)

// Network changes what the links do besides their delay.
type Network struct {
	Local   Local   `yaml:"local" json:"local,omitempty"`     // 0s: the round trip between clients and the replica beside them; measured: as in the topology
	Jitter  bool    `yaml:"jitter" json:"jitter"`             // false; true: as measured
	Loss    Share   `yaml:"loss" json:"loss"`                 // 0%, of packets, each way
	Rate    BitRate `yaml:"rate" json:"rate,omitzero"`        // unlimited, of each link
	Queue   Size    `yaml:"queue" json:"queue"`               // unlimited, before a link of limited rate
	Reorder bool    `yaml:"reorder" json:"reorder,omitempty"` // false; true: with jitter, packets may overtake
}

// Transport says how messages travel.
type Transport struct {
	Kind string `yaml:"kind" json:"kind"` // quic
	Mode Mode   `yaml:"mode" json:"mode"` // stream-per-batch
}

// Mode says how messages are laid on streams; package quicnet tells what follows from it.
type Mode string

// The modes.
const (
	StreamPerBatch Mode = "stream-per-batch" // a lost packet delays only what was sent with it
	OneStream      Mode = "one-stream"       // a lost packet delays all that comes after it
)

// World is where replicas run.
type World string

// The worlds.
const (
	Live      World = "live" // QUIC over emulated links, in real time
	Simulated World = "sim"  // virtual time, messages straight over the link model
)

// Durability says what it means that something is durable.
type Durability string

// The durabilities. In the simulated world both are a disk that is simulated; see Simulation.
const (
	InMemory Durability = "memory" // it outlives a crash of the replica
	Fsync    Durability = "fsync"  // it outlives a crash of the machine: written to a file and synced
)

// Simulation says what the simulated world does besides the links. Zero: nothing takes time, and
// no message is doubled.
type Simulation struct {
	MessageCost time.Duration `yaml:"message_cost" json:"message_cost_ns,omitempty"` // to receive or to send a message
	PersistCost time.Duration `yaml:"persist_cost" json:"persist_cost_ns,omitempty"` // to make the records of a step durable
	Doubled     Share         `yaml:"doubled" json:"doubled,omitzero"`               // of messages: they arrive a second time, later
}

// IsZero tells whether nothing takes time and no message is doubled.
func (s Simulation) IsZero() bool { return s == Simulation{} }

// Thresholds turn a run into a test: missing one makes the exit code 3. Zero: not set.
type Thresholds struct {
	P50AboveFloor time.Duration `yaml:"p50_above_floor" json:"p50_above_floor_ns,omitempty"`
	P99AboveFloor time.Duration `yaml:"p99_above_floor" json:"p99_above_floor_ns,omitempty"`
}
