// Package zab is Zab, the atomic broadcast of ZooKeeper: a leader proposes transactions in order, and before it proposes
// any it has brought a quorum level with its own history, under a number of its own.
//
// A write costs one round trip from the leader to the nearest phase-2 quorum, and one more between the client's
// replica and the leader. A replica looks for a leader, follows one, or leads; a leader discovers, synchronises
// and then broadcasts. Its messages are Vote; NewEpoch and AckEpoch; NewLeader and AckLeader; Propose, Ack and Commit;
// Ping, Missing, Install and Ask; and Synced. Package forward carries the commands of a follower's clients to the
// leader, package snapshot carries snapshots.
//
// A transaction's zxid is its epoch and its place in the history. An epoch is a ballot, so that it has one leader.
//
// The election is in election.go, discovery in discovery.go, synchronisation in synchronisation.go, and what a leader does
// most of the time in broadcast.go. In snapshot.go and persist.go is what is on disk, in history.go what a history is, and
// validate.go skips invalid messages.
//
// The rules, cited where they are implemented:
//
//  1. A replica's history, the last epoch that it acknowledged by AckEpoch (acceptedEpoch) and the last that it
//     acknowledged by AckLeader (currentEpoch) are durable before any message tells them. A leader sends its history while it
//     writes it to its own disk, and counts itself when that is durable.
//  2. Election: each replica that looks for a leader tells all others its vote, first for itself. It adopts a better one, by
//     the candidate's currentEpoch, then the zxid of its last transaction, then its number. Votes count within a
//     round; who hears of a later round comes to it. The one for whom a phase-1 and a phase-2 quorum have voted leads. The
//     election only saves time: who leads is decided by rules 3 to 6. In the first incarnation the replica that is
//     configured to lead is the only candidate for an election timeout.
//  3. Discovery: the leader takes an epoch above its own acceptedEpoch and above those that its voters told, and asks all to
//     follow it. A replica that looks for a leader follows it if the epoch is above its acceptedEpoch, or is the same. So does one
//     that follows another leader, or leads, if broadcast has not begun there: two may be elected at once, and the higher epoch
//     wins. It acknowledges the epoch with its currentEpoch and the ends of its history, and from then on nothing of an earlier one.
//  4. A leader that learns in discovery of a better history than its own, by currentEpoch and then the last zxid, looks
//     for a leader again.
//  5. Synchronisation: with the acknowledgements of a phase-1 quorum, the leader's history is that of the epoch. It sends each
//     follower what follows after the last transaction that both have, or a snapshot if it has removed that (rule 13),
//     and then NewLeader.
//  6. A follower that has the leader's history removes what it has beyond that, makes the epoch its currentEpoch, and acknowledges. When
//     a phase-2 quorum has, all of that history is committed, and broadcast begins; the followers are told. Nothing new is
//     proposed before.
//  7. Broadcast: the leader proposes transactions in order, to all that it has sent everything before. A follower adds them to
//     its history in that order, and acknowledges up to where its history is the leader's. It keeps a proposal that
//     overtook another, and tells the leader what is missing.
//  8. A transaction of the leader's epoch is committed when a phase-2 quorum of synchronised replicas has it, with all before it.
//     Acknowledgements from before the epoch do not count, nor do those of followers that have not acknowledged NewLeader.
//     Each phase-1 quorum meets each phase-2 quorum, and no more is needed.
//  9. A leader that has heard no phase-2 quorum for an election timeout, one that gets no further before it
//     broadcasts, and a follower that has not heard its leader, look for a leader.
//  10. A leader takes in replicas that look for one later: it asks them to follow, and synchronises them. If such a replica has
//     acknowledged a higher epoch, the leader begins a still higher one, from rule 3 on.
//  11. Followers forward their clients' commands. The replica that the client has asked answers, when it has applied the
//     command; the leader tells all followers at once what is committed. A command that is handed over again after that
//     has its result already, and is not proposed again.
//  12. From time to time a replica persists a snapshot of its state machine, including the clients' sessions, with its epochs
//     and the transactions after it. It replaces everything on disk. The history in memory is removed up to the snapshot
//     before this one, but not beyond a snapshot that another replica is fetching. A leader also keeps, within maxKeptBytes, what
//     followers that answer do not have yet.
//  13. A follower that needs what is removed gets a snapshot, in pieces that it asks for. It keeps the transactions after it if
//     its history has the last one that it covers. A transfer that an election interrupts goes on where it was.
//  14. With reads: log, a read is a transaction.
//  15. With reads: sync, the leader proposes a no-op for the reads that it is handed together, and tells the replica that the
//     client asked when it is committed. That replica answers from its own state, when that includes the no-op: everything that was
//     answered before the read was issued is in it. ZooKeeper's own sync proposes nothing: a leader that does not
//     know yet that it is deposed answers it, and a read after it may miss what its successor has committed.
//  16. With reads: local, the replica that the client asked answers a read from its own state, while it follows a leader that
//     broadcasts, or is one. It sends nothing. Every answer, to writes too, tells up to where the replica has applied the history, and a read
//     tells the most that answers to its client have told: a replica that has applied less waits. So reads are sequentially
//     consistent: a client sees its own writes and never goes back, also if another replica answers, and all see the writes in the order of the
//     history. They are not linearizable.
//
// What goes out before the disk is done (rule 1): Propose, NewLeader, Commit and Ping are sent with Outbox.SendNow,
// which keeps them in order among themselves. They may, because they do not say that the leader holds what they tell, and an
// epoch is durable before anybody follows it.
//
// Differences from the paper and from ZooKeeper: an epoch names its leader, so that two never have the same one, and the
// counter of a zxid goes on from epoch to epoch, so that it is the place in the history. A follower tells the last
// transaction of each epoch of its history, and the leader finds the last common one at once, where ZooKeeper's
// sends the follower back epoch by epoch. A voter tells its acceptedEpoch with its vote, so that the paper's
// CEPOCH is not a message of its own. Messages may be lost, doubled and overtake each other, where the paper's links do not.
//
// Sources: F. Junqueira, B. Reed and M. Serafini, Zab: High-performance broadcast for primary-backup systems, DSN 2011;
// A. Medeiros, ZooKeeper's atomic broadcast protocol: theory and practice, 2012, for the election.
package zab

//go:generate go run quorumbench/protocols/protogen -borrow -reuse Transaction,Propose protocols/zab/zab.proto
