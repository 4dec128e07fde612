package result

import "time"

// Crash is the end of a replica's life, what it did to the clients, and the recovery from it. Times
// are since measuring began.
type Crash struct {
	Region string        `json:"region"` // whose replica
	At     time.Duration `json:"at_ns"`
	// Outages are by region, in the experiment's order: how long it took until a write was answered
	// that had arrived after the crash. Without one it is -1.
	Outages  []time.Duration `json:"outages_ns"`
	Recovery *Recovery       `json:"recovery,omitempty"` // nil if the replica was not started again
}

// Recovery tells how a replica that was started again came back. Lengths are since its start; -1
// where it did not come so far.
type Recovery struct {
	At time.Duration `json:"at_ns"` // since measuring began
	// CaughtUp is how long it took until the replica had applied, or adopted a state with, every
	// write that any client had an answer to before the replica was started.
	CaughtUp time.Duration `json:"caught_up_ns"`
	// Missed is how many of these had been answered since the crash.
	Missed int `json:"missed"`
	// Serving is how long it took until the replica answered a command of its region's clients.
	Serving time.Duration `json:"serving_ns"`
}
