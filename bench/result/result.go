package result

import (
	"cmp"
	"encoding/json"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/shard"
	"quorumbench/bench/system"
)

// SchemaVersion is the version of run.json. It rises when a reader of the old form would misread the new one.
const SchemaVersion = 2

// Result is the result of an experiment: the content of run.json, and the histograms of latency.hlog. Durations in
// run.json are in nanoseconds.
type Result struct {
	Schema     int                   `json:"schema"`
	Experiment experiment.Experiment `json:"experiment"`
	Topology   experiment.Topology   `json:"topology"`
	Machine    Machine               `json:"machine"`
	Started    time.Time             `json:"started"`
	Finished   time.Time             `json:"finished"`
	Partial    bool                  `json:"partial"` // it was interrupted, and has what was measured until then
	Runs       []Run                 `json:"runs"`    // in the order in which they ran
	// Knees are what the searches for the highest rate have found, a search each.
	Knees []Knee `json:"knees,omitempty"`
	// Live is how live runs were run, besides what the experiment says; nil for simulated ones, and in results of earlier
	// editions.
	Live *LiveSettings `json:"live,omitempty"`
	// Shard is which part of the experiment this is; nil for the whole.
	Shard *shard.Shard `json:"shard,omitempty"`
	// Log is what latency.hlog has in it; nil in results of the first edition, and before the result is written.
	Log *Log `json:"latency_hlog,omitempty"`
	// Fingerprint is a hash of experiment, topology and runs, histograms left out, of a simulated
	// result: the same seed gives the same.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// LiveSettings are what the command line says about live runs.
type LiveSettings struct {
	Spin     time.Duration `json:"spin_ns,omitempty"` // for so long before an event, the emulator and the clients spin instead of sleeping
	Realtime bool          `json:"realtime"`          // other programs wait during each run, where that is permitted
}

// Knee is what one search for the highest rate that keeps an objective has found: two rates of a region, between which it
// lies.
type Knee struct {
	Protocol string          `json:"protocol"`        // the label
	Repeat   int             `json:"repeat"`          // from 0
	Kept     experiment.Rate `json:"kept,omitzero"`   // the highest rate at which the objective was kept; 0 if it was kept at none
	Missed   experiment.Rate `json:"missed,omitzero"` // the lowest at which it was not; 0 if it was kept at the highest rate there is
	Achieved float64         `json:"achieved"`        // operations answered a second, of all regions, at Kept
	Why      string          `json:"why"`             // the objective was not kept at Missed
}

// Log tells a latency.hlog that is whole from one that is not.
type Log struct {
	Histograms int    `json:"histograms"` // a line each
	Bytes      int    `json:"bytes"`
	SHA256     string `json:"sha256"` // in hexadecimal digits
}

// Never stands for the time of something that has not happened.
const Never time.Duration = -1

// Machine is the machine and the program of a result.
type Machine struct {
	Tool string `json:"tool"` // this program's version
	Go   string `json:"go"`
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
}

// Run is the result of one run of one protocol, which is the unit of statistics.
type Run struct {
	Protocol string        `json:"protocol"`        // the label
	Point    string        `json:"point,omitempty"` // the value of what the experiment sweeps over
	Repeat   int           `json:"repeat"`          // from 0
	Started  time.Time     `json:"started"`         // of the measured part
	Measured time.Duration `json:"measured_ns"`
	Partial  bool          `json:"partial,omitempty"`
	Regions  []RegionRun   `json:"regions"` // in the experiment's order
	Network  NetworkRun    `json:"network"`
	// Faults are those that happened, in the order of time.
	Faults []FaultMark `json:"faults,omitempty"`
	// Crashes are the crashes of replicas, in the order of time.
	Crashes []Crash `json:"crashes,omitempty"`
	// Measures are the numbers that drivers and client nodes noted while measuring.
	Measures []Measure `json:"measures,omitempty"`
	// Memory is what the process used during a live run, which all replicas share; nil for a simulated run.
	Memory *Memory `json:"memory,omitempty"`
	// Usage is who used the processors; nil for a simulated run whose replicas share none, and where that is not known.
	Usage *Usage `json:"usage,omitempty"`

	// Work is what the replicas of a live run did, and which processor time that took; nil for a simulated run, and where
	// that is not known.
	Work *Work `json:"work,omitempty"`

	// Clocks are those of the sites, if each region was run by a process of its own, and Links what was measured of the links between
	// these processes; nil else.
	Clocks []Clock `json:"clocks,omitempty"`
	Links  []Link  `json:"links,omitempty"`

	// System tells about the system that was run as it is; nil for a driver.
	System *System `json:"system,omitempty"`

	// Checks are the verdicts on what the replicas did.
	Checks []Check `json:"checks"`
	// Invalid lists, a sentence each, the reasons why the figures must not be trusted.
	Invalid []string `json:"invalid,omitempty"`
	// Saturated says that more was offered than was answered in time. The percentiles are then those of a growing
	// queue, not of a steady state.
	Saturated bool `json:"saturated,omitempty"`
	// Overload lists, a sentence each, where and by what the run was saturated. In a sweep over the load, that is a finding;
	// else it is a reason not to trust the figures.
	Overload []string `json:"overload,omitempty"`
	// Limit is what kept the throughput of a saturated run down: the machine, the load generator or the protocol.
	Limit string `json:"limit,omitempty"`

	// History shows the clients' history as an HTML page, if it is not linearizable. It is a file of its own.
	History []byte `json:"-"`
}

// System is a system that was run as it is, in namespaces of its own.
type System struct {
	Name    string         `json:"name"`
	Promise system.Promise `json:"promise"` // what it promises about answers, which decides what checks say
	// NoFailover says that no node takes over when the one that leads is down.
	NoFailover bool `json:"no_failover,omitempty"`
	// Settings are its version and its settings.
	Settings []system.Setting `json:"settings"`
	Network  string           `json:"network"` // how its packets travelled
	// Certificate tells how exact the network was before the load; nil in results of former editions.
	Certificate *Certificate `json:"certificate,omitempty"`
}

// Certificate is what became of probes over every link of a network, against what the links were to do.
type Certificate struct {
	Links []CertifiedLink `json:"links"`
	// Problems are, a sentence each, why the network must not be believed.
	Problems []string `json:"problems,omitempty"`
}

// CertifiedLink is what became of the probes from one region to another.
type CertifiedLink struct {
	From     string        `json:"from"`
	To       string        `json:"to"`
	Intended time.Duration `json:"intended_ns"`  // the one-way delay
	Loss     float64       `json:"loss"`         // the intended share, from 0 to 1
	Sent     int           `json:"sent"`         // probes
	Received int           `json:"received"`     // of these
	P50      time.Duration `json:"p50_ns"`       // of the time that they took
	P99      time.Duration `json:"p99_ns"`       //
	Jitter   time.Duration `json:"deviation_ns"` // the standard deviation
	Meant    time.Duration `json:"jitter_ns"`    // the intended standard deviation
}

// Late is how late probes were at most over any link: at the median, and at the 99th percentile.
func (c *Certificate) Late() (p50, p99 time.Duration) {
	for _, l := range c.Links {
		if l.Received > 0 {
			p50, p99 = max(p50, l.P50-l.Intended), max(p99, l.P99-l.Intended)
		}
	}
	return p50, p99
}

// Memory is what the process of a live run used.
type Memory struct {
	Most        uint64 `json:"most_bytes"`  // that it had from the system, at most
	Collections uint64 `json:"collections"` // of garbage, during the run
	Spare       int64  `json:"spare_bytes"` // that were allocated before each collection, unless GOGC or GOMEMLIMIT is set
}

// Usage is how much of the machine's processors, or of the simulated ones, was used while a run was measured, as shares from
// 0 to 1.
type Usage struct {
	Own    float64 `json:"own"`    // by this process: replicas, clients, network and emulator; by the replicas of a simulated run
	Others float64 `json:"others"` // by other programs
	// Emulator and Generator are parts of Own: the emulator's goroutine while it did not sleep, and the clients while they
	// issued commands. They are measured by the clock, so that they include what the kernel gave to others meanwhile.
	Emulator  float64 `json:"emulator"`
	Generator float64 `json:"generator"`
}

// Work is what all replicas of a live run did together while it was measured, and the processor time of the whole process in
// that time, clients, network and emulator included.
type Work struct {
	Time       time.Duration `json:"time_ns"`       // for which was counted
	Processors time.Duration `json:"processors_ns"` // used by this process
	Batches    int64         `json:"batches"`       // of what replicas were sent and then handled together
	Commands   int64         `json:"commands"`      // that client nodes sent to replicas
	Messages   int64         `json:"messages"`      // of replicas, sent or received
	Bytes      int64         `json:"bytes"`         // of these messages
	Syncs      int64         `json:"syncs"`         // writes to the disk
	Syncing    time.Duration `json:"syncing_ns"`    // how long these took, together
}

// Since is what was done since an earlier count.
func (w Work) Since(earlier Work) Work {
	return Work{
		Time: w.Time - earlier.Time, Processors: w.Processors - earlier.Processors, Batches: w.Batches - earlier.Batches, Commands: w.Commands - earlier.Commands,
		Messages: w.Messages - earlier.Messages, Bytes: w.Bytes - earlier.Bytes, Syncs: w.Syncs - earlier.Syncs, Syncing: w.Syncing - earlier.Syncing,
	}
}

// FaultMark is a fault of the experiment that has happened.
type FaultMark struct {
	At   time.Duration `json:"at_ns"` // since measuring began
	Text string        `json:"text"`
	// Membership says what this has to do with the membership: empty of faults that have nothing to do with it.
	Membership MembershipMark `json:"membership,omitempty"`
}

// MembershipMark is what happened to the membership.
type MembershipMark string

// What happens to the membership.
const (
	ChangeAsked   MembershipMark = "change"   // the experiment asked for other voters
	LearnersAsked MembershipMark = "learners" // the experiment asked for a learner more or less
	StepCommitted MembershipMark = "step"     // a leader committed a membership on the way to other voters
	GoalCommitted MembershipMark = "goal"     // a leader committed a membership with which nothing is left to be done
)

// Check is the verdict of one check of a run.
type Check struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail,omitempty"` // what was found, if the check did not pass
}

