// Package sharded divides the keys among groups, one for each replica, which are led from different places: keys are led
// where they are written. Every replica is a member of all groups. Within a group the protocol is Raft or, with the option
// protocol, Multi-Paxos.
//
// A write of a key that is led from the client's region takes one round trip from there to the nearest majority. One of a key
// that is led from another region takes the way there and back in addition. Each group has an order of its own: commands on
// keys of different groups may be applied in different orders at different replicas, so that a snapshot of several keys shows
// no moment of the whole.
//
// The rules, which comments cite:
//
//  1. Group i is led by replica i, while that is up. The protocol of the group elects another leader if it is not, and
//     hands the group back when it has caught up.
//  2. The home of a key is the replica that leads its group. It follows from the key alone, so that nobody has to be asked for it,
//     and no write has to wait until a home is agreed on: with the option partition the number at the end of the key tells it,
//     and else a hash.
//  3. A command goes to the group of its key, at the replica that its client has asked, which takes it to the group's leader.
//  4. A replica is one state machine with one disk: a message, a record and a timer name their group. A snapshot of one
//     group, which in the group replaces all earlier records, is written with what the other groups have on disk.
//
// The keys of a region are not found by who writes them first, as a directory could do: then the first write of each key would
// have to be agreed on, and a key that is written from elsewhere once would stay there.
package sharded

//go:generate go run quorumbench/protocols/protogen -borrow protocols/sharded/sharded.proto
