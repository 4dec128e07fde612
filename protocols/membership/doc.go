// Package membership is for drivers whose replicas may be exchanged while they run: it holds which replicas vote
// and which only learn, decides which membership may follow which, and finds the way from one to another.
//
// It is the extended joint algorithm. Every membership is a joint one: it has one or more configurations, each of
// which is a quorum system for every role, and a quorum of the membership holds a quorum of each configuration. With one
// configuration it is what is usually called a membership. Replicas that are in none may be learners: they
// receive the log and do not count.
//
// The rules, of which this package decides rule 3. The driver keeps the others, at its log:
//
//  1. Use at once: the last membership in a replica's log is in force there, whether it is committed or not.
//  2. Propose after commit: a leader proposes a membership only when the one before is committed.
//  3. Old and new meet: every quorum of the new membership meets every quorum of the one before, in the roles whose
//     quorums must meet. It suffices that they share a configuration (see Shares); Meets decides it exactly.
//  4. Initial entry: a new leader commits an entry of its own, under the last membership that it finds, before it
//     proposes a membership.
//  5. Catch up first: a replica votes only when it has been a learner and has received the log up to the end that the log had a
//     heartbeat earlier. This is for liveness: a quorum of new replicas that have nothing
//     could commit nothing until they had everything.
//
// So two leaders may hold proposals that have no configuration in common, and yet only one of them goes on. The later
// one has an entry of its own with a quorum of the membership before (rule 4), which every quorum of the earlier one's proposal
// meets (rule 3).
//
// An operator asks with a Request, which has a number. A membership says the highest number that it includes, so that
// every leader knows what is still to be done, and it says where a change under way leads, so that the next leader goes
// on with it. A change may be asked for while another is under way: it then leads from where that one
// has come, and it may lead back.
package membership

//go:generate go run quorumbench/protocols/protogen protocols/membership/membership.proto
