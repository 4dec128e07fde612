package zab

import (
	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/forward"
)

// scratch holds the messages and records that replicas of this driver read and build most often, so that they are
// not allocated each time. A message that was read is valid until the next one is read. A message or record that was
// built is valid until the next one is built; the outbox encodes it at once.
type scratch struct {
	in struct {
		message Message
		propose Message_Propose
		ack     Message_Ack
		commit  Message_Commit
		forward Message_Forward
	}
	out struct {
		message      Message
		propose      Message_Propose
		ack          Message_Ack
		commit       Message_Commit
		forward      Message_Forward
		reply        Message_Reply
		record       Record
		transactions Record_Transactions
	}
	sent  messages
	added messages           // the transaction that a leader adds
	level []protocols.NodeID // receivers of a broadcast
}

func newScratch() *scratch {
	s := &scratch{}
	s.in.propose.Propose = &Propose{}
	s.in.ack.Ack = &Ack{}
	s.in.commit.Commit = &Commit{}
	s.in.forward.Forward = &forward.Forward{}
	s.out.propose.Propose = &Propose{}
	s.out.ack.Ack = &Ack{}
	s.out.commit.Commit = &Commit{}
	s.out.transactions.Transactions = &Transactions{}
	return s
}

// Numbers of the fields of Message.
const (
	epochField   = 1
	proposeField = 7
	ackField     = 8
	commitField  = 9
	forwardField = 14
)

// read decodes a message. The commands in proposals and forwards are parts of data.
func (s *scratch) read(data []byte) (*Message, error) {
	m := &s.in.message
	m.Reset()
	switch protocols.FirstField(data, epochField) {
	case proposeField:
		s.in.propose.Propose.ResetVT()
		m.Kind = &s.in.propose
		return m, m.UnmarshalVTUnsafe(data)
	case forwardField:
		s.in.forward.Forward.ResetVT()
		m.Kind = &s.in.forward
		return m, m.UnmarshalVTUnsafe(data)
	case ackField:
		s.in.ack.Ack.Reset()
		m.Kind = &s.in.ack
	case commitField:
		s.in.commit.Commit.Reset()
		m.Kind = &s.in.commit
	}
	return m, m.UnmarshalVT(data)
}

// message builds a message.
func (s *scratch) message(epoch protocols.Ballot, kind isMessage_Kind) *Message {
	s.out.message.Epoch, s.out.message.Kind = uint64(epoch), kind
	return &s.out.message
}

// proposeOf builds a Propose.
func (s *scratch) proposeOf(epoch protocols.Ballot, prev zxid, ts []transaction, commit uint64) *Message {
	m := s.out.propose.Propose
	m.PrevIndex, m.PrevEpoch, m.Transactions, m.Commit = prev.index, uint64(prev.epoch), s.sent.of(ts), commit
	return s.message(epoch, &s.out.propose)
}

// ackUpTo builds an Ack.
func (s *scratch) ackUpTo(epoch protocols.Ballot, index uint64) *Message {
	s.out.ack.Ack.Index = index
	return s.message(epoch, &s.out.ack)
}

// commitUpTo builds a Commit.
func (s *scratch) commitUpTo(epoch protocols.Ballot, index uint64) *Message {
	s.out.commit.Commit.Index = index
	return s.message(epoch, &s.out.commit)
}

// forwardWire wraps the messages of package forward.
func (s *scratch) forwardWire() forward.Wire {
	return forward.Wire{
		Forward: func(f *forward.Forward) proto.Message {
			s.out.forward.Forward = f
			return s.message(0, &s.out.forward)
		},
		Reply: func(r *forward.Reply) proto.Message {
			s.out.reply.Reply = r
			return s.message(0, &s.out.reply)
		},
	}
}

// transactionsRecord builds the record of transactions that replace everything in the history from first on.
func (s *scratch) transactionsRecord(first uint64, ts []*Transaction) *Record {
	s.out.transactions.Transactions.First, s.out.transactions.Transactions.Transactions = first, ts
	s.out.record.Kind = &s.out.transactions
	return &s.out.record
}

// own returns the transaction that a leader adds, as a message, valid until the next call.
func (s *scratch) own(epoch protocols.Ballot, command []byte) []*Transaction {
	return s.added.of([]transaction{{epoch, command}})
}

// messages is memory for transactions as messages.
type messages []*Transaction

// of returns transactions as messages, valid until the next call. They share the commands.
func (m *messages) of(ts []transaction) []*Transaction {
	for len(*m) < len(ts) {
		*m = append(*m, &Transaction{})
	}
	for i, t := range ts {
		(*m)[i].Epoch, (*m)[i].Command = uint64(t.epoch), t.command
	}
	return (*m)[:len(ts)]
}
