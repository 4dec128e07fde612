// Package host runs one node of a cluster.
//
// A node only computes: it gets an input and puts the effects that it wants into an outbox. The host carries them
// out. Live runs, simulated runs, scenarios, the conformance suite and exhaustive exploration all use this host. They
// differ in the [World], which is a clock, a network and a calendar, and in the [Disk] that they give to it.
//
// # Batches
//
// The world hands inputs to the node with [Host.Input] and [Host.Fire], as many as have come together, and then calls
// [Host.Release]. Release writes the batch's records to the disk. When they are durable, it releases the effects of
// the batch in this order: commits, marks, answers, messages, timers. So no other node learns of a promise before it
// is on disk, and the records and messages of a batch share a write and a packet.
//
// A disk may take time. The node goes on meanwhile; what its steps persist is written when the write before it is
// durable. Only messages of SendNow and timers do not wait for a busy disk. A node that has called WhenDurable gets an
// InputDurable when its records are durable.
//
// # Incarnations
//
// An incarnation lasts from [Host.Restore] and [Host.Start] to [Host.Crash]. Restore makes a new node and gives it the
// records on its disk. Everything else is lost in a crash: timers, records that were not durable, effects that were
// not released. Timers of an earlier incarnation never fire.
package host
