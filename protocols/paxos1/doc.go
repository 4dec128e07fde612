// Package paxos1 is classic Paxos in one round trip, for three replicas: the proposer travels. As in
// package paxos, one instance of Paxos decides the value of one version of one key.
//
// A proposer is a data structure: an instance, a ballot, a value. It prepares on its own replica, goes
// to one other replica, the nearest that answers, where it prepares and accepts in one step, comes back,
// and its own replica accepts. Two of three replicas have promised, and two have accepted: the value is
// chosen, one round trip after the write arrived. That is Paxos with messages in an uncommon order, and
// correct for the same reason, as long as there is one copy of the proposer.
//
// The rules, which comments cite; they are rules 1 to 6 of package paxos for a proposer that travels:
//
//  1. The proposer prepares on its own replica, durably, before it leaves, and takes along the value
//     accepted there, with its ballot; if there is none, the client's value; a read has none.
//  2. The other replica refuses a ballot below its promise, and tells the higher one. Else it takes the
//     value accepted under the highest ballot, its own or the one brought, promises and accepts, all
//     in one step. A proposer without a value, where nothing is accepted, gets just the promise.
//  3. Back home, the replica accepts what was accepted there, unless it has promised a higher ballot
//     meanwhile: then the answer is void.
//  4. A proposer is sent to one replica under one ballot. If there is no answer, the same message is
//     sent again to the same replica. Any other retry takes a higher ballot and a fresh local prepare: of
//     two copies each could get a value of its own accepted. After a refusal it begins after a random time,
//     whose bound doubles with each attempt, up to 16 times the timeout by the configured delays or 4 times
//     the measured one, whichever is longer.
//  5. A value accepted at two replicas is chosen. If it is another's, the write has lost this version
//     and tries the next: of two replicas that write the same key at once, the later ballot wins.
//  6. A read that comes back without a value has met none at two of three replicas: the latest version
//     known is the latest. Else what it found is chosen by it, and the read goes on to the version after, unless rule 17 of
//     package paxos says that this is enough: the other replica tells, in each answer, how far the key has come.
//     Reads of the key that waited here when it left are answered with it.
//
// Rules 7 to 10, on commits, snapshots, versions that clients name, ballots and the disk, are those of package
// paxos. Package keypaxos implements them.
//
// With the option revert, reads take back what was promised to them, as in package paxos. Without it, each read
// that finds nothing leaves a promise at two replicas, and a write with a lower ballot is refused there:
//
//  11. A read that has met no value at home only asks at the other replica, which promises and tells what it
//     has accepted, and accepts nothing itself. If there is a value, the read travels once more, under the same
//     ballot, to get that accepted.
//  12. A read that has found nothing, is refused or not answered takes its promises back, here and at the
//     others, and never uses the ballot again: rules 11 to 13 of package paxos. A proposer that travels with a
//     value does not. It takes phase 2 along, and a copy of it may come late and be accepted although it was
//     refused before, or was not answered: the promise at home must hold for that.
//
// That writes of one key conflict is the price of the round trip saved; package mmp3 saves it too.
package paxos1
