package protocols

import "cmp"

// A replica takes a snapshot when a number of commands have been applied, or records written, since the last one, and their bytes are several
// times the bytes of the last one.
const (
	// snapshotInterval is the least number of commands between two snapshots. A replica that writes 10,000 commands a
	// second takes one a second at most; one that is restarted reads at most that many more records than it needs.
	snapshotInterval = 10_000
	// snapshotBytes are as good as snapshotInterval commands: the log of large commands is held in memory, too.
	snapshotBytes = 32 << 20
	// snapshotFactor is how many times as many bytes as the last snapshot has the log must have before the next one. So at most one
	// fifth of what is encoded and written is snapshots, however large the state is: the work is linear in the commands
	// (Ongaro, section 5.1.2).
	snapshotFactor = 4
	// snapshotStep is the number of bytes of a state that are encoded in one step, about 0.1 ms of work.
	snapshotStep = 32 << 10
)

// SnapshotDue returns true if a replica is to take a snapshot of its state: so many commands have been applied, or
// records written, since the last one, with so many bytes, and the last one has so many. All drivers keep the same rule.
func (c *Config) SnapshotDue(commands uint64, bytes, last int) bool {
	if c.SnapshotEvery > 0 {
		return commands >= c.SnapshotEvery
	}
	return (commands >= snapshotInterval || bytes >= snapshotBytes) && bytes >= snapshotFactor*last
}

// SnapshotStepBytes is the number of bytes of a state that are encoded in one step.
func (c *Config) SnapshotStepBytes() int { return cmp.Or(c.SnapshotStep, snapshotStep) }
