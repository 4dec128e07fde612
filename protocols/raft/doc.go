// Package raft is Raft: a leader, elected for a term, appends its clients' commands to its log and copies
// the log to its followers. An entry that a majority holds is committed.
//
// A write costs one round trip from the leader to the nearest majority, and one more between the client's
// replica and the leader. A replica is follower, candidate or leader (and, with the option prevote,
// precandidate). Its messages are RequestVote and Vote, AppendEntries with Appended or Rejected,
// InstallSnapshot and Ask, and those of the options. Package forward carries the commands of a follower's
// clients to the leader.
//
// The rules, cited where they are implemented:
//
//  1. A replica that receives a higher term adopts it and becomes a follower. It refuses requests of a
//     lower term, telling its own term, and ignores answers of a lower term.
//  2. A replica votes for at most one candidate in a term.
//  3. Election restriction: a replica refuses its vote to a candidate whose log is less recent than its
//     own. So a leader has every committed entry.
//  4. Term and vote are durable before any message tells them, and a follower's entries before it confirms
//     them. A leader sends its entries while it writes them to its own disk, and counts itself among
//     those who hold them when they are durable there (Ongaro 2014, section 10.2.1).
//  5. A follower appends entries only if its log has the entry that precedes them in the leader's log. It
//     removes entries only where one conflicts with the leader's: an append that comes late, or twice,
//     does not shorten the log.
//  6. A follower confirms the index up to which it has compared its log with the leader's, not the end of
//     its log.
//  7. By counting replicas, the leader commits only an entry of its own term. The entries before it are
//     committed with it (section 5.4.2 and figure 8).
//  8. A leader begins its term with a no-op, so that there is an entry of its own term.
//  9. A follower's commit index is the leader's, or the confirmed index (rule 6) if that is lower.
//  10. Appends are pipelined: the leader assumes that what it has sent is received, and sends the next
//     entries at once. A follower holds an append that overtakes another, and asks for the missing
//     entries. If it rejects an append because the logs differ, the leader probes: it sends one append
//     at a time, first from where the follower's hint says, until the logs match.
//  11. Every heartbeat is an append at the place where the follower's log should end. It makes the follower
//     ask for what was lost, and carries the commit index when there are no writes.
//  12. Entries are applied in the order of the log, from the first. The leader replies when it has applied
//     an entry, and does not wait for followers to learn of the commit. A command that is handed over
//     again after that has its result already, and gets no second entry.
//
// Snapshots:
//
//  13. When enough has been applied since the last snapshot, a snapshot of the state machine replaces the
//     entries that led to it, on disk and in memory, except for a tail for followers that are a little
//     behind. A leader also keeps, up to maxKeptBytes, the entries that a follower which answers has not
//     confirmed, and the entries after a snapshot that a follower is fetching.
//  14. A follower that needs removed entries learns from every heartbeat which snapshot is on offer, and
//     asks for it piece by piece (package snapshot). A piece is sent again only when the first would have
//     arrived, so that a slow link is not flooded. A follower that is behind gets the next append when it
//     has answered the last; the first ones are small.
//  15. A follower installs a snapshot only if it covers more than the follower has applied. It keeps the
//     entries after the snapshot if its log has the snapshot's last entry.
//
// Reads without a log entry (option reads):
//
//  16. A leader knows what is committed only once an entry of its own term is committed.
//  17. It answers a read from its state when everything that was committed when the read arrived is applied,
//     and a majority has confirmed a round of heartbeats begun after that: so it was still the leader.
//  18. With a lease it does not wait for that round. For nine tenths of an election timeout from the start
//     of a confirmed round nobody else is elected, because those who confirmed it refuse their votes
//     (rule 21). This assumes that the rates of no two clocks differ by more than a tenth. A leader that
//     has told a successor to stand (rule 27) has no lease for the rest of its term.
//
// Elections that do not disturb a working leader, each with its option:
//
//  19. PreVote: a replica becomes a candidate only if a majority says that it would vote for it in the next
//     term.
//  20. CheckQuorum: a leader that has not heard from a majority for an election timeout steps down.
//  21. A replica that hears a leader refuses its vote, whatever the term (options checkquorum and reads:
//     lease).
//  22. Revert: a replica that refuses its vote because its log is more recent does not adopt the candidate's
//     term.
//  23. Revert: a candidate that cannot win takes its term and vote back to the pair before, and asks those
//     who voted for it to do the same. They do if their term and vote are still that pair and they have
//     not heard a leader of that term. If they have moved on, they drop the pair from their history. A vote
//     that arrives later is answered in the same way, and does not count.
//  24. The highest term in which a replica was ever a candidate is durable, and it is never again a
//     candidate in that term or a lower one.
//  25. Revert: a candidate gives way to a leader of the term before its candidacy, unless that has told it to stand (rule 27).
//
// Leadership transfer (option transfer):
//
//  26. A leader that is not the configured one hands over to that one when it has kept pace for a while, and those who answered
//     meanwhile could elect it.
//  27. From then on it proposes nothing, sends its successor TimeoutNow as soon as that has the whole log, and
//     continues to lead if it is still the leader after a few heartbeats.
//
// Membership, where it may change (package membership; Config.Replicas):
//
//  28. The last membership in the log is in force, committed or not: it says whose votes elect, whose logs
//     commit, and who gets the log. When its entry is removed (rule 5), the one before is in force again.
//  29. A leader proposes a membership, as an entry, only when an entry of its term is committed (rule 8) and
//     the last membership in its log is. Every quorum of the new one meets every quorum of that.
//  30. A replica stands only if it is a voter by the last membership that it knows to be committed, or by a later one
//     in its log. One that is to leave may be needed until that is committed: if nobody else has the entry, nobody
//     else can be elected. It needs the votes that the last membership in its log asks for (rule 28). Whether or not
//     it is a voter, a replica votes for who asks it: who asks may know a later membership.
//  31. Elections begin as with PreVote (rule 19), and a replica that hears a leader ignores candidates that are
//     no voters there, unless that leader has told them to stand (rule 27): a voter that has left, and
//     has not heard of it, deposes nobody. Nobody tells it who leads: it guesses, when it stands again in vain
//     (rule 6 of package forward).
//  32. A leader that is no voter of a committed membership tells the voter that has the most of the log to
//     stand (rule 27), and resigns. Until then it leads, and does not count itself.
//  33. A follower has caught up if, at a heartbeat, it has what the log had at the heartbeat before. Learners do not become
//     voters before that.
//  34. A snapshot carries the membership in force after its last entry; what a snapshot on disk replaces, it carries, too.
//
// Replicas without commands (Config.Witnesses):
//
//  35. A witness votes and confirms like the others, and holds no entries. The leader sends it heartbeats in the place of
//     appends, also when it has appended an entry: they tell where its log ends, by index and term. The witness accepts
//     that, persists it and confirms it. Of all that it has accepted it knows the most recent (rule 3), whatever the
//     order in which messages come, and no more: the leader can only be one whose log is as recent, and that log has the entries.
//     A witness never stands, applies nothing and answers nobody's questions, and no client asks it. Each
//     quorum of holders has a replica that is no witness, and so a copy of the entry.
//  36. What a witness has accepted may be more recent than every log there is: the leader died before the entry was on its
//     own disk. A witness that would vote but for rule 3 says so. The candidate may leave that aside if those whose votes it
//     has, and whose logs or accepted ends are no more recent than its own log, meet every quorum of holders: then nothing more
//     recent was committed, and nothing will be, since these have entered the candidate's term. It asks the witness again, which
//     then votes. It needs a quorum of votes as ever. If it may not leave it aside, it waits: a leader and a witness
//     may have committed an entry that nobody else has, so that the others wait for that leader to come back.
//
// What goes out before the disk is done (rule 4): AppendEntries, and nothing else, is sent with
// Outbox.SendNow. It may, because the leader's term is already durable and the entries are the followers' to
// persist; the message does not say that the leader holds them. Only of who is a quorum by itself is the term not durable
// yet: its entries wait until its first one is. The leader calls Outbox.WhenDurable with the
// index of each entry that it appends, and counts its own log up to that index when the InputDurable
// arrives. Votes, confirmations and everything else are sent with Outbox.Send, and wait for the disk.
//
// Differences from the paper: answers carry the index that they are about, because messages may be duplicated
// and overtake each other. Rejections are a message of their own, with the hint that the end of section 5.3
// sketches. Clients talk to their nearest replica, not to the leader. In its first incarnation, the replica
// that is configured to lead becomes a candidate at once. A candidate asks those again who have not granted
// their votes. An append is sent again when its follower reports what is missing (rule 10), at the latest
// after the next heartbeat (rule 11): appends have no timers of their own.
//
// Sources: D. Ongaro and J. Ousterhout, In Search of an Understandable Consensus Algorithm (extended version),
// 2014, whose sections are cited; D. Ongaro, Consensus: Bridging Theory and Practice, 2014, section 10.2.1
// for pipelining and the leader's parallel write.
package raft

//go:generate go run quorumbench/protocols/protogen -borrow -reuse Entry,AppendEntries protocols/raft/raft.proto
