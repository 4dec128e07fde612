// Package kv is the replicated state machine that every driver applies its log to: versioned
// keys, and one session a client, so that a command that is committed twice takes effect once.
//
// Everything here is deterministic: the same commands in the same order give the same store,
// the same results and the same snapshot, byte for byte.
package kv

//go:generate go run quorumbench/protocols/protogen protocols/kv/kv.proto

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
)

// PutResult is the encoded Result of every PUT: empty, since it tells nothing of the state.
var PutResult = []byte{}

// Store holds the latest version of every key, and the clients' sessions. The zero value is not
// usable; see NewStore. Not safe for use by several goroutines.
type Store struct {
	entries  map[string]entry
	sessions map[uint64]*session

	command Command // reused by Apply
	result  Result
}

type entry struct {
	version uint64
	value   []byte
}

// session remembers the results of a client's commands that the client may still retry: those
// at or above acked. Keeping only the highest sequence number would drop the commands of a
// client that pipelines when they commit out of order. The scheme is that of RIFL (Lee et al.,
// SOSP'15).
type session struct {
	acked   uint64
	results map[uint64][]byte
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{entries: map[string]entry{}, sessions: map[uint64]*session{}}
}

// ID returns which command an encoded Command is, without applying it.
func ID(command []byte) (protocols.CommandID, error) {
	var c Command
	if err := protocols.Decode(command, &c); err != nil {
		return protocols.CommandID{}, fmt.Errorf("decoding a command of %d bytes: %w", len(command), err)
	}
	return protocols.CommandID{Client: c.Client, Seq: c.Seq}, nil
}

// Apply executes an encoded Command and returns which one it was and its encoded Result. A
// command seen before is not executed again: its first result is returned. A command whose
// answer its client is known to hold returns a nil result, as does the empty command, which is
// the no-op of every log. The result is owned by the store and must not be changed.
func (s *Store) Apply(command []byte) (protocols.CommandID, []byte) {
	if len(command) == 0 {
		return protocols.CommandID{}, nil
	}
	c := &s.command
	if err := protocols.Decode(command, c); err != nil {
		// Every replica reads the same bytes, so every replica skips them alike.
		return protocols.CommandID{}, nil
	}
	id := protocols.CommandID{Client: c.Client, Seq: c.Seq}
	sess := s.sessions[c.Client]
	if sess == nil {
		sess = &session{results: map[uint64][]byte{}}
		s.sessions[c.Client] = sess
	}
	if c.Seq < sess.acked {
		return id, nil
	}
	if result, done := sess.results[c.Seq]; done {
		return id, result
	}
	if sess.acked < c.Acked {
		sess.acked = c.Acked
		maps.DeleteFunc(sess.results, func(seq uint64, _ []byte) bool { return seq < c.Acked })
	}
	result := s.execute(c)
	sess.results[c.Seq] = result
	return id, result
}

func (s *Store) execute(c *Command) []byte {
	e := s.entries[string(c.Key)]
	if c.Op == Op_PUT {
		e = entry{version: e.version + 1, value: c.Value} // Unmarshal made a fresh copy
		s.entries[string(c.Key)] = e
		return PutResult
	}
	s.result.Version, s.result.Value = e.version, e.value
	return encode(&s.result)
}

// Result returns what a command's first execution gave, if it has been executed and its client
// may still ask for it. The result is owned by the store.
func (s *Store) Result(id protocols.CommandID) (result []byte, done bool) {
	if sess := s.sessions[id.Client]; sess != nil {
		result, done = sess.results[id.Seq]
	}
	return result, done
}

// Read executes a GET outside the log and returns its encoded Result.
func (s *Store) Read(key []byte) []byte {
	return s.execute(&Command{Op: Op_GET, Key: key})
}

// Get returns the latest version of a key and its value; version 0 means absent. The value is
// owned by the store.
func (s *Store) Get(key []byte) (version uint64, value []byte) {
	e := s.entries[string(key)]
	return e.version, e.value
}

// Len is the number of keys present.
func (s *Store) Len() int { return len(s.entries) }

// Snapshot encodes the whole store; equal stores give equal bytes.
func (s *Store) Snapshot() []byte {
	snapshot := &Snapshot{}
	for _, key := range slices.Sorted(maps.Keys(s.entries)) {
		e := s.entries[key]
		snapshot.Entries = append(snapshot.Entries, &Snapshot_Entry{Key: []byte(key), Version: e.version, Value: e.value})
	}
	for client, sess := range s.sessions {
		kept := &Snapshot_Session{Client: client, Acked: sess.acked}
		for _, seq := range slices.Sorted(maps.Keys(sess.results)) {
			kept.Answers = append(kept.Answers, &Snapshot_Answer{Seq: seq, Result: sess.results[seq]})
		}
		snapshot.Sessions = append(snapshot.Sessions, kept)
	}
	slices.SortFunc(snapshot.Sessions, func(a, b *Snapshot_Session) int { return cmp.Compare(a.Client, b.Client) })
	return encode(snapshot)
}

// Restore replaces the store's content by a snapshot. On an error the store is as it was.
func (s *Store) Restore(snapshot []byte) error {
	var decoded Snapshot
	if err := protocols.Decode(snapshot, &decoded); err != nil {
		return fmt.Errorf("decoding a snapshot of %d bytes: %w", len(snapshot), err)
	}
	fresh := NewStore()
	for _, e := range decoded.Entries {
		fresh.entries[string(e.Key)] = entry{version: e.Version, value: e.Value}
	}
	for _, kept := range decoded.Sessions {
		sess := &session{acked: kept.Acked, results: map[uint64][]byte{}}
		for _, a := range kept.Answers {
			sess.results[a.Seq] = a.Result
		}
		fresh.sessions[kept.Client] = sess
	}
	s.entries, s.sessions = fresh.entries, fresh.sessions
	return nil
}

func encode(m proto.Message) []byte {
	b, err := protocols.Append(nil, m)
	if err != nil {
		panic(fmt.Sprintf("kv: encoding %T: %v", m, err)) // only an invalid message type can fail
	}
	return b
}