// Verdict is the outcome of a check.
type Verdict string

// The verdicts.
const (
	Passed    Verdict = "passed"
	Failed    Verdict = "failed"
	Undecided Verdict = "not decided" // which is no success
	// NotPromised says that the driver promises nothing of what is checked, and Detail what came of it.
	NotPromised Verdict = "not promised"
	// Unexplained says that no explanation of what clients saw was found, and no proof that there is none: perhaps a bug
	// of the protocol, but no violation that was shown.
	Unexplained Verdict = "unexplained"
)

// Failed lists the checks of the run that failed.
func (r *Run) Failed() []Check {
	var failed []Check
	for _, c := range r.Checks {
		if c.Verdict == Failed {
			failed = append(failed, c)
		}
	}
	return failed
}

// RegionRun is the part of a run about the clients of one region.
type RegionRun struct {
	Region string        `json:"region"`
	Floor  time.Duration `json:"floor_ns"`  // the least time that a write from there can take under this protocol
	Quorum time.Duration `json:"quorum_ns"` // the round trip to the nearest majority, which reports call a WAN round trip

	Operations            // writes
	Reads      Operations `json:"reads,omitzero"`
	// ReadModifyWrites are read-modify-writes as a whole: from the arrival to the answer of the write that ends it. Their reads
	// and writes are among Reads and the writes, too.
	ReadModifyWrites Operations `json:"read_modify_writes,omitzero"`

	// Breakdown tells where the writes' time went; nil if no write was answered in time.
	Breakdown *Breakdown `json:"breakdown,omitempty"`
}

