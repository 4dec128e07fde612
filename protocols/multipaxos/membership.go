package multipaxos

import (
	"bytes"
	"slices"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/membership"
	"quorumbench/protocols/quorum"
)

// The membership changes by values of the log (rules 21 to 30; package membership).

// membershipByte is the first byte of a membership as a value of the log; its encoding follows. No encoded command begins with it.
const membershipByte = 0

// valueOf returns a membership as a value of the log.
func valueOf(m *membership.Membership) []byte {
	return append([]byte{membershipByte}, m.Encoded()...)
}

// isMembership returns true if a value of the log is a membership, where the membership may change.
func isMembership(value []byte) bool { return len(value) > 0 && value[0] == membershipByte }

// decodes returns false for a value that begins like a membership and is none of this cluster.
func (l *instanceLog) decodes(value []byte) bool {
	if !l.memberships.Changes() || !isMembership(value) {
		return true
	}
	_, err := l.memberships.Decode(value[1:])
	return err == nil
}

// place notes what the value at an index is to the memberships: one that was there before has gone (rule 21).
func (l *instanceLog) place(index uint64, value []byte) {
	var m *membership.Membership
	if isMembership(value) {
		m, _ = l.memberships.Decode(value[1:])
	}
	l.memberships.Place(index, m)
}

// isMembership returns true if the log has a membership at an index.
func (l *instanceLog) isMembership(index uint64) bool { return l.memberships.At(index).Index == index }

// endOfRun returns the last instance from first on that is proposed together with it: first itself if it is a
// membership, and else the one before the next membership, or the end of the log.
func (l *instanceLog) endOfRun(first uint64) uint64 {
	if l.isMembership(first) {
		return first
	}
	if next := l.memberships.Next(first); next > 0 {
		return next - 1
	}
	return l.last()
}

// runOf returns how many of an accept's commands, one or more, are accepted together: a membership by itself, and else those
// before the next membership.
func (r *replica) runOf(commands [][]byte) int {
	if !r.log.memberships.Changes() {
		return len(commands)
	}
	if isMembership(commands[0]) {
		return 1
	}
	if n := slices.IndexFunc(commands, isMembership); n > 0 {
		return n
	}
	return len(commands)
}

// hasAllBefore returns true if this replica has every chosen value before an instance, by the commit index of the leader
// that it hears (rule 24).
func (r *replica) hasAllBefore(index, commit uint64) bool {
	if !r.log.memberships.Changes() {
		return true
	}
	has := r.commit
	for has < min(commit, index-1) && r.log.at(has+1).ballot == r.promised { // rule 8
		has++
	}
	return has >= index-1
}

// changing is what a leader keeps of changes of the membership. It is zero where that never changes.
type changing struct {
	began    bool       // it has proposed the membership in force again (rule 23)
	waits    bool       // it wants to propose a membership, and waits until everything before is chosen (rule 22)
	held     []instance // commands that wait meanwhile, with bytes of their own
	caughtUp quorum.Set // who has accepted the last membership under this leader's ballot (rule 29)
}

// followMembership puts the last membership of the log in force, whether or not it is chosen (rule 21). It is called
// whenever the log has changed.
func (r *replica) followMembership() {
	if m := &r.log.memberships; m.Changes() && m.Enforce(m.At(r.log.last())) {
		r.regroup()
	}
}

// regroup goes by the membership in force.
func (r *replica) regroup() {
	r.group = protocols.Replicas(r.log.memberships.InForce().Group())
	r.full = slices.DeleteFunc(slices.Clone(r.group), r.config.IsWitness)
}

// phase2At returns whose quorums choose an instance.
func (r *replica) phase2At(index uint64) quorum.System {
	if !r.log.memberships.Changes() {
		return r.phase2
	}
	return r.log.memberships.At(index).Role(quorum.Phase2)
}

// isVoter returns true if a replica votes by the membership in force here.
func (r *replica) isVoter(id protocols.NodeID) bool { return r.log.memberships.IsVoter(int32(id)) }

// inGroup returns true if a replica votes or learns by the membership in force here.
func (r *replica) inGroup(id protocols.NodeID) bool { return r.log.memberships.InGroup(int32(id)) }

// mayStand returns true if this replica may be a candidate by the memberships of its log (rule 26).
func (r *replica) mayStand() bool { return r.log.memberships.MayStand(int32(r.config.ID), r.commit) }

// toPromise returns the membership of which a candidate needs a phase-1 quorum: the last one among the proposals
// found, and else the one in force after the commit index (rule 25).
func (r *replica) toPromise() *membership.Membership {
	if !r.log.memberships.Changes() {
		return r.log.memberships.InForce()
	}
	if last := r.found.memberships.At(r.found.last()); last.Index > r.commit {
		return last.Membership
	}
	return r.log.memberships.At(r.commit).Membership
}

// followFound is called when a candidate has found more. If that brings another membership, or takes one away, it needs a phase-1 quorum of
// that, and asks those of its voters that have not promised (rule 25).
func (r *replica) followFound() {
	if !r.log.memberships.Changes() || r.role != candidate {
		return
	}
	if needed := r.toPromise().Role(quorum.Phase1); needed.String() != r.phase1.String() {
		r.phase1 = needed
		r.prepare()
	}
}

// acceptors returns whom a candidate asks for promises.
func (r *replica) acceptors() []protocols.NodeID {
	if !r.log.memberships.Changes() {
		return r.group
	}
	voters := r.toPromise().Voters()
	r.prepared |= voters
	return protocols.Replicas(voters)
}

// ignores returns true for a prepare that comes from a replica which is no voter here, while a leader is heard (rule 27): it
// has left, and does not know.
func (r *replica) ignores(from protocols.NodeID, m *Prepare) bool {
	return m != nil && !r.isVoter(from) && !m.Told && (r.role == leader || r.now-r.heard < r.config.Delays.ElectionTimeout())
}

