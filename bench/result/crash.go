package result

import (
	"time"

	"quorumbench/bench/experiment"
)

// Crash is a crash of a replica, with its effect on the clients and the replica's recovery. Times are since measuring
// began.
type Crash struct {
	Region string        `json:"region"` // whose replica
	At     time.Duration `json:"at_ns"`
	// Outages has, for each region with clients, the time from the crash until a write that arrived after it was
	// answered; -1 if none was.
	Outages []time.Duration `json:"outages_ns"`
	// NewLeader is the time from the crash of a replica that led until a replica leads again, by the marks of the driver:
	// another one, or the same after it was started again. It is 0 if another had taken over already, -1 if none led
	// until the end of the run, and nil if the replica that crashed did not lead, as in a protocol without a leader.
	NewLeader *time.Duration `json:"new_leader_ns,omitempty"`
	Recovery  *Recovery      `json:"recovery,omitempty"` // nil if the replica was not started again
}

// Recovery tells how a replica recovered after it was started again. Durations are since that start, and -1 for what
// did not happen.
type Recovery struct {
	At time.Duration `json:"at_ns"` // since measuring began
	// CaughtUp is the time until the replica had applied, or adopted with a state, every write that was answered
	// before the replica was started.
	CaughtUp time.Duration `json:"caught_up_ns"`
	// Missed is the number of writes that were answered between the crash and the start.
	Missed int `json:"missed"`
	// Serving is the time until the replica answered a command of its region's clients.
	Serving time.Duration `json:"serving_ns"`
}

// CrashFault is what the experiment says of a crash, under crash: leader, random, or a region. That is the latest such
// fault at or before the time of the crash. It is the region of the replica if there is none.
func (r *Result) CrashFault(c Crash) string {
	word, at := c.Region, Never
	for _, f := range r.Experiment.Faults {
		fits := f.Crash == c.Region || f.Crash == experiment.CrashLeader || f.Crash == experiment.CrashRandom
		if fits && f.At <= c.At && (f.At > at || f.At == at && f.Crash == c.Region) {
			word, at = f.Crash, f.At
		}
	}
	return word
}
