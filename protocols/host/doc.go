// Package host runs one node of a cluster: it is what stands between a [protocols.Node] and the world.
//
// A node only computes: it takes an input and notes in an outbox what it wants. The host carries that
// out, and it is written once for every place where nodes run: live over QUIC, simulated, in scenarios,
// in the conformance suite and in exhaustive exploration. These differ in what they give to a host: a
// [World], which is a clock, a network and a calendar, and a [Disk].
//
// # Batches
//
// The world hands inputs over with [Host.Input] and [Host.Fire], as many as have come together, and then
// calls [Host.Release]. That hands the batch's records to the disk and, once they are durable, lets the
// effects of the batch out, in this order: what was applied, what was marked, answers, messages, timers.
// So nobody hears of a promise before it is on disk, and the records and messages of a batch share a write
// and a packet.
//
// A disk may take time. Meanwhile the node goes on: its next batch collects, and is written when the one
// before it is durable. Only two things do not wait for a disk that is busy: messages of SendNow, and
// timers. A node that asked for it with WhenDurable is told when its records are durable.
//
// # Incarnations
//
// An incarnation is a node's life from [Host.Restore] and [Host.Start] to [Host.Crash]. Restore makes a
// new node and feeds it the records on its disk. A crash forgets everything else: timers, records that
// were not durable, effects that were not let out. Timers of an earlier incarnation never fire.
package host
