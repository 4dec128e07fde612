package protocols

// Numbers that a driver notes with Outbox.Measure have names of lower-case words with spaces between them, what
// is counted first and its unit, if it has one, last. Reports show the names as they are. Those that mean the
// same in several drivers are here; the others stand in the driver, as constants.
const (
	// MeasureElection is noted by a new leader: the time from its first candidacy, since it last knew a
	// leader, until it leads.
	MeasureElection = "election ms"
	// MeasureRecovered counts instances that somebody else had begun and this replica proposes again.
	MeasureRecovered = "instances recovered"
	// MeasureSnapshot is the size of a snapshot that the replica has taken of its own state.
	MeasureSnapshot = "snapshot bytes"
	// MeasureInstalled is the size of another replica's snapshot that this one has put in the place of its
	// own state.
	MeasureInstalled = "snapshot installed bytes"
	// MeasureRefused is how often the command has been refused now.
	MeasureRefused = "refused"
	// MeasureComponent is how many instances a replica executed together, because each depends on the others, if more than one.
	MeasureComponent = "instances in a component"
	// MeasureHeads is how many instances a replica had to look at in order to apply the next one, if more than one.
	MeasureHeads = "heads met"
)
