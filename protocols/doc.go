// Package protocols is the contract between a consensus protocol and the world it runs in.
//
// A replica is a [Node]: a deterministic, single-threaded state machine. It starts no goroutine,
// reads no clock, opens no socket and no file. Everything it learns comes in by a call of Step,
// everything it wants goes out through an [Outbox]. So the same replica runs under a live host
// (one goroutine, QUIC, real time) and under a simulator (one event queue, virtual time), and a
// run is nothing but a list of inputs: it can be recorded, replayed and shrunk.
//
// # One step
//
// The host calls Step with one input, or several times with the inputs that have come in
// meanwhile, and then, in this order,
//
//  1. makes the records durable that the step asked to Persist,
//  2. hands out what it sent, the timers it set and the answers it gave,
//  3. notes what it committed and marked.
//
// A node may therefore send a promise in the step that makes it: the promise is on disk before
// anybody hears of it. Records and messages of a batch share one write and one packet; no driver
// has to do anything for it.
//
// # A life
//
// After a crash the host makes a new node and feeds it the records of the former one, oldest
// first, each as an [InputRestore]; then comes exactly one [InputStart]; then messages, timers
// and commands in any order. Messages may be lost, doubled, reordered and late. Timers may be
// late, never early.
//
// # Commands
//
// A client's command is handed to the replica of the client's own region as an [InputCommand];
// that replica sees to it that it is decided, in whatever way the protocol has, and answers it
// once with Answer. The bytes are those of a kv.Command; [CommandID] says which command of which
// client it is. The host hands a command over again if the client retries: the state machine
// executes it once.
//
// # What a driver is made of
//
// One folder: the messages as a .proto file, the replica, the floor, and a [Driver] value that
// goes into the list in package registry. Package prototest puts any driver through the contract.
//
// What an experiment may choose are the fields of a struct, whose tags package options explains. Which
// replicas must agree is asked of quorum systems (package quorum): the driver says for which roles it needs
// them and whose quorums must meet, and asks IsQuorum instead of counting. What it cannot work with it refuses
// in Validate, naming the field, so that the user is told the line of the file. A [Config] that has passed
// [Driver.Complete] has all of that filled in and checked.
//
// A driver with a leader owes the marks [MarkLeading] and [MarkDeposed]; see [Driver]. The marks of a
// command, such as [MarkProposed], feed the breakdown of a write's time; numbers of its own a driver notes with
// [Outbox.Measure].
package protocols
