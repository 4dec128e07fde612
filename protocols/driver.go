package protocols

import (
	"fmt"
	"slices"
	"time"

	"quorumbench/protocols/flow"
	"quorumbench/protocols/quorum"
)

// Driver is what a protocol package offers to the rest of the toolkit.
type Driver struct {
	// Name is what an experiment file calls the protocol.
	Name string
	// Summary says in one line what it does and what a write costs.
	Summary string
	// Baseline is true of what is there to be compared with: experiments that list no protocols leave it out.
	Baseline bool
	// HasLeader is true if the protocol has a leader whose place matters. An experiment then says who is to
	// lead (Config.Leader), and a replica marks MarkLeading in the step in which it begins to lead, and
	// MarkDeposed in the one in which it ceases to. A run is invalid in which the configured leader does not
	// lead by these marks, unless faults may have moved the leadership.
	HasLeader bool
	// NotSurvived are the faults that the protocol does not promise to survive. Zero: it survives all.
	NotSurvived Faults
	// PromisesNothing is true of a driver whose answered writes may be lost, and whose clients may read what is not so. Its
	// replicas have a stream of writes each instead of an order: of every stream, all apply the same, and the streams are the
	// keys of slots. Checks tell what came of it, and do not accuse it.
	PromisesNothing bool
	// Options, if set, returns a pointer to a new struct with the defaults of what an experiment may choose
	// about the protocol, in a cluster of that many replicas; see package options.
	Options func(replicas int) any
	// Quorums, if set, returns the protocol's quorum systems by role, as they follow from members and options.
	Quorums func(Config) quorum.Roles
	// Meeting lists which of the roles' quorums must have a member in common. With none, the quorums cannot be chosen: they
	// follow from the protocol's rules, and are there to be told.
	Meeting []quorum.Meeting
	// ChangesMembership is true if replicas may be exchanged while they run: the driver understands InputMembership, and
	// keeps the rules of package membership. Its conditions in Meeting are of two roles each.
	ChangesMembership bool
	// Witnesses is the role whose quorums hold what is decided, of a driver that lets some of its replicas be witnesses, which
	// vote and hold no commands (Config.Witnesses). Empty: it has none.
	Witnesses quorum.Role
	// Spare are roles without whose quorums commands are still decided, if there are quorums of the other roles, though slower.
	Spare []quorum.Role
	// Validate, if set, refuses what the protocol does not work with, with a *FieldError. The options it is
	// given are in their ranges; members and quorums have been checked, or will be, for what holds for every
	// driver. See Complete.
	Validate func(Config) error
	// New returns a replica that has not started yet, by a Config that is complete.
	New func(Config) Node
	// Client returns a client node that has not started yet. Nil: the driver has the standard client.
	Client func(ClientConfig) Node
	// Floor is the least time a write can take for a client beside the replica of that Config, which is
	// complete, from its arrival to its answer, with no processing time, no loss and no other writes.
	Floor func(Config) time.Duration
	// ClientFloor is Floor for a client anywhere, by its one-way delays to the replicas and back, of a driver with
	// a Client of its own that does not merely ask one replica. The ID of that Config is Nobody. Nil: a client
	// takes the way to one replica and back, and that replica's Floor.
	ClientFloor func(c Config, there, back []time.Duration) time.Duration
	// Wrong are drivers that are like this one but for a mistake, each under a name of its own. Scenarios show what comes of
	// the mistake; nothing else can use them.
	Wrong []*Driver
	// Home, if set, returns the replica from which the commands on a key are led. All keys with the same home have one order,
	// whose slots have the key OrderOf. Nil: there is one log, or each key has an order of its own.
	Home func(c Config, key []byte) NodeID
	// Describe names an encoded message for traces and diagrams, in one line: its kind first, then
	// the essentials, such as "Prepare k/1 2.0". Empty means that it is not a message of this
	// driver. Safe for use by several goroutines. Nil means that the driver does not tell.
	Describe func(message []byte) string
	// Invariants, if set, holds the states of a cluster's replicas against each other, and tells
	// what is wrong. Replicas that are down are nil. It is called between steps, changes nothing,
	// and is for checking runs, not for running.
	Invariants func(replicas []Node) error
	// Watch, if set, returns what holds the dependencies of a run's instances against the lemmas that the protocol rests
	// on. Runs in virtual time have one each. A driver that has it notes its instances; see Outbox.NoteInstance.
	Watch func() InstanceWatcher
}

