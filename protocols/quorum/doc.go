// Package quorum holds quorum systems: which sets of replicas may decide together, and whether the
// sets of several systems must have a replica in common.
//
// A [System] is a monotone predicate over sets of replicas: with a set, every larger set is a quorum,
// too. [Majority] and [Size] make the usual ones; [AtLeast], [MajorityOf], [All] and [Any] put systems
// together, such as weighted, hierarchical, joint ones and grids. [Parse] reads them from an expression.
//
// What a protocol needs of its systems is that quorums meet: any two majorities do, every phase-1 quorum
// of Paxos meets every phase-2 quorum, and a fast quorum is a condition on three. [Apart] decides that
// exactly. [Roles] are the systems of one protocol by what they are for. [Survived] tells how many failures
// leave quorums, and [Availability] how likely there are some.
package quorum
