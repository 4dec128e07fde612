// Package emulator is the network of package netem in real time: a [Scheduler] that calls events when they are due, as
// exactly as the machine can, and a [Network] of packet connections between which every packet passes a link of
// package netem.
//
// There are no sockets, and nothing leaves the process. The scheduler measures how late each event was, and a run in
// which packets were too late is invalid.
//
// With [NewPortable] in place of [New] the same code runs in a testing/synctest bubble, where time
// is virtual and nothing is ever late.
package emulator
