package zab

import (
	"fmt"
	"strings"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// describe names a message for traces, with the transactions that it is about and its epoch.
func describe(data []byte) string {
	var m Message
	if protocols.Decode(data, &m) != nil {
		return ""
	}
	epoch := protocols.Ballot(m.Epoch)
	switch kind := m.Kind.(type) {
	case *Message_Vote:
		v := kind.Vote
		return fmt.Sprintf("Vote round %d for %d, epoch %v, history ends %s", v.Round, v.Candidate, protocols.Ballot(v.Current), describeZxid(v.LastEpoch, v.LastIndex))
	case *Message_NewEpoch:
		return fmt.Sprintf("NewEpoch %v", epoch)
	case *Message_AckEpoch:
		name := fmt.Sprintf("AckEpoch %v, epoch %v", epoch, protocols.Ballot(kind.AckEpoch.Current))
		var ends []string
		for i, end := range kind.AckEpoch.Ends {
			if end.Index > 0 || i == len(kind.AckEpoch.Ends)-1 { // not the beginning of every history
				ends = append(ends, describeZxid(end.Epoch, end.Index))
			}
		}
		return name + ", history ends " + strings.Join(ends, ", ")
	case *Message_NewLeader:
		return fmt.Sprintf("NewLeader %v, history ends %s", epoch, describeZxid(kind.NewLeader.LastEpoch, kind.NewLeader.LastIndex))
	case *Message_AckLeader:
		return fmt.Sprintf("AckLeader %v", epoch)
	case *Message_Propose:
		return kind.Propose.describe(epoch)
	case *Message_Ack:
		return fmt.Sprintf("Ack %d %v", kind.Ack.Index, epoch)
	case *Message_Commit:
		return fmt.Sprintf("Commit %d %v", kind.Commit.Index, epoch)
	case *Message_Ping:
		return fmt.Sprintf("Ping %v sent ..%d committed ..%d", epoch, kind.Ping.Last, kind.Ping.Commit)
	case *Message_Missing:
		return fmt.Sprintf("Missing after %d %v", kind.Missing.Index, epoch)
	case *Message_Install:
		p := kind.Install.GetPiece()
		return fmt.Sprintf("Install ..%d %v bytes %d..%d of %d", p.GetIndex(), epoch, p.GetOffset(), p.GetOffset()+uint64(len(p.GetData())), p.GetSize())
	case *Message_Ask:
		return fmt.Sprintf("Ask %d from byte %d %v", kind.Ask.Index, kind.Ask.Offset, epoch)
	case *Message_Synced:
		return fmt.Sprintf("Synced %d.%d at %d %v", kind.Synced.Client, kind.Synced.Seq, kind.Synced.Index, epoch)
	case *Message_Forward:
		return kind.Forward.Describe()
	case *Message_Reply:
		return "Reply"
	}
	return ""
}

func describeZxid(epoch, index uint64) string {
	if index == 0 {
		return "0"
	}
	return fmt.Sprintf("%d@%v", index, protocols.Ballot(epoch))
}

// describe names the transactions with their epochs, where these are not the message's own: such are sent to
// synchronise a follower.
func (m *Propose) describe(epoch protocols.Ballot) string {
	name := fmt.Sprintf("Propose after %s %v", describeZxid(m.PrevEpoch, m.PrevIndex), epoch)
	for i, t := range m.Transactions {
		name += fmt.Sprintf(" %d", m.PrevIndex+1+uint64(i))
		if protocols.Ballot(t.Epoch) != epoch {
			name += fmt.Sprintf("@%v", protocols.Ballot(t.Epoch))
		}
		name += ": " + kv.Describe(t.Command)
	}
	return name
}
