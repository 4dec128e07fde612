// Package multipaxos is Multi-Paxos: one instance of Paxos for each index of a log, and one phase 1, run by a
// leader that stays, for all of them.
//
// A write costs one round trip from the leader to the nearest phase-2 quorum, and one more between the
// client's replica and the leader. A replica is follower, candidate or leader, and always an acceptor. Its
// messages are Prepare and Promise, Accept and Accepted, Refuse, Heartbeat, CatchUp and Piece, Probe and
// Echo, Revert, and Stand. Package forward carries the commands of a follower's clients to the leader, package snapshot carries
// snapshots between replicas.
//
// Phase 1 is in election.go and phase 2 in normal.go. In recovery.go is what a new leader proposes again, what is
// sent again, and how a replica catches up; in snapshot.go and persist.go is what is on disk; in revert.go how promises are taken back; in preferred.go
// is how the configured leader takes the leadership back; membership.go changes the membership; and validate.go skips invalid messages.
//
// The rules, cited where they are implemented:
//
//  1. A replica heeds a prepare, an accept or a heartbeat if its ballot is at least the highest that the
//     replica has promised, and promises the ballot. Otherwise it refuses, telling the promised ballot.
//     A replica that has promised another replica's ballot is neither candidate nor leader.
//
//  2. A ballot is used by one replica, for one candidacy. A candidate promises its ballot to itself, and
//     takes one above its own promise and above all that refusals told it of.
//
//  3. Promises and accepted commands are durable before any message tells them. A leader sends its proposals
//     while it writes them to its own disk, and counts its own acceptance when it is durable. Its ballot
//     must be durable before it does so. It is if another replica has promised it; a leader that is a phase-1
//     quorum by itself has no such promise, and its first proposals wait for its disk.
//
//  4. One prepare covers every instance from the first that the candidate does not know to be chosen. The
//     promise tells everything that the acceptor has accepted there, with the ballots. What does not fit into
//     one message is asked for with another prepare, from there on; the promise counts when it is complete.
//
//  5. With promises of a phase-1 quorum the candidate becomes the leader. In every instance for which a promise
//     told a proposal, it proposes the command with the highest ballot again, under its own ballot, and a
//     no-op in the gaps between them. It proposes new commands only after these instances.
//
//  6. A command is chosen when a phase-2 quorum has accepted it under one leader's ballot. Acceptances under
//     older ballots do not count, however many there are. Each phase-1 quorum meets each phase-2 quorum, and
//     no more is needed: two quorums of the same phase need not meet. Of n replicas, if phase2 make a phase-2
//     quorum, n+1−phase2 or more make a phase-1 quorum.
//
//  7. Accepts are pipelined: instances are chosen independently, in any order. Commands are applied in the
//     order of the log. The leader replies when it has applied a command, and does not wait for followers to
//     learn that it is chosen. A command that is handed over again after that has its result already, and is
//     not proposed again.
//
//  8. Accepts and heartbeats carry the commit index, up to which all instances are chosen. A follower takes an
//     instance up to there for chosen if it has accepted it under the ballot of that leader.
//
//  9. Where it has accepted nothing, or a command under an older ballot, it asks the leader. The leader sends
//     the chosen command as an accept under its own ballot. That is safe, because nothing else can be accepted
//     in that instance under a ballot higher than that of the choice.
//
//  10. An accept without an answer is sent again as long as its instance is not chosen; to a witness, until it answers (rule 19).
//
//  11. A follower that hears no leader for a random time becomes a candidate with a higher ballot; so does a
//     candidate that gets no quorum, and a leader that was refused. Of two candidates, the one with the higher
//     ballot goes on; the other waits for a new random time. A candidate's first prepare counts as a sign of
//     a leader, and so does one that tells that it has received more parts of promises (rule 4) or pieces of a
//     snapshot (rule 13); its mere repetitions do not: a candidate that receives no answers must not stop the
//     others. A candidate does not begin a new candidacy while it receives parts or pieces, and tells all whom it has
//     asked, those as well who have promised already or are in no membership that it has found since.
//
//  12. From time to time a replica persists a snapshot of its state machine, including the clients' sessions,
//     with its promise and what it has accepted after the snapshot. It replaces everything on disk. The log
//     in memory is truncated up to the snapshot before this one, but not beyond a snapshot that another
//     replica is fetching, which needs the log after it.
//
//  13. An instance up to which the log is truncated is decided: an accept for it is answered and changes
//     nothing. A replica that needs such an instance gets a snapshot, in pieces that it asks for: a follower
//     from the leader, a candidate from an acceptor whose promise says that its log is truncated. Such a
//     promise does not count before the snapshot is adopted. A transfer that another candidacy interrupts goes
//     on where it was.
//
//  14. With the option preferred, the replica that is configured to lead becomes a candidate although another
//     one leads, when it has followed that for an election timeout, knows everything that is chosen, and
//     its probe is answered by a phase-1 quorum, itself included. Only replicas that have promised the same
//     leader's ballot answer, and so will promise a higher one. Without this quorum, it would depose a leader
//     that works, for which a smaller phase-2 quorum is enough, and could not lead itself. (This still happens
//     if a replica of that quorum fails between its answer and its promise.) Commands under way are found
//     by phase 1; a write waits for two round trips at most.
//
//  15. A replica accepts no instance more than 2²⁰ after its commit index, because the gap takes memory. It
//     catches up first, and the leader sends the accept again (rule 10). A message with numbers that no
//     replica of the cluster can have sent is skipped.
//
// With the option revert, a candidate that does not become the leader takes back what was promised to it, as if its
// prepares had been lost:
//
//  16. A replica remembers the ballots that it has promised since it last heard a leader. When it hears the leader
//     of the promised ballot, or is that leader, it forgets them, and the promise cannot be taken back.
//  17. A candidate that is refused, gets no phase-1 quorum in time or promises another ballot gives its own up. It
//     returns to its promise before, notes durably that it never uses the ballot again, and asks the others to
//     take back theirs. They return to the promise before if theirs is of exactly that ballot. If they have
//     promised another since, they strike it from those that they remember. A promise of that ballot that comes
//     late is answered in the same way, and does not count.
//  18. A candidate also gives its ballot up when the leader whose ballot it promised before, or one of a later
//     ballot below its own, makes itself heard: instead of refusing and so deposing it, the candidate follows.
//  19. A witness (Config.Witnesses) is an acceptor without commands. It promises and refuses like the others; the
//     leader sends it the accepts without their commands, and it persists which instances it has accepted, under which
//     ballot. It never stands for election, applies nothing, answers no CatchUp, and no client asks it. Each phase-2
//     quorum has a replica that is no witness, and so a copy of the command. A witness keeps runs of instances under one
//     ballot, so that its state grows with the number of leaders, not of commands, and it never truncates it. Lost accepts would leave
//     gaps between its runs: with each heartbeat, the leader sends it again, in one message, everything from the first chosen instance on whose
//     accept is overdue.
//  20. A promise of a witness tells of an instance and a ballot, not of the command. If that ballot is higher than that of
//     every command that promises told for the instance, the command may be chosen, and the candidate waits for more
//     promises, until one tells the command of that ballot or a higher one. It must not fill in a no-op, and not propose a
//     command of a lower ballot. It may leave the witness's word aside when the command cannot be chosen under that
//     ballot: when those that have not promised, and those whose promises told that ballot or a higher one for the
//     instance, are no phase-2 quorum together. (A replica that told a lower ballot, or none, has not accepted it and
//     never will.) So, if a leader and a witness have chosen a command and the leader dies, the others wait for the leader
//     to come back: nothing is lost, and nothing is answered meanwhile.
//
// Membership, where it may change (package membership; Config.Replicas; membership.go). The rules are Raft's; 22, 24 and 25
// are what Raft has from its log, whose entries are the same up to any that two logs share:
//
//  21. A membership is a value of the log. The last one in a replica's log is in force there from its own instance on, chosen or
//     not: it says whose promises make a leader, whose acceptances choose, and who gets the log. When another value takes
//     its instance under a higher ballot, the membership before is in force again.
//  22. A leader proposes a membership only when everything before its instance is chosen, whether the membership is new or
//     phase 1 has found it. New commands, and what phase 1 has found behind it, wait meanwhile; of what phase 1 has found, see rule 31. Commands behind it do not
//     wait until it is chosen, unless it has several configurations: then it can be turned back though those have died who
//     were to vote, without whom such commands could not be chosen. Every quorum of the new one meets every quorum of the one before, phase 1 with phase 2, both ways.
//     Otherwise an instance before the membership could be decided anew, and be another membership, whose quorums do not meet those
//     of this one.
//  23. After what phase 1 has found, a new leader proposes the membership in force once more, before it proposes a command. It
//     proposes another one only when that is chosen. So no instance ever has two different memberships proposed, and an
//     unchosen one of an older leader is overridden where all can see it.
//  24. An acceptor accepts a membership only when it has everything before it. So a promise that tells of a membership tells
//     of everything that was chosen before, by other quorums that nobody asks any more.
//  25. A candidate needs a phase-1 quorum of the last membership that it knows to be chosen or has found in promises, and
//     goes on asking when that changes. One that knows an older membership finds the next one with the quorum of
//     that, and so on. It needs no quorum of the older ones, whose replicas may be gone.
//  26. A replica stands only if it is a voter by the last membership that it knows to be chosen, or by a later one in its log.
//     It promises to whom asks, voter or not: who asks may know a later membership.
//  27. A replica that hears a leader ignores the prepares of those that are no voters there, unless the leader has told
//     them to stand (rule 28), and candidacies are given up as with the option revert. So a voter that has left, and has not heard of it,
//     deposes nobody. Nobody tells it who leads: it guesses, when it stands again without having heard a leader (rule 6 of package forward).
//  28. A leader that is no voter of a chosen membership tells a voter that has accepted it to stand, and steps down. Until
//     then it leads, and does not count itself.
//  29. Learners become voters only when they have accepted the last membership, and so have everything before it (rule
//     24). The leader sends it to them again with each heartbeat.
//  30. A snapshot carries the membership in force after its last instance, on disk and on the way to others.
//  31. A new leader takes what promises told before the last membership found, of each instance the proposal with the highest ballot,
//     for chosen, accepts it under its own ballot, persists it, and proposes only that membership and what is behind it. Those whose
//     quorums have chosen what is before may be gone, as in rule 25: it would wait for them for ever. It is safe, whether or not the membership
//     itself is chosen. Who proposed the membership, under whatever ballot, knew everything before to be chosen (rule 22): by acceptances under its own ballot,
//     from a leader before it, or by this rule. The acceptor that told the membership had everything before it
//     (rule 24): it knew it to be chosen itself, or had accepted it under the ballot of a leader who knew. So in each of these instances it told, in the
//     same promise or an earlier part of it (rule 4), the chosen command, under a ballot at least as high as that of the choice; all proposals of
//     such ballots are of the chosen command, and the highest that the candidate has found is one of them. Where the acceptor has truncated its log,
//     the candidate has adopted a snapshot (rule 13). Memberships among these instances are chosen, too. One that was found, and overridden
//     by a proposal of a higher ballot that was also found, is not the last one (rule 21). Witnesses, who tell no commands, are not
//     accepted where the membership may change.
//
// What goes out before the disk is done (rule 3): the accepts of new proposals, and nothing else, are sent
// with Outbox.BroadcastNow, once the leader's ballot is durable. They may, because an accept does not say
// that the leader itself has accepted. With each, the leader calls Outbox.WhenDurable, and counts its own
// acceptance when the InputDurable arrives, if it still has the same ballot. Promises, acceptances and
// everything else are sent with Outbox.Send, and wait for the disk.
//
// Followers forward their clients' commands. Redirecting the client to the leader would not be faster: the
// client is beside its replica, and its command would have to cover the same link in both directions. It would
// even send the first command after each change of leaders twice; here the command waits at the replica until
// a leader is known.
//
// Differences from the papers: the known commit index is persisted with what is accepted, so that a replica
// that restarts learns only what it has missed. In its first incarnation, the replica that is configured to
// lead becomes a candidate at once.
//
// Sources: L. Lamport, Paxos made simple, 2001, section 3; R. van Renesse and D. Altinbuken, Paxos made
// moderately complex, 2015; H. Howard, D. Malkhi and A. Spiegelman, Flexible Paxos: Quorum intersection
// revisited, OPODIS 2016, section 4, for rule 6; L. Lamport, D. Malkhi and L. Zhou, Reconfiguring a state machine, SIGACT
// News 41(1), 2010, for what a log without Raft's property needs when the membership changes.
package multipaxos

//go:generate go run quorumbench/protocols/protogen -borrow protocols/multipaxos/multipaxos.proto