// UnmarshalJSON implements json.Unmarshaler. It also accepts the breakdown under its key in the first edition, ways.
func (r *RegionRun) UnmarshalJSON(data []byte) error {
	type regionRun RegionRun // without this method
	var former struct {
		Ways *Breakdown `json:"ways"`
	}
	if err := json.Unmarshal(data, (*regionRun)(r)); err != nil {
		return err
	}
	if err := json.Unmarshal(data, &former); err != nil {
		return err
	}
	r.Breakdown = cmp.Or(r.Breakdown, former.Ways)
	return nil
}

// Kind is a kind of operations.
type Kind string

// The kinds of operations, by the names that they have in files.
const (
	Writes           Kind = "write"
	Reads            Kind = "read"
	ReadModifyWrites Kind = "read-modify-write"
)

// Kinds are the kinds of operations, in the order in which reports have them.
var Kinds = []Kind{Writes, Reads, ReadModifyWrites}

// Of returns the operations of a kind.
func (r *RegionRun) Of(kind Kind) *Operations {
	switch kind {
	case Reads:
		return &r.Reads
	case ReadModifyWrites:
		return &r.ReadModifyWrites
	}
	return &r.Operations
}

// Operations sums up the operations of one kind in a region.
type Operations struct {
	Offered  int64 `json:"offered"`  // how many arrived while measuring
	Answered int64 `json:"answered"` // how many of these were answered in time
	Errors   int64 `json:"errors"`   // how many of these were not
	// Completed is how many were answered in time while measuring, whenever they arrived: with Run.Measured, the throughput.
	Completed int64 `json:"completed"`

	Response Summary `json:"response"` // from the intended arrival to the answer
	Service  Summary `json:"service"`  // from the actual send to the answer
	Lag      Summary `json:"lag"`      // from the intended arrival to the actual send

	// Late is how much of a response percentile the emulator's lateness may be, at most; see Bound.
	Late Percentiles `json:"late,omitzero"`

	FirstHalf  time.Duration `json:"first_half_p50_ns"` // the median response time in the first half of the measured time
	SecondHalf time.Duration `json:"second_half_p50_ns"`

	Intervals []Interval `json:"-"` // see latency.hlog
}

