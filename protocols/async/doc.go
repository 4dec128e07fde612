// Package async answers a write at once and tells the other replicas later: what databases call asynchronous replication
// among several masters. It is the yardstick for what agreement costs, and for what it is worth. It promises nothing: an
// answered write may be overwritten by one that had not seen it, reads may be stale, and what a replica that is lost has
// not told yet is lost with it.
//
// The rules, which comments cite:
//
//  1. A replica applies a write of its clients at once, and answers it when it is on its disk. The write is the next one of the
//     replica's own stream. It is sent to all others, and nobody waits for them.
//  2. Every replica applies the writes of each stream in their order, and those of different streams as they come.
//  3. The last writer wins: a write has a stamp, which is the time of its replica's clock or, if that is less, one more than
//     any stamp that the replica has seen. The value of a key is that of the write with the highest stamp, then
//     the highest replica. So replicas that have applied the same writes have the same values. A clock that is fast wins.
//  4. A write carries how many writes of its key it has seen from each replica. Two writes of a key of which neither has seen
//     the other are a conflict. The replica that wrote the one that is overwritten counts it as a lost update.
//  5. Replicas tell each other how much of each stream they have applied, from time to time until all know that they have the
//     same. Whoever has more sends what the other lacks, also of the streams of others. What all have is forgotten.
//  6. A read is answered from the replica's own state.
package async

//go:generate go run quorumbench/protocols/protogen protocols/async/async.proto
