package etcdraft

import (
	"fmt"
	"strings"

	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// describe names a message for traces: the library's name without its prefix, the term, and the entries or
// the index.
func describe(data []byte) string {
	var m Message
	if protocols.Decode(data, &m) != nil {
		return ""
	}
	switch kind := m.Kind.(type) {
	case *Message_Raft:
		var inner raftpb.Message
		if proto.Unmarshal(kind.Raft, &inner) != nil {
			return ""
		}
		name := fmt.Sprintf("%s t%d", strings.TrimPrefix(inner.GetType().String(), "Msg"), inner.GetTerm())
		if inner.GetReject() {
			name += " rejected"
		}
		for _, e := range inner.GetEntries() {
			name += fmt.Sprintf(" %d:%s", e.GetIndex()-birth, kv.Describe(e.GetData()))
		}
		if index := inner.GetIndex(); inner.GetType() == raftpb.MsgAppResp && index >= birth { // 0: it tells the term only
			name += fmt.Sprintf(" %d", index-birth)
		}
		return name
	case *Message_Forward:
		return kind.Forward.Describe()
	case *Message_Reply:
		return "Reply"
	case *Message_Piece:
		p := kind.Piece.GetPiece()
		name := fmt.Sprintf("Snapshot %d t%d", p.GetIndex()-birth, kind.Piece.GetTerm())
		if len(p.GetData()) == 0 {
			return name + " on offer"
		}
		return fmt.Sprintf("%s, from byte %d", name, p.GetOffset())
	case *Message_Ask:
		if kind.Ask.GetIndex() == 0 {
			return "Ask"
		}
		return fmt.Sprintf("Ask %d from byte %d", kind.Ask.GetIndex()-birth, kind.Ask.GetOffset())
	}
	return ""
}
