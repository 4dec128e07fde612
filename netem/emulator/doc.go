// Package emulator is the network of package netem in real time: a [Scheduler] that makes things
// happen when they are due, as exactly as the machine can, and a [Network] of packet connections
// between which every packet passes a link of package netem.
//
// Nothing is bound to a socket and nothing leaves the process. No machine is exact, so the
// scheduler measures by itself how late it was, and a run is judged by that.
//
// With [NewPortable] in place of [New] the same code runs in a testing/synctest bubble, where time
// is virtual and nothing is ever late.
package emulator
