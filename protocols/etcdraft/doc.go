// Package etcdraft runs etcd's Raft, go.etcd.io/raft/v3, as a driver: an implementation that is used in production,
// to compare package raft with.
//
// The library is a state machine, too. The rules of the driver, cited where they are implemented:
//
//  1. Each step hands the library its input, with the messages that waited for it (rule 3), and then carries
//     out every Ready that the library has, in the order that its documentation asks for: what must be
//     durable is persisted, messages are sent, committed entries are applied. The host makes records durable
//     before messages leave.
//  2. The library counts ticks, and draws its election timeouts from the system's randomness, which no seed
//     governs. So its own election timeout is set so high that it never passes, and a replica campaigns when an
//     election.Timer says so, as the other drivers with a leader do. As in the library, the timeout begins anew when
//     a leader is heard, and when a vote is granted, so that who was voted for has time to lead. A tick is a heartbeat.
//  3. The library is made for connections that keep messages in order: an append that overtakes another is
//     rejected, which costs a round trip. So messages between replicas are numbered, and one that comes early
//     waits for those before it, as it would in a TCP stream, but for earlyTimeout at most. A lost message is
//     the library's to repair.
//  4. Package forward carries the commands of a follower's clients to the leader. The library's own forwarding
//     neither repeats nor answers.
//  5. When enough has been applied (protocols.Config.SnapshotDue), the driver takes a snapshot of the state machine
//     in steps and compacts the log, except for a tail, so that followers which are a little behind need no snapshot. The
//     leader also keeps, up to maxKeptBytes, what a follower lacks that was heard within an election timeout.
//     Otherwise a follower that receives a snapshot under load would find the entries after it compacted, and
//     would need snapshot after snapshot as long as the load lasts. A snapshot that the library hands out
//     together with entries after it is persisted as one record with them, because a record of its own
//     would replace them.
//  6. The configuration never changes. Every log begins after entry 1, which all replicas have from the start and
//     which holds the configuration. So slot n of the agreed order is entry n+1.
//  7. As many bytes of appends are under way to a follower as several of the largest messages have. If one is lost, all
//     after it are rejected, and sent again; a rejection that comes late has them sent once more.
//  8. A follower gets a snapshot in pieces that it asks for (package snapshot), instead of the library's one message with all of
//     it: that might be larger than a message may be, and heartbeats would wait behind it on a slow link until the follower
//     stands. With the last piece, the follower hands its library that message. A snapshot stays on offer as long as
//     followers ask for it, and the log after it is kept, within maxKeptBytes. If a follower does not ask for the next
//     piece in time, the leader reports to the library that the snapshot failed. The library then tries again after the next
//     heartbeat, and the transfer goes on where it stopped.
//
// Every message waits until the records of its step are durable: Outbox.SendNow and Outbox.WhenDurable are not used, so
// a leader does not write its own disk in parallel with its followers.
//
// The option prevote is the library's. Its CheckQuorum and leases count on the library's clock of ticks, which
// rule 2 takes away, and are not offered.
package etcdraft

//go:generate go run quorumbench/protocols/protogen protocols/etcdraft/etcdraft.proto
