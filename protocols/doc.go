// Package protocols is the contract between a consensus protocol and its host.
//
// A replica is a [Node]: a deterministic, single-threaded state machine. It starts no goroutine, reads no clock, and
// opens no socket and no file. It learns everything from the inputs of Step, and puts everything it wants into an
// [Outbox]. So the same replica runs live (one goroutine, QUIC, real time) and simulated (an event loop, virtual
// time), and its inputs can be recorded, replayed and shrunk. Package host runs nodes in both.
//
// # One step
//
// The host calls Step with one input, or with several inputs that have come together. Then it writes the records that
// the steps asked to Persist and, when they are durable, releases the other effects: commits and marks, answers,
// messages, timers. A node may therefore send a promise in the step that persists it. The records and messages of a
// batch share one write and one packet without any work of the driver.
//
// A disk may take time, and the node goes on meanwhile. Only timers and messages of [Outbox.SendNow] do not wait for it.
// [Outbox.WhenDurable] asks for an [InputDurable] when everything persisted so far is durable.
//
// # Incarnations
//
// After a crash the host makes a new node, the next incarnation, and gives it the records of the former ones, oldest
// first, each as an [InputRestore]; then exactly one [InputStart]; then messages, timers and commands in any order.
// Messages may be lost, doubled, reordered and late. Timers may be late, never early.
//
// # Commands
//
// A client's command comes to one replica as an [InputCommand], by default the nearest. That replica has it decided, in
// whatever way the protocol has, and answers it with Answer, once an incarnation. If the client does not get the
// answer, it sends the command again, to this replica or another. The host then gives a known answer again, when it is
// durable; otherwise the replica gets the command once more. The state machine executes each command once. The bytes are those of a
// kv.Command; [CommandID] names the client and the command.
//
// # What a driver consists of
//
// A driver is a folder with the messages as a .proto file, the replica, the floor, and a [Driver] value, which is listed
// in package registry. Package prototest checks that a driver keeps the contract.
//
// The driver's options are the fields of a struct, whose tags are explained in package options. Its quorums are quorum
// systems (package quorum): the driver names the roles for which it needs them and the roles whose quorums must meet,
// and calls IsQuorum instead of counting. In Validate it refuses configurations that it does not work with, naming the
// field, so that the error can name the line of the experiment file. [Driver.Complete] fills in and checks all of this.
//
// A driver with a leader must mark [MarkLeading] and [MarkDeposed]; see [Driver]. From the marks of a command, such as
// [MarkProposed], reports compute the breakdown of a write's time. With [Outbox.Measure] a driver notes numbers of its
// own.
package protocols