// proposedTo returns the last instance up to which the leader has proposed everything under its own ballot. What its log has
// after that it has accepted under older ones (rule 22).
func (r *replica) proposedTo() uint64 {
	if len(r.found.slots) > 0 {
		return r.found.truncated
	}
	return r.log.last()
}

// waitsWithFound returns true if a leader has found a membership, and waits until everything before it is chosen (rule 22).
func (r *replica) waitsWithFound() bool {
	first := r.found.truncated + 1
	return r.role == leader && r.found.isMembership(first) && r.commit < first-1
}

// addWaiting adds the commands to a set that wait at a leader for a membership.
func (r *replica) addWaiting(open map[protocols.CommandID]bool) {
	for _, i := range r.held {
		open[i.id] = true
	}
	for _, i := range r.found.slots {
		if id, err := kv.ID(i.command); r.role == leader && err == nil {
			open[id] = true
		}
	}
}

// holds returns true if a leader must not propose commands now: a membership that phase 1 has found, or the first value
// of its own, or a membership that is asked for comes before them (rules 22 and 23), or one of several configurations is not chosen.
func (r *replica) holds() bool {
	if !r.log.memberships.Changes() {
		return false
	}
	joint := len(r.log.memberships.InForce().Parts) > 1 && r.log.memberships.At(r.log.last()).Index > r.commit
	return len(r.found.slots) > 0 || !r.began || r.waits || joint
}

// hold keeps commands until the leader proposes again.
func (r *replica) hold(fresh []instance) {
	for _, i := range fresh {
		i.command = bytes.Clone(i.command)
		r.held = append(r.held, i)
	}
}

// lastToLearn returns the last instance of which a leader tells those who ask for what is chosen. A membership that is
// proposed belongs to it: its acceptors must have what is before (rule 24), and then get both at once.
func (r *replica) lastToLearn() uint64 {
	if r.began {
		return max(r.commit, r.log.memberships.At(r.log.last()).Index)
	}
	return r.commit
}

// noteCaughtUp notes that a replica has accepted the last membership (rule 29).
func (r *replica) noteCaughtUp(from protocols.NodeID, first, count uint64) {
	if !r.began {
		return
	}
	if last := r.log.memberships.At(r.log.last()).Index; first <= last && last < first+count {
		r.caughtUp.Add(int32(from))
	}
}

// repeatMembership is called at every heartbeat of a leader. It sends the last membership again to those who are to vote and have not
// accepted it (rule 29): their answer may have been lost, or they have got it with a snapshot.
func (r *replica) repeatMembership() {
	if !r.began {
		return
	}
	last := r.log.memberships.At(r.log.last())
	for id := range last.Awaited(r.caughtUp).All() {
		r.send(protocols.NodeID(id), r.promised, r.scratch.acceptOf(last.Index, [][]byte{valueOf(last.Membership)}, r.commit))
	}
}

// onMembershipRequest takes an operator's request. Every replica gets it, and the one that leads acts on it.
func (r *replica) onMembershipRequest(number uint64, text string) {
	if r.log.memberships.Ask(number, text, r.config.MostReplicas()) {
		r.advanceMembership()
	}
}

// advanceMembership is called when something may have been chosen, when a request has come, and at every heartbeat. The leader goes
// on with what phase 1 has found (rule 22), then proposes the membership in force again (rule 23) and, when the last
// membership is chosen, what a request asks for, or the next step to the goal. If it is no voter any more, it leaves (rule 28).
func (r *replica) advanceMembership() {
	if !r.log.memberships.Changes() || r.role != leader {
		return
	}
	if len(r.found.slots) > 0 {
		if r.waitsWithFound() {
			return
		}
		if r.proposeFound(); len(r.found.slots) > 0 {
			return
		}
	}
	last := r.log.memberships.At(r.log.last())
	next := last.Membership // rule 23
	if r.began {
		if last.Index > r.commit {
			return // it is not chosen yet
		}
		if !last.Voters().Has(int32(r.config.ID)) {
			r.leave(last)
			return
		}
		next = r.log.memberships.Advance(last.Membership, r.caughtUp)
	}
	if r.waits = next != nil && r.commit < r.log.last(); r.waits { // rule 22: not everything before it is chosen
		return
	}
	if next != nil {
		r.began, r.caughtUp = true, 0
		r.proposeAt(r.log.last()+1, []instance{{command: valueOf(next)}})
	}
	if !r.holds() {
		held := r.held
		r.held = nil
		r.proposeNew(held)
	}
}

// leave ends the leadership of a replica that is no voter of a chosen membership: it tells a voter that has accepted the
// membership, and so has everything before it, to stand at once, and steps down (rule 28).
func (r *replica) leave(m membership.Placed) {
	for id := range m.Voters().All() {
		if r.caughtUp.Has(id) {
			r.send(protocols.NodeID(id), r.promised, &Message_Stand{Stand: &Stand{}})
			break
		}
	}
	r.stepDown()
}

// onStand makes the replica a candidate because its leader leaves and has told it to stand (rule 28).
func (r *replica) onStand() {
	if r.role == follower && r.mayStand() {
		r.becomeCandidate(true)
	}
}

// markMembership marks a membership that the leader has applied, unless it is the one that was in force already (rule 23).
func (r *replica) markMembership(index uint64) {
	if m := r.log.memberships.At(index); r.role == leader && !bytes.Equal(m.Encoded(), r.log.memberships.At(index-1).Encoded()) {
		r.out.Mark(protocols.CommandID{}, protocols.MarkMembership+m.String())
	}
}
