// Package prototest puts a protocol driver through the contract of package protocols.
//
// [Conformance] is the suite that every driver has to pass. [Cluster] is what the suite and a
// driver's own tests stand on: replicas of one driver in virtual time, with losses, duplicates,
// delays and crashes that follow from a seed.
package prototest
