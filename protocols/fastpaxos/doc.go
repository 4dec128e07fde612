// Package fastpaxos is Fast Paxos as a key-value store. As in package paxos, one instance decides the value of one version of one
// key. A proposer sends its value straight to the acceptors: if nobody else writes that version, it is chosen after one round trip to
// a fast quorum, wherever the client is, and without a leader.
//
// The rules, which comments cite:
//
//  1. One ballot is fast and open to all proposers. It is below all others, which are classic, and above zero. An acceptor that has
//     promised nothing and accepted nothing in an instance accepts the first value that comes under the fast ballot. It refuses any
//     other, and tells what it has promised and accepted; the same value again it accepts again. The proposer accepts its own value,
//     durably, before it sends it. So nobody uses the fast ballot of an instance for two values, not even after a restart.
//  2. Any two fast quorums and any phase-1 quorum of classic ballots must have a common member, and so must any phase-1 and any
//     phase-2 quorum. By default the classic ones are majorities, and fast quorums as small as can be: ⌈3n/4⌉, which is 3 of 3,
//     4 of 5, 6 of 7. Fast quorums need not meet phase-2 quorums.
//  3. A value that a fast quorum has accepted under the fast ballot is chosen, and the commit is sent to all. When the replicas that
//     have not refused are no fast quorum any more, which is a collision, or after a timeout, the proposer begins a classic ballot.
//     See rule 8 for which of several proposers does so at once.
//  4. A classic ballot begins as in package paxos: prepare, and promises of a phase-1 quorum. If any of these tells a value accepted
//     under a classic ballot, that of the highest is proposed. Else a value that was accepted under the fast ballot may have been
//     chosen if those that have told that they accepted it are, together with all that have not promised, a fast quorum. There is
//     at most one such value, by rule 2, and it is proposed. If there is none, the proposer is free to propose its own.
//  5. All else is as in package paxos, whose rules 5 to 13, 16 and 17 hold: who loses a version tries the next, a replica that is behind gets the
//     state of the key, reads, the disk, and taking promises back. A read is a classic ballot without a value. If there is no value
//     that may have been chosen, it is answered with the version before: none can have been answered to anybody when it began.
//     Then it takes back its promises, since no value is accepted under the fast ballot where something is promised (option revert).
//
// What is not in the paper:
//
//  6. A replica that has let a timeout pass is silent until it answers something. As long as the others are no fast quorum, writes
//     begin with a classic ballot, so that they do not wait for the timeout each time. Classic ballots are sent to all, so that a replica
//     that has come back is noticed with the first one.
//
//  7. Where the proposer's own replica has accepted another's value under the fast ballot, it cannot use that ballot. A classic one would
//     refuse the other value where it has not come yet. So the proposer waits until the version is decided, for one and a half of the
//     longest round trip to a fast quorum of any replica, and 100 ms. Then it begins a classic ballot. A read waits no longer than that
//     for all versions in which it meets this. If the value was accepted so long ago that also a classic ballot after a collision should have
//     come to its end, its commit is lost: a classic ballot begins at once, and who knows what was decided answers with the state.
//
//  8. Proposers that have collided would only stop each other with classic ballots. So the one goes on at once whose value has the
//     least hash of those that it has been told of, which favours nobody. The others wait until the version is decided, for one and
//     a half of the longest two round trips of a classic ballot of any replica, and 100 ms. Who was refused by a promise, which may be
//     that of a read, goes on at once.
//
// Sources: L. Lamport, Fast Paxos, Distributed Computing 19(2), 2006; H. Howard, A. Charapko, R. Mortier, Fast Flexible Paxos:
// relaxing quorum intersection for Fast Paxos, ICDCN 2021.
package fastpaxos
