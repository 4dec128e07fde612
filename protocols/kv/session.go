package kv

import (
	"bytes"
	"cmp"
	"slices"
)

// session remembers the results of a client's commands that the client may still retry: those
// at or above acked. Keeping only the highest sequence number would drop the commands of a
// client that pipelines when they commit out of order. The scheme is that of RIFL (Lee et al.,
// SOSP'15).
type session struct {
	client  uint64
	acked   uint64
	answers []answer // by seq: mostly they come in that order, and go in it

	number uint64   // in a store, from 1, in the order in which the clients first wrote
	next   *session // in that order
}

type answer struct {
	seq    uint64
	result []byte
}

func (s *session) find(seq uint64) (place int, found bool) {
	if last := len(s.answers) - 1; last < 0 || s.answers[last].seq < seq {
		return last + 1, false
	}
	return slices.BinarySearchFunc(s.answers, seq, func(a answer, seq uint64) int { return cmp.Compare(a.seq, seq) })
}

func (s *session) result(seq uint64) (result []byte, done bool) {
	if place, found := s.find(seq); found {
		return s.answers[place].result, true
	}
	return nil, false
}

func (s *session) add(seq uint64, result []byte) {
	place, _ := s.find(seq)
	s.answers = slices.Insert(s.answers, place, answer{seq, result})
}

// forget drops what the client holds: the results below acked.
func (s *session) forget(acked uint64) {
	if acked <= s.acked {
		return
	}
	s.acked = acked
	place, _ := s.find(acked)
	s.answers = slices.Delete(s.answers, 0, place)
}

// once executes a command unless it has been executed before, and returns its result: nil if the
// client wants it no more, because it has it or has given up; then it never will be executed.
func (s *session) once(c *Command, e *entry) []byte {
	if c.Seq < s.acked {
		return nil
	}
	if result, done := s.result(c.Seq); done {
		return result
	}
	s.forget(c.Acked)
	result := e.execute(c)
	s.add(c.Seq, result)
	return result
}

func (s *session) message() *Session {
	m := &Session{Client: s.client, Acked: s.acked}
	for _, a := range s.answers {
		m.Answers = append(m.Answers, &Session_Answer{Seq: a.seq, Result: a.result})
	}
	return m
}

func sessionOf(m *Session) session {
	s := session{client: m.Client, acked: m.Acked}
	for _, a := range m.Answers {
		result := a.Result
		if result == nil {
			result = PutResult // an empty one travels as none
		}
		s.answers = append(s.answers, answer{a.Seq, result})
	}
	return s
}

// equal returns true if two sessions of a client have the same answers.
func (s *session) equal(other *session) bool {
	return s.acked == other.acked && slices.EqualFunc(s.answers, other.answers, func(a, b answer) bool {
		return a.seq == b.seq && bytes.Equal(a.result, b.result)
	})
}
