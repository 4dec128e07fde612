package planted

import "slices"

// Exploration is a bug that playing all that can happen within a bound must find. Where it can, it
// judges by what is applied and answered alone, without the driver's invariants.
type Exploration struct {
	Name   string // of a bug in mmp3's table
	Bound  string // of the exploration
	Inside bool   // with the driver's invariants
	Breaks string // the check that fails first
}

// Explorations are the bugs that the exploration of mmp3 finds.
var Explorations = []Exploration{
	{"indirect dependencies are not seen", "abc", false, "stuck"},
	{"a write is answered at its own commit", "abbc", false, "real time"},
	{"a retry at the other replica has the same ballot", "ab-3timers", true, "invariants"},
	{"a void answer counts", "ab-2timers", false, "apply order"},
	{"recovery ignores an accepted value", "ab-2timers", false, "apply order"},
	{"the acceptor adds no dependencies", "ab-2timers", false, "apply order"},
	{"heads that are not committed are passed over", "ab-2timers", false, "apply order"},
	{"the acceptor's accept is not durable", "ab-crash", false, "apply order"},
	{"nothing is recovered", "ab-crash", false, "stuck"},
}

// bug returns the place of the bug in All, -1 if there is none of that name.
func (e *Exploration) bug() int {
	return slices.IndexFunc(All, func(b Bug) bool { return b.Driver == "mmp3" && b.Name == e.Name })
}