// Interval is a part of the measured time of a region, by intended arrival.
type Interval struct {
	Start    time.Duration // since the measured part began
	Length   time.Duration
	Response *PackedHistogram // nanoseconds
	Service  *PackedHistogram
}

// Summary sums up a distribution. Min, Max, Sum and Count are exact; percentiles come from a histogram of three
// significant digits. A write that was not answered in time counts with the timeout.
type Summary struct {
	Count int64         `json:"count"`
	Sum   time.Duration `json:"sum_ns"`
	Min   time.Duration `json:"min_ns"`
	Max   time.Duration `json:"max_ns"`
	P50   time.Duration `json:"p50_ns"`
	P90   time.Duration `json:"p90_ns"`
	P99   time.Duration `json:"p99_ns"`
	P999  time.Duration `json:"p99_9_ns"`
	P9999 time.Duration `json:"p99_99_ns"`
	// Dropped counts values that the histogram refused. If it is not 0, the run is invalid.
	Dropped int64 `json:"dropped,omitempty"`
}

// Percentiles are the times at the percentiles that a Summary has.
type Percentiles struct {
	P50   time.Duration `json:"p50_ns"`
	P90   time.Duration `json:"p90_ns"`
	P99   time.Duration `json:"p99_ns"`
	P999  time.Duration `json:"p99_9_ns"`
	P9999 time.Duration `json:"p99_99_ns"`
}

// NetworkRun is what the network did during a run, warm-up included.
type NetworkRun struct {
	Messages   uint64  `json:"messages"`   // sent by replicas
	Packets    uint64  `json:"packets"`    // datagrams, in the live world
	Bytes      uint64  `json:"bytes"`      // of datagrams, or of messages in the simulated world
	Lost       uint64  `json:"lost"`       // datagrams, or messages in the simulated world
	Cut        uint64  `json:"cut"`        // the same, lost by links that were cut by a fault; not among Lost
	Dropped    uint64  `json:"dropped"`    // by a full queue
	Overflow   uint64  `json:"overflow"`   // not read in time by the receiver, since the machine was too busy
	Unsent     uint64  `json:"unsent"`     // messages that found no connection
	Crowded    uint64  `json:"crowded"`    // messages that found no room in the window of their connection
	Reconnects uint64  `json:"reconnects"` // of QUIC
	Lateness   Summary `json:"lateness"`   // how late the emulator released packets
	// Emulator tells on what the emulator slept, such as "threads of real-time priority"; empty in the simulated world.
	Emulator string `json:"emulator,omitempty"`
}
