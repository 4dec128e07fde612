package experiment

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
)

// Fault is a fault, or a repair, at a time of a run. Exactly one of the fields from Crash on is set.
type Fault struct {
	At  time.Duration `yaml:"at,required" json:"at_ns"`    // since measuring began
	For time.Duration `yaml:"for" json:"for_ns,omitempty"` // after which it is undone; 0s: never

	Crash     string        `yaml:"crash" json:"crash,omitempty"`         // the replica of a region, of the leader, or a random one
	Restart   string        `yaml:"restart" json:"restart,omitempty"`     // the replica of a region, or all that are down
	Pause     string        `yaml:"pause" json:"pause,omitempty"`         // the replica of a region, of the leader, or a random one, which does nothing meanwhile and forgets nothing
	Partition [][]string    `yaml:"partition" json:"partition,omitempty"` // groups of regions; links between groups are cut
	Cut       []string      `yaml:"cut" json:"cut,omitempty"`             // from and to: cuts one direction of one link
	Isolate   string        `yaml:"isolate" json:"isolate,omitempty"`     // cuts all links of a region, of the leader's, or of a random one
	Heal      bool          `yaml:"heal" json:"heal,omitempty"`           // gives all links their configured values again
	Loss      Share         `yaml:"loss" json:"loss,omitzero"`            // of packets, on every link, if more than configured
	Delay     time.Duration `yaml:"delay" json:"delay_ns,omitempty"`      // added to every link, one way
	Slow      *Slow         `yaml:"slow" json:"slow,omitempty"`           // a replica that takes longer for every batch of inputs
	Skew      *Skew         `yaml:"skew" json:"skew,omitempty"`           // a replica whose timers run too fast or too slow

	AddLearner       string `yaml:"add_learner" json:"add_learner,omitempty"`             // asks that the replica of a region receive the log
	ChangeMembership string `yaml:"change_membership" json:"change_membership,omitempty"` // asks for other voters: a quorum system, as quorum.Parse reads it, with the names of regions
	Remove           string `yaml:"remove" json:"remove,omitempty"`                       // asks that the replica of a region, which learns, be no member any more
}

// Slow is a replica that takes longer for every batch of inputs.
type Slow struct {
	Region string        `yaml:"region,required" json:"region"`
	By     time.Duration `yaml:"by,required" json:"by_ns"` // the additional time of each batch
}

// Skew is a replica whose clock runs too fast or too slow.
type Skew struct {
	Region string `yaml:"region,required" json:"region"`
	Rate   Factor `yaml:"rate,required" json:"rate"` // the length of its timers: at 50% a timer of 1s fires after 0.5s
}

// loses reports whether packets are lost because of the fault.
func (f *Fault) loses() bool { return f.Loss > 0 || len(f.Partition) > 0 || len(f.Cut) > 0 }

// ofLinks reports whether the fault is one of links.
func (f *Fault) ofLinks() bool { return f.loses() || f.Isolate != "" || f.Heal || f.Delay > 0 }

// The words that crash, pause, isolate and restart accept besides regions.
const (
	CrashLeader = "leader"
	CrashRandom = "random"
	RestartAll  = "all"
)

// String describes the fault in one line, as in "crash us-east-1 for 2s".
func (f *Fault) String() string {
	var what string
	switch {
	case f.Crash != "":
		what = "crash " + f.Crash
	case f.Restart != "":
		what = "restart " + f.Restart
	case f.Pause != "":
		what = "pause " + f.Pause
	case len(f.Partition) > 0:
		groups := make([]string, len(f.Partition))
		for i, group := range f.Partition {
			groups[i] = strings.Join(group, "+")
		}
		what = "partition " + strings.Join(groups, " | ")
	case len(f.Cut) > 0:
		what = "cut " + strings.Join(f.Cut, " → ")
	case f.Isolate != "":
		what = "isolate " + f.Isolate
	case f.Heal:
		what = "heal"
	case f.Loss > 0:
		what = fmt.Sprintf("loss %v", f.Loss)
	case f.Delay > 0:
		what = fmt.Sprintf("delay +%v", f.Delay)
	case f.Slow != nil:
		what = fmt.Sprintf("slow %s by %v", f.Slow.Region, f.Slow.By)
	case f.Skew != nil:
		what = fmt.Sprintf("timers of %s at %v", f.Skew.Region, f.Skew.Rate)
	case f.AddLearner != "":
		what = "add learner " + f.AddLearner
	case f.ChangeMembership != "":
		what = "change membership to " + f.ChangeMembership
	case f.Remove != "":
		what = "remove " + f.Remove
	}
	if f.For > 0 {
		what += fmt.Sprintf(" for %v", f.For)
	}
	return what
}

// FaultKinds are the keys of a fault of which it has exactly one.
var FaultKinds = []string{"crash", "restart", "pause", "partition", "cut", "isolate", "heal", "loss", "delay", "slow", "skew",
	"add_learner", "change_membership", "remove"}

// presentKinds counts those keys of the fault at a path of a file.
func presentKinds(doc *strictyaml.Document, at string) (n int) {
	for _, kind := range FaultKinds {
		if doc.Has(at + "." + kind) {
			n++
		}
	}
	return n
}

// kinds counts the fields that are set, of those of which exactly one must be.
func (f *Fault) kinds() (n int) {
	for _, set := range []bool{f.Crash != "", f.Restart != "", f.Pause != "", len(f.Partition) > 0, len(f.Cut) > 0, f.Isolate != "", f.Heal,
		f.Loss > 0, f.Delay > 0, f.Slow != nil, f.Skew != nil, f.AddLearner != "", f.ChangeMembership != "", f.Remove != ""} {
		if set {
			n++
		}
	}
	return n
}