// Config is the configuration of a replica. Driver.Complete fills in options and quorums. All replicas of a cluster
// share members, quorums, delays and options, which must not be changed.
type Config struct {
	ID      NodeID
	Members []NodeID // the replicas of the first membership: 0 … n-1, in that order
	// Replicas is how many replicas may ever be members: 0 … Replicas-1, of which all have delays and run from the
	// beginning. Zero: the membership never changes.
	Replicas int
	// Witnesses are the members that vote and hold no commands, on disk or in memory. They never lead and apply nothing, and
	// no client asks them. Accepted only with a driver that has Driver.Witnesses, and a membership that never changes.
	Witnesses quorum.Set
	Quorums   quorum.Roles // by what they are for, as the driver names it
	Leader    NodeID       // who shall lead, Nobody for drivers without a leader
	Delays    Delays       // of the links, as configured; timeouts and the first choice of a peer follow from it
	Options   any          // what was chosen: a pointer as the driver's Options returns it; nil if it has none
	Limits    flow.Limits  // of the size of messages; zero: those of package flow
	// SnapshotEvery is how many commands, or records, lie between two snapshots of a replica. Tests set it low. Zero:
	// see SnapshotDue.
	SnapshotEvery uint64
	SnapshotStep  int    // bytes of the state that are encoded in one step; tests set it low; zero: see SnapshotStepBytes
	Seed          uint64 // for the replica's own randomness: the same in a repeated run, higher in each later incarnation

	// NeverRestarts says that no incarnation follows this one: nothing that the replica persists is ever read. It
	// may leave out the snapshots that would keep its disk small. False is always right.
	NeverRestarts bool
}

// Members returns the first membership of a cluster of n replicas: 0 … n-1.
func Members(n int) []NodeID {
	members := make([]NodeID, n)
	for i := range members {
		members[i] = NodeID(i)
	}
	return members
}

// Replicas returns the replicas of a set, in the order of their numbers; nil for none.
func Replicas(set quorum.Set) (ids []NodeID) {
	for id := range set.All() {
		ids = append(ids, NodeID(id))
	}
	return ids
}

// Size is the number of members.
func (c *Config) Size() int { return len(c.Members) }

// Changes tells whether the membership may change.
func (c *Config) Changes() bool { return c.Replicas > 0 }

// MostReplicas is how many replicas may ever be members: those of the first membership, if it never changes.
func (c *Config) MostReplicas() int { return max(c.Replicas, c.Size()) }

// IsWitness tells whether a replica votes and holds no commands.
func (c *Config) IsWitness(id NodeID) bool { return c.Witnesses.Has(int32(id)) }

// Full returns the members that hold commands, in their order: all that are no witnesses.
func (c *Config) Full() []NodeID {
	if c.Witnesses == 0 {
		return c.Members
	}
	return slices.DeleteFunc(slices.Clone(c.Members), c.IsWitness)
}

// All is the set of the members.
func (c *Config) All() quorum.Set { return quorum.Of(c.Members...) }

// AnswerTimeout is how long an answer of another replica may take before it is asked for again, by the
// configured delays; see Retry.
func (c *Config) AnswerTimeout(with NodeID) time.Duration {
	return Retry(c.Delays.RoundTrip(c.ID, with))
}

// IsMember tells whether a number is that of a member.
func (c *Config) IsMember(id NodeID) bool { return slices.Contains(c.Members, id) }

// IsOther tells whether a number is that of another replica that is a member or may become one.
func (c *Config) IsOther(id NodeID) bool {
	return id != c.ID && id >= 0 && int(id) < c.MostReplicas()
}

// IsPeer tells whether a number is that of another member.
func (c *Config) IsPeer(id NodeID) bool { return id != c.ID && c.IsMember(id) }

// Needed returns those of a cluster's quorum systems without which no command is decided, in the order of their roles.
func (d *Driver) Needed(roles quorum.Roles) []quorum.System {
	var needed []quorum.System
	for _, role := range roles.Names() {
		if !slices.Contains(d.Spare, role) {
			needed = append(needed, roles[role])
		}
	}
	return needed
}

// OrderOf returns the key of the slots of commands whose keys have a home; see Driver.Home.
func OrderOf(home NodeID) string { return fmt.Sprintf("led by %d", home) }

// HasStreams tells whether the keys of slots are not keys of commands: they are those of homes, or of streams. A replica that is
// behind with one catches up by itself.
func (d *Driver) HasStreams() bool { return d.Home != nil || d.PromisesNothing }
