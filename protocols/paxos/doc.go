// Package paxos is classic Paxos as a key-value store: one instance of Paxos decides the value
// of one version of one key, and the instances know nothing of each other.
//
// Every replica proposes what its own clients ask for. A write costs two round trips to the
// nearest quorum: prepare, to learn whether anything may have been chosen already, and accept.
//
// The rules, which comments here and in package keypaxos cite:
//
//  1. Prepare is answered with the acceptor's state before the request; it is promised if the
//     ballot is at least the highest promised so far.
//  2. Accept is answered with the highest promised ballot before; the value is accepted if the
//     request's ballot is at least that.
//  3. A refusal is an answer too: it tells the higher ballot.
//  4. With promises of a quorum the proposer takes the value accepted under the highest ballot,
//     its own if there is none. Refused, it tries a ballot above all it has seen, after a random
//     time, so that two proposers do not duel for ever. The bound of that time doubles with each
//     attempt, up to 16 times the timeout by the configured delays or 4 times the measured one,
//     whichever is longer. A message without an answer is sent again under the same ballot: it
//     may just be lost.
//  5. A value accepted by a quorum is chosen. If it is another's, the write has lost this
//     version and tries the next.
//  6. A read is a proposal without a value for the version after the latest known: nothing
//     accepted means that the latest known is the latest. Anything accepted has to be chosen
//     first, and then the read goes on to the version after it, unless rule 17 says that this is enough: returning
//     what it just helped to choose would be stale if that was chosen long ago and overwritten since. Other reads of the
//     key that have come to this replica before the run began are answered with it.
//  7. A chosen value is sent to all (commit). The latest version is the snapshot of a key: what
//     came before is dropped, and so is the Paxos state of the instances decided. A request for
//     one of them is answered with the key's state, value and clients' sessions, so that a
//     replica that is behind, or knows nothing of the key, is up to date with one answer.
//  8. A client that names a key only means the version after the latest known one, and the latest
//     one of a read. If it names a version, its write takes effect only if it becomes that version,
//     which the state machine sees to. If the version is known to exist, the answer is given at
//     once, since it cannot change.
//  9. A ballot is used by one proposer for one value of one instance: a proposer promises to
//     itself, durably, before it sends, and takes a ballot above its own promise.
//  10. Promises and accepted values are durable before a message tells them.
//
// With the option revert, a proposer that does not go on takes back its promises, as if the prepare had been
// lost. Then no proposal is refused because of a proposer that has given up, or because of a read:
//
//  11. An acceptor keeps the chain of the ballots that it has promised since it last accepted.
//  12. Revert takes back the highest promise, to the one before it, if it is of exactly that ballot
//     and nothing was accepted under it. Else it does nothing. A key of which nothing is left, no
//     promise, no value and no version, is dropped.
//  13. Only a proposer that has not begun phase 2 sends it, when it gives up or its read has found
//     nothing. It gives up when it is refused, or when it has sent its prepare again and no other
//     acceptor has promised. It never uses that ballot again: not after a restart, and no late answer counts.
//
// With the option learn: broadcast, the others do not wait until the proposer tells them what is chosen:
//
//  14. An acceptor that accepts tells all replicas, with the value, and the proposer sends no commit. A
//     replica learns a value when those of whom it knows that they have accepted it under one ballot are a
//     quorum. The proposer is one of them, since it accepts before it asks others to. The other replicas
//     learn one message delay earlier than from a commit, and those of a quorum of two as soon as they
//     accept; a write takes n(n-1) messages in phase 2 instead of 3(n-1), and as long as before.
//
// With the option refusals: silent:
//
//  15. An acceptor does not answer a request under a ballot below its promise, against rule 3. A proposer that
//     has sent a message twice and got no other answer tries a higher ballot, of twice the round, since it is
//     not told which one is high enough.
//
// Where others write a key all the time, and are nearer to each other, a proposer would begin anew with each of their commits:
//
//  16. A proposal is outrun if its version is decided by others before a phase-1 quorum has answered it. The first eight times
//     a write goes on to the next version at once: in most conflicts it gets that one. From then on, and a read each time, it begins
//     the next proposal when a phase-1 quorum has answered the last one, in whatever way, or should have. A replica that sees by a
//     commit that it lacks versions asks for them once within a timeout, until it gets a state.
//  17. Who answers a prepare, by a promise, a refusal or a state, also tells the highest version of the key in which it has accepted
//     or applied anything. When a phase-1 quorum has answered a prepare that was sent after a read had come, let W be the highest
//     that they told. The read is answered as soon as version W is applied where it came, with the latest version there.
//     That is not stale. Let version w be applied anywhere when the read comes; any write or read that is answered by then has taken
//     effect in such a version. It was chosen: all members of a phase-2 quorum, or of a fast one, had accepted a value in w, durably. Such a
//     member tells w or more for ever: it keeps the accepted value, also when it accepts another or takes a promise back, until it has applied w,
//     by a commit or a state, and what is applied is durable and never goes back. The phase-1 quorum has a common member with that quorum,
//     so that W is at least w. The argument does not rest on promises, so that a refusal tells as much as a promise. It holds
//     for all quorum systems in which phase 1 meets phase 2 and the fast ballot, and for one replica, which asks itself.
//     An answer belongs to its prepare by version and ballot, and a ballot is used once (rule 9), so that no answer from before a restart counts.
//     Nor does it rest on W being chosen. If it is accepted and not chosen, or its commit is lost, no commit brings it: the read prepares
//     the next version after a timeout, as ever, and finishes what it meets, or meets nothing and is answered (rule 6). All versions below W are
//     chosen, since who proposes a version has applied the one before.
//
// Source: L. Lamport, Paxos made simple, 2001.
package paxos