const (
	maxDelay  = time.Minute    // the longest delay that a file may ask for
	maxLength = 24 * time.Hour // the longest fault, and the longest load
)

// checkFaults checks the faults of an experiment file.
func (p *Plan) checkFaults(doc *strictyaml.Document, _ *netem.Topology) error {
	e := &p.Experiment
	for i := range e.Faults {
		f, at := &e.Faults[i], fmt.Sprintf("faults[%d]", i)
		if f.Delay < 0 {
			return doc.Errorf(at+".delay", "found %v; accepted: more than 0s, up to %v", f.Delay, maxDelay)
		}
		kinds := f.kinds()
		if kinds == 1 {
			kinds = max(kinds, presentKinds(doc, at)) // one of them may be written with a value that says nothing, as in heal: false
		}
		if kinds == 0 && presentKinds(doc, at) > 0 {
			return doc.Errorf(at, "found a fault that does nothing; accepted: more than 0%% of loss, 0s of delay, and the like; heal: true")
		}
		if kinds != 1 {
			return doc.Errorf(at, "found a fault of %d kinds; accepted: one of %s", kinds, strings.Join(FaultKinds, ", "))
		}
		if f.At < 0 || f.At > e.Load.Duration {
			return doc.Errorf(at+".at", "found %v; accepted: 0s to the duration of the load, %v", f.At, e.Load.Duration)
		}
		hasLength, undone := doc.Has(at+".for"), f.Restart == "" && !f.Heal && !f.isMembership()
		if f.For < 0 || f.For == 0 && hasLength && undone {
			return doc.Errorf(at+".for", "found %v; accepted: more than 0s, up to %v, or no for, for what lasts to the end", f.For, maxLength)
		}
		if hasLength && !undone {
			return doc.Errorf(at+".for", "found a length, %v, of what is not undone after a time; accepted: no for with restart, heal and changes of the membership", f.For)
		}
		if f.For == 0 && f.Pause != "" {
			return doc.Errorf(at+".pause", "found a pause without for; accepted: with a length, since a replica that never goes on is one that has crashed")
		}
		if f.For > maxLength {
			return doc.Errorf(at+".for", "found %v; accepted: up to %v", f.For, maxLength)
		}
		if f.Loss > 1 || f.Delay > maxDelay {
			return doc.Errorf(at, "found %v; accepted: a loss up to 100%%, a delay of 0s to %v", f, maxDelay)
		}
		named, withReplica := map[string][]string{}, map[string]bool{"crash": true, "restart": true, "pause": true, "slow.region": true, "skew.region": true, "add_learner": true, "remove": true}
		for key, hit := range map[string]string{"crash": f.Crash, "pause": f.Pause, "isolate": f.Isolate} {
			if hit != CrashLeader && hit != CrashRandom && hit != "" {
				named[key] = []string{hit}
			}
		}
		if f.Restart != RestartAll && f.Restart != "" {
			named["restart"] = []string{f.Restart}
		}
		if len(f.Cut) > 0 {
			named["cut"] = f.Cut
			if len(f.Cut) != 2 {
				return doc.Errorf(at+".cut", "found %d regions; accepted: two, from and to", len(f.Cut))
			}
		}
		if f.Slow != nil {
			named["slow.region"] = []string{f.Slow.Region}
			if f.Slow.By <= 0 || f.Slow.By > maxDelay {
				return doc.Errorf(at+".slow.by", "found %v; accepted: more than 0s, up to %v", f.Slow.By, maxDelay)
			}
		}
		if f.Skew != nil {
			named["skew.region"] = []string{f.Skew.Region}
			if f.Skew.Rate <= 0 {
				return doc.Errorf(at+".skew.rate", "found %v; accepted: more than 0%%", f.Skew.Rate)
			}
		}
		if f.AddLearner != "" {
			named["add_learner"] = []string{f.AddLearner}
		}
		if f.Remove != "" {
			named["remove"] = []string{f.Remove}
		}
		if len(f.Partition) > 0 {
			named["partition"] = slices.Concat(f.Partition...)
		}
		for key, regions := range named {
			accepted := e.Regions
			if withReplica[key] {
				accepted = e.Replicas
			}
			for _, region := range regions {
				if !slices.Contains(accepted, region) {
					return doc.Errorf(at+"."+key, "found %q; accepted: %s%s", region, strings.Join(accepted, ", "), strictyaml.DidYouMean(region, accepted))
				}
			}
		}
		if err := f.checkCuts(doc, at, len(e.Regions)); err != nil {
			return err
		}
	}
	return p.checkMemberships(doc)
}

// checkCuts refuses a partition or a cut that cuts no link or names a region twice. N is the number of regions.
func (f *Fault) checkCuts(doc *strictyaml.Document, at string, n int) error {
	if len(f.Cut) == 2 && f.Cut[0] == f.Cut[1] {
		return doc.Errorf(at+".cut[1]", "found %s a second time; accepted: two regions, from and to", f.Cut[1])
	}
	seen := map[string]bool{}
	for i, group := range f.Partition {
		if len(group) == 0 {
			return doc.Errorf(fmt.Sprintf("%s.partition[%d]", at, i), "found an empty group; accepted: one or more regions")
		}
		for j, region := range group {
			if seen[region] {
				return doc.Errorf(fmt.Sprintf("%s.partition[%d][%d]", at, i, j), "found %s a second time; accepted: each region in one group", region)
			}
			seen[region] = true
		}
		if len(group) == n {
			return doc.Errorf(at+".partition", "found one group of all %d regions, which cuts no link; accepted: groups of some of them", n)
		}
	}
	return nil
}
