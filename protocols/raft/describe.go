package raft

import (
	"fmt"
	"strings"

	"quorumbench/protocols"
)

// describe names a message with the indexes it is about and the sender's term. An AppendEntries
// without entries is a Heartbeat; one with entries of other terms than the sender's tells them. An
// InstallSnapshot without data is "on offer".
func describe(data []byte) string {
	var m Message
	if protocols.Decode(data, &m) != nil {
		return ""
	}
	switch kind := m.Kind.(type) {
	case *Message_RequestVote:
		name := fmt.Sprintf("RequestVote t%d, log ends %d t%d", m.Term, kind.RequestVote.LastIndex, kind.RequestVote.LastTerm)
		if kind.RequestVote.Aside {
			name += ", leaves aside what is more recent"
		}
		return name
	case *Message_Vote:
		return fmt.Sprintf("Vote t%d %s", kind.Vote.Asked, grantedOrNot(kind.Vote.Granted, kind.Vote.Recent))
	case *Message_PreVote:
		return fmt.Sprintf("PreVote t%d, log ends %d t%d", m.Term, kind.PreVote.LastIndex, kind.PreVote.LastTerm)
	case *Message_PreVoted:
		return fmt.Sprintf("PreVoted t%d %s", m.Term, grantedOrNot(kind.PreVoted.Granted, kind.PreVoted.Recent))
	case *Message_Revert:
		return fmt.Sprintf("Revert t%d", kind.Revert.Abandoned)
	case *Message_AppendEntries:
		return kind.AppendEntries.describe(m.Term)
	case *Message_Appended:
		return fmt.Sprintf("Appended %d t%d", kind.Appended.Index, m.Term)
	case *Message_Rejected:
		return fmt.Sprintf("Rejected %d t%d", kind.Rejected.PrevIndex, m.Term)
	case *Message_InstallSnapshot:
		return kind.InstallSnapshot.describe(m.Term)
	case *Message_Ask:
		return fmt.Sprintf("Ask %d from byte %d t%d", kind.Ask.Index, kind.Ask.Offset, m.Term)
	case *Message_TimeoutNow:
		return fmt.Sprintf("TimeoutNow t%d", m.Term)
	case *Message_Confirm:
		return fmt.Sprintf("Confirm %d t%d", kind.Confirm.Round, m.Term)
	case *Message_Confirmed:
		return fmt.Sprintf("Confirmed %d t%d", kind.Confirmed.Round, m.Term)
	case *Message_Forward:
		return kind.Forward.Describe()
	case *Message_Reply:
		return "Reply"
	}
	return ""
}

func grantedOrNot(granted, recent bool) string {
	name := "refused"
	if granted {
		name = "granted"
	}
	if recent {
		name += ", accepted more recent"
	}
	return name
}

func (m *InstallSnapshot) describe(term uint64) string {
	p := m.GetPiece()
	name := fmt.Sprintf("InstallSnapshot %d t%d", p.GetIndex(), term)
	switch size := uint64(len(p.GetData())); {
	case size == p.GetSize():
		return name
	case size == 0:
		return name + " on offer"
	}
	return fmt.Sprintf("%s, from byte %d", name, p.GetOffset())
}

func (m *AppendEntries) describe(term uint64) string {
	if len(m.Entries) == 0 {
		return fmt.Sprintf("Heartbeat after %d t%d", m.PrevIndex, term)
	}
	first, last := m.PrevIndex+1, m.PrevIndex+uint64(len(m.Entries))
	name := fmt.Sprintf("AppendEntries %d t%d", first, term)
	if last > first {
		name = fmt.Sprintf("AppendEntries %d..%d t%d", first, last, term)
	}
	var terms []string
	foreign, changes := false, 0
	for _, e := range m.Entries {
		if len(e.Membership) > 0 {
			changes++
		}
		foreign = foreign || e.Term != term
		terms = append(terms, fmt.Sprintf("t%d", e.Term))
	}
	if foreign {
		name += " of " + strings.Join(terms, ",")
	}
	if changes > 0 {
		name += ", membership"
	}
	return name
}
