// Package mmp3 is multi-master Paxos for three replicas: every replica accepts writes, and every
// write commits in one round trip to one other replica, whether it conflicts or not.
//
// The instances stand in three columns, one for each replica, which writes there in the normal
// case. Instance (c, lsn) is decided by Paxos under ballots of its own. Its value is a batch of
// commands and Deps, one LSN for each column: it depends on every instance (k, l) with l < Deps[k],
// and on all before it in its own column. Seen is, for each column, one more than the highest LSN
// that a replica has heard of, directly or through the Deps of anything it stores. Applied is, for
// each column, the next LSN to apply.
//
// The rules, which comments cite:
//
//  1. Propose: a replica takes the next LSN of its column, prepares the instance with
//     Deps = Seen, and sends it to one other replica, the nearest reachable one. It needs no
//     prepare round: every instance starts out promised to the owner of its column.
//  2. The other replica promises and accepts in one step, unless it has promised a higher ballot.
//     It takes the value accepted under the highest ballot, its own or the one sent; if there is
//     none, the commands sent, with Deps the maximum of the Deps sent and its own Seen. It answers
//     with the instance. The same ballot again gets the same answer.
//  3. The proposer, unless it has promised a higher ballot meanwhile, accepts exactly that: two
//     replicas hold it, so it is committed, and a commit is sent to all. If the commands are not its own, it
//     proposes its own again in a new instance.
//  4. Retry: raise the ballot, prepare again here, with fresh Deps unless something was accepted,
//     and only then send, to the same or the other replica. A ballot is never sent to two
//     replicas: they could add different Deps to it.
//     Without an answer it retries after a timeout that doubles up to four times; refused, after
//     a random time that doubles with each refusal, up to 16 times the timeout.
//  5. Recovery: a replica for which an instance stays open asks the others whether it is
//     committed, and then proposes it itself, under a higher ballot: the value it accepted, or a
//     no-op. Recoverers wait a random time first: the owner may only be slow.
//  6. Gaps are normal: an instance that is only in Seen will be committed or recovered.
//  7. Apply: among the heads of the columns, the oldest instances not yet applied, start at a
//     committed one and follow dependencies from head to head: X needs the head of column k if
//     X.Deps[k] > Applied[k]. If all reached are committed, apply the one with the smallest
//     (n, column), where n is the number of columns in which it needs the head.
//  8. A write is answered when its instance and all before it in its column are committed.
//     Answered at its own commit, it could be applied after a write that began later.
//  9. A read is a command in the log; it, and whatever else depends on state, is answered when
//     applied. With the option for it, a read asks the nearest other replica for its Seen instead,
//     and is answered from the state here when all of that, and of the Seen here, is applied.
//  10. The times to commit and to apply are both marked.
//  11. A command may be committed twice; the sessions of the state machine let it take effect once. One that is asked
//     for again after it was applied, or after its client has said that it wants it no more, is not proposed again.
//  12. An instance holds a batch of commands, and a message may hold several instances.
//  13. Replicas send each other their Applied: with every commit, and periodically until all know
//     that they have applied the same. An instance that all three have applied is truncated, and also one that is
//     too far behind: a replica that has not applied that needs a snapshot, which is the state with the sessions,
//     Applied and Seen. It asks for that piece by piece, and as long as it does, the sender keeps the
//     instances after the snapshot. A truncated instance is decided and never prepared again.
//  14. Everything promised, prepared or accepted is durable before a message tells it. From time to
//     time a snapshot replaces the records on disk.
//
// Why all replicas apply in the same order: each instance is prepared at two of three replicas,
// so any two instances meet at a common one, and the later there depends on the earlier. The heads
// are therefore a semi-complete graph, with one sink component; every walk reaches it, and a head
// outside of it needs all of it and so has a larger n.
package mmp3

//go:generate go run quorumbench/protocols/protogen -borrow -reuse Message,Instance protocols/mmp3/mmp3.proto
