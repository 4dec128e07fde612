package planted

import "slices"

// Exploration is a bug that playing all that can happen within a bound must find, or must not find. Where it can, it
// judges by what is applied and answered alone, without the driver's invariants.
type Exploration struct {
	Driver string // whose exploration finds it: the package, too
	Name   string // of a bug in the driver's table
	Test   string // TestExplore, if empty
	Bound  string // of the exploration
	Inside bool   // with the driver's invariants
	Breaks string // the check that fails first; empty: none does, since the bug does no harm within the bound
}

// Explorations are the bugs that explorations are to find.
var Explorations = []Exploration{
	{Driver: "mmp3", Name: "indirect dependencies are not seen", Bound: "abc", Breaks: "stuck"},
	{Driver: "mmp3", Name: "a write is answered at its own commit", Bound: "abbc", Breaks: "real time"},
	{Driver: "mmp3", Name: "a retry at the other replica has the same ballot", Bound: "ab-3timers", Inside: true, Breaks: "invariants"},
	{Driver: "mmp3", Name: "a void answer counts", Bound: "ab-2timers", Breaks: "apply order"},
	{Driver: "mmp3", Name: "recovery ignores an accepted value", Bound: "ab-2timers", Breaks: "apply order"},
	{Driver: "mmp3", Name: "the acceptor adds no dependencies", Bound: "ab-2timers", Breaks: "apply order"},
	{Driver: "mmp3", Name: "heads that are not committed are passed over", Bound: "ab-2timers", Breaks: "apply order"},
	{Driver: "mmp3", Name: "the acceptor's accept is not durable", Bound: "ab-crash", Breaks: "apply order"},
	{Driver: "mmp3", Name: "nothing is recovered", Bound: "ab-crash", Breaks: "stuck"},

	// From disks on which a change of the membership stands half-way.
	{Driver: "raft", Name: "a joint membership needs a quorum of its last configuration only", Bound: "member-half-2cuts-2timers", Inside: true, Breaks: "invariants"},
	{Driver: "raft", Name: "a replica that is to leave does not stand, though it alone has the entry", Bound: "member-leaving-b-1timer", Breaks: "stuck"},

	// What rule 9 of epaxos needs: docs/findings/epaxos-validate.md.
	{Driver: "epaxos", Name: validateUnguarded, Test: rule9, Bound: "rule9-once", Inside: true},
	{Driver: "epaxos", Name: validateUnguarded, Test: rule9, Bound: "rule9-doubled", Inside: true, Breaks: "invariants"},
	{Driver: "epaxos", Name: validateUnguarded, Test: rule9, Bound: "rule9-decided", Inside: true, Breaks: "invariants"},
	{Driver: "epaxos", Name: validateUnguarded, Test: rule9, Bound: "rule9-resent", Inside: true, Breaks: "invariants"},
	{Driver: "epaxos", Name: validateEager, Test: rule9, Bound: "rule9-once", Inside: true, Breaks: "invariants"},
}

const (
	rule9             = "TestExploreRule9"
	validateUnguarded = "Validate is handled after an Accept of the same ballot"
	validateEager     = "Validate is handled after an Accept of the same ballot, and late answers before all have validated"
)

// bug returns the place of the bug in All, -1 if there is none of that name.
func (e *Exploration) bug() int {
	return slices.IndexFunc(All, func(b Bug) bool { return b.Driver == e.Driver && b.Name == e.Name })
}
