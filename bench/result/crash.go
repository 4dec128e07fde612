package result

import "time"

// Crash is a crash of a replica, with its effect on the clients and the replica's recovery. Times are since measuring
// began.
type Crash struct {
	Region string        `json:"region"` // whose replica
	At     time.Duration `json:"at_ns"`
	// Outages has, for each region with clients, the time from the crash until a write that arrived after it was
	// answered; -1 if none was.
	Outages  []time.Duration `json:"outages_ns"`
	Recovery *Recovery       `json:"recovery,omitempty"` // nil if the replica was not started again
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
