// Package keypaxos is what the drivers paxos and paxos1 have in common: a key-value store in which one
// instance of Paxos decides each version of each key. The package holds the acceptor's state, the queue of
// clients' requests of each key, learning of chosen values, snapshots and the disk. How a value gets chosen
// is the driver's part, which implements [Rules].
//
// Rule numbers in comments are those of the package comment of paxos.
package keypaxos

//go:generate go run quorumbench/protocols/protogen protocols/keypaxos/keypaxos.proto
