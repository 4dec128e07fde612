package protocols

import "fmt"

// InstanceID names an instance of a protocol whose instances depend on each other. The instances of a key stand in
// columns, one for each replica, and have numbers from 0 there. Protocols with one order for all keys leave Key empty.
type InstanceID struct {
	Key    string
	Column int
	Number uint64
}

// InstanceEvent tells what became of an instance at a replica; see [Outbox.NoteInstance].
type InstanceEvent struct {
	ID   InstanceID
	Kind InstanceKind
	// Deps is what a committed instance depends on: a number for each column of its key. It depends on all
	// instances of that column below, and always on all before it in its own column. Nil stands for zeros. It is
	// borrowed from the driver, which never changes it.
	Deps []uint64
	// Reached is how many instances the replica looked at to decide that this one is applied now.
	Reached int
}

// InstanceKind is the kind of an InstanceEvent.
type InstanceKind uint8

// The kinds of InstanceEvents. A replica may tell one of them again after a restart.
const (
	InstanceProposed  InstanceKind = iota + 1 // the owner of the column proposes it for the first time
	InstanceCommitted                         // the replica knows that it is committed: Deps is set
	InstanceApplied                           // it takes effect: Reached is set
)

// InstanceWatcher holds what becomes of the instances of a cluster against what must be true of their dependencies. Not
// safe for use by several goroutines.
type InstanceWatcher interface {
	// Note is told of the events of all replicas, in the order in which they happen. A commit counts from when the
	// replica that tells of it has it on disk, a proposal from the step that makes it.
	Note(e InstanceEvent)
	// Lemmas holds all that was noted against what must be true, which takes a time in proportion to it.
	Lemmas() []Lemma
}

// Lemma is a statement about pairs of instances, and how often it was held against a pair.
type Lemma struct {
	Statement string
	Pairs     uint64 // for which it was checked
	Broken    uint64 // of these, those for which it is false
	// Example tells of the first pair for which it is false, if the order of the protocol rests on the statement. Of a
	// statement that need not be true it is empty.
	Example string
}

// Err returns nil unless the order of the protocol rests on the statement and it is false for a pair.
func (l *Lemma) Err() error {
	if l.Example == "" {
		return nil
	}
	return fmt.Errorf("%s: %s", l.Statement, l.Example)
}
