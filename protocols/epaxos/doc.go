// Package epaxos is Egalitarian Paxos with a corrected recovery: every replica commits its own commands in one round
// trip to a fast quorum if no other command for the same key is under way, and in two otherwise.
//
// There are n replicas. The protocol goes on while f of them are down, and has its fast path while e of them are:
// f = ⌊(n-1)/2⌋ and e = min(f, ⌈(f+1)/2⌉), unless the option fast makes e less. A fast quorum is n-e replicas, a slow
// one n-f, both with the replica that counts. Two commands conflict if they name the same key and one of them
// writes. An instance decides one command and its Deps, the instances that must be executed with it or before it.
//
// Each key is ordered by itself. Its instances stand in n columns, one for each replica, which submits there: instance
// (key, replica, number). Deps are a vector of one number for each column: an instance depends on all of its key below,
// and always on all before it in its own column. So equality and union are exact. A no-op has no Deps.
//
// For each instance, a replica keeps on disk: its phase (initial, pre-accepted, accepted, committed), the ballot that it
// has promised, the ballot under which it has accepted a value, the value (a command or a no-op, and Deps), and
// command and Deps as the submitter sent them (InitCmd, InitDeps). A promise and an accepted ballot are two things: with
// one variable for both, replicas can disagree about Deps (Sutra 2020).
//
// The rules, which comments cite:
//
//  1. Submit: a replica takes the next number of its column. D0 are the conflicting instances that it knows. The
//     instance is pre-accepted here with Deps = InitDeps = D0, and PreAccept is sent to all others or, with the option
//     thrifty, to the nearest fast quorum, and to the rest after a timeout.
//  2. PreAccept is handled only in phase initial with nothing promised: InitDeps are those sent, Deps the same with all
//     conflicting instances that are known here. The answer is Deps. A repeated PreAccept gets the same answer.
//  3. The submitter, still at ballot 0: if a fast quorum answers D0, the value is committed. As soon as an answer is
//     another, or after a timeout, and a slow quorum has answered: Accept under ballot 0, with the union of the answers,
//     to all.
//  4. Accept is accepted unless a higher ballot is promised. With a slow quorum under one ballot the value is committed.
//  5. Commit is sent to all, and learned whatever is promised. Any request for a decided instance is answered with it.
//  6. Recovery: a replica for which an instance that it has heard of stays undecided asks the others what they know
//     decided of the key, and then takes a ballot of its own and sends Recover. While the submitter lives, it repeats its
//     own messages instead.
//  7. Recover is promised if its ballot is higher than any promised; the answer is all that the replica has of the
//     instance.
//  8. With the answers of a slow quorum Q: an accepted value, that of the highest ballot, is proposed again by Accept. If
//     the submitter has answered, it cannot commit under ballot 0 any more: Accept a no-op. Else R are those that
//     have pre-accepted with Deps = InitDeps. If there are |Q|-e of them, the value may be committed: go on with
//     rule 9. Else Accept a no-op.
//  9. Validate is sent to Q with the value (c, D) of R. A replica that has promised exactly this ballot, and has neither
//     accepted anything under it nor learned a decision, takes c and D as InitCmd and InitDeps, and answers with the
//     instances that could contradict: those not in D that conflict with c and are committed without this one in their Deps, or
//     are not committed and do not have this one in their InitDeps.
//  10. With the answers of all of Q: if there is no such instance, Accept (c, D). If one is committed, or |R| = |Q|-e and
//     the submitter of one is not in Q, Accept a no-op. Else tell all that this recovery is waiting, with |R|, recover
//     those instances, and wait: one of them is committed without this one in its Deps: Accept a no-op; all are committed, as
//     no-ops or with this one in their Deps: Accept (c, D); one of them is waiting with more than n-f-e in its R: Accept a no-op;
//     a replica outside of Q answers Recover late: its accepted value, or a no-op if it is the submitter.
//  11. A command whose instance became a no-op is submitted again in a new instance. The key's sessions let it take effect
//     once.
//  12. Execution: an instance is executed when all that it reaches through Deps is committed: strongly connected components
//     in the order of their dependencies, inside of one by number, then by column. All replicas execute the writes of a
//     key in the same order. Reads between two writes may be executed in any order.
//  13. A command is answered when it is executed. With the option answer: commit, a write is answered when it is committed.
//     That is wrong, and there to show it: a later write may then be ordered before it. The sequence numbers of the
//     first publication do not mend that (sequence.go).
//  14. Under constant conflicts components may grow without bound, and execution falls behind. The sizes are measured.
//  15. Executed instances are forgotten, all but the last ones. Of them stay, for each column, how far it is executed
//     and which instance is the last that writes, and that reads. A request for a forgotten instance is answered with the
//     key's state: its value, its sessions, and these vectors. Replicas that have executed as many writes of a
//     key have the same value, so a replica adopts what is further than its own.
//  16. A read takes no place in the order of its key, since it changes nothing.
//  17. Everything promised, pre-accepted, accepted or submitted is durable before a message tells it. From time to time a
//     snapshot replaces the records on disk.
//
// Why a forgotten instance can do without its Deps (rules 9 and 15): if it is executed here and another one is not, it
// does not depend on the other. So it contradicts a value that does not have it in its Deps, if it conflicts and is no
// no-op, and else it does not. What must be known of it is whether it writes, reads, or does nothing.
//
// Two things are simpler than in the papers. An instance depends on all before it in its own column, so that no replica
// needs to add those after it, and what is executed of a column is a prefix. And a no-op that is known to be committed is
// not a conflict, since nothing is ordered against it.
//
// Sources: Moraru, Andersen and Kaminsky, There is more consensus in egalitarian parliaments, SOSP 2013; Sutra, On the
// correctness of Egalitarian Paxos, IPL 2020; Ryabinin, Gotsman and Sutra, Making democracy work: fixing and simplifying
// Egalitarian Paxos, OPODIS 2025, whose recovery this is.
package epaxos

//go:generate go run quorumbench/protocols/protogen -borrow -reuse Message protocols/epaxos/epaxos.proto
