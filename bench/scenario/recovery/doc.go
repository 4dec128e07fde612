// Package recovery is a log that a leader copies to its followers, as small as it can be to show what
// a new leader has to do about the entries of its predecessors. It exists for scenarios only: no
// experiment can use it, and one of its drivers is wrong on purpose.
//
// Replicas elect a leader for an epoch, as in Raft: each votes once in an epoch, and only for a
// candidate whose history is at least as recent as its own, by its number and then its length. Then
// the leader copies its history, always the whole of it, to the others, and what stands on a majority
// it commits. Two drivers differ in the number of a history:
//
//   - Wrong: that of its last entry, which an entry has from the leader who first wrote it, whoever
//     copies it later. An old entry on a majority is then no more recent than before, and a candidate
//     with a newer one, which no one else has, overwrites what is committed.
//   - Zab: the epoch of the leader who copied the history last. A new leader's first copies lift all its
//     history into its epoch, and nothing counts before they stand on a quorum; who has them votes for
//     no history of the epochs between.
//
// The third, NoBlank, has the numbers of Wrong and Raft's rule about counting: a leader commits an entry of its own
// epoch only, and what stands before it along with it. That is safe. But a leader that writes nothing commits nothing,
// however many hold the older entries; Raft's leaders therefore begin with a blank entry.
//
// Everything else is left out that the scenarios do without: commands given to a replica that does not
// lead are lost, and so are answers to clients that asked an earlier incarnation.
//
// Sources: the story is that of D. Ongaro and J. Ousterhout, In Search of an Understandable Consensus
// Algorithm (extended version), 2014, figure 8; F. Junqueira, B. Reed and M. Serafini, Zab:
// High-performance broadcast for primary-backup systems, DSN 2011, section IV, for the recovery.
package recovery
