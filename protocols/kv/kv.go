package kv

//go:generate go run quorumbench/protocols/protogen -borrow protocols/kv/kv.proto

import (
	"fmt"
	"maps"
	"slices"
	"unsafe"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/slab"
)

// PutResult is the encoded Result of every PUT that names no version: empty, since it tells nothing of
// the state.
var PutResult = []byte{}

// Store holds the latest version of every key, and the clients' sessions. The zero value is not
// usable; see NewStore. Not safe for use by several goroutines.
type Store struct {
	entries  map[string]*entry
	sessions map[uint64]*session

	bytes  slab.Slab // keys and values; a value that has grown leaves its former place unused
	absent entry     // for the command under way, if its key is absent
	fresh  slab.Items[entry]
}

// entry is the latest version of a key; the zero value is that of an absent one.
type entry struct {
	version uint64
	value   []byte
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{entries: map[string]*entry{}, sessions: map[uint64]*session{}}
}

// Apply executes an encoded Command and returns which one it was and its encoded Result. A
// command seen before is not executed again: its first result is returned. A command whose
// answer its client wants no more, because it has it or has given up, returns a nil result and is not
// executed; nor is the empty command, the no-op of every log. The result is owned by the store and must
// not be changed.
func (s *Store) Apply(command []byte) (protocols.CommandID, []byte) {
	if len(command) == 0 {
		return protocols.CommandID{}, nil
	}
	var c Command
	if borrow(command, &c) != nil {
		// Every replica reads the same bytes, so every replica skips them alike.
		return protocols.CommandID{}, nil
	}
	sess := s.sessions[c.Client]
	if sess == nil {
		sess = &session{client: c.Client}
		s.sessions[c.Client] = sess
	}
	e, present := s.entries[string(c.Key)]
	if !present {
		e = &s.absent
		*e = entry{}
	}
	version, value := e.version, e.value
	result := sess.once(&c, e)
	if e.version > version { // a write: the value is part of the command
		e.value = s.keep(value, c.Value)
		if !present {
			s.add(c.Key, *e)
		}
	}
	return idOf(&c), result
}

// keep copies a value to the place of the former one or, if it is longer, to a place of its own.
func (s *Store) keep(former, value []byte) []byte {
	if len(value) <= cap(former) {
		return append(former[:0], value...)
	}
	return s.bytes.Clone(value)
}

// add adds a key that is absent.
func (s *Store) add(key []byte, e entry) {
	added := s.fresh.New()
	*added = e
	own := s.bytes.Clone(key)
	s.entries[unsafe.String(unsafe.SliceData(own), len(own))] = added // nobody changes these bytes
}

// execute carries a command out, and returns its encoded result.
func (e *entry) execute(c *Command) []byte {
	switch {
	case c.Op == Op_PUT && c.Version == 0:
		e.version, e.value = e.version+1, c.Value
		return PutResult
	case c.Op == Op_PUT && c.Version == e.version+1:
		e.version, e.value = e.version+1, c.Value
		return encode(&Result{Version: e.version})
	case c.Op == Op_PUT:
		return encode(&Result{Version: e.version, Outcome: Outcome_REFUSED})
	case c.Version == 0 || c.Version == e.version:
		return encode(&Result{Version: e.version, Value: e.value})
	case c.Version < e.version:
		return encode(&Result{Version: e.version, Outcome: Outcome_DROPPED})
	default:
		return encode(&Result{Version: e.version, Outcome: Outcome_ABSENT})
	}
}

// Result returns what a command's first execution gave, if it has been executed and its client
// may still ask for it. The result is owned by the store.
func (s *Store) Result(id protocols.CommandID) (result []byte, done bool) {
	if sess := s.sessions[id.Client]; sess != nil {
		result, done = sess.result(id.Seq)
	}
	return result, done
}

// Acked tells whether a command's client wants its answer no more, because it has it or has given up:
// the command may be dropped.
func (s *Store) Acked(id protocols.CommandID) bool {
	sess := s.sessions[id.Client]
	return sess != nil && id.Seq < sess.acked
}

// Read executes a GET of the latest version outside the log and returns its encoded Result.
func (s *Store) Read(key []byte) []byte {
	e := s.entries[string(key)]
	if e == nil {
		e = &entry{}
	}
	return e.execute(&Command{Op: Op_GET})
}

// Get returns the latest version of a key and its value; version 0 means absent. The value is
// owned by the store.
func (s *Store) Get(key []byte) (version uint64, value []byte) {
	if e := s.entries[string(key)]; e != nil {
		return e.version, e.value
	}
	return 0, nil
}

// Len is the number of keys present.
func (s *Store) Len() int { return len(s.entries) }

// Snapshot encodes the whole store; equal stores give equal bytes.
func (s *Store) Snapshot() []byte {
	keys := slices.AppendSeq(make([]string, 0, len(s.entries)), maps.Keys(s.entries))
	slices.Sort(keys)
	entries := make([]Snapshot_Entry, len(keys)) // in one piece: a store has many keys
	snapshot := &Snapshot{Entries: make([]*Snapshot_Entry, len(keys))}
	for i, key := range keys {
		e := s.entries[key]
		m := &entries[i]
		m.Key, m.Version, m.Value = unsafe.Slice(unsafe.StringData(key), len(key)), e.version, e.value // only read
		snapshot.Entries[i] = m
	}
	for _, client := range slices.Sorted(maps.Keys(s.sessions)) {
		snapshot.Sessions = append(snapshot.Sessions, s.sessions[client].message())
	}
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
		fresh.add(e.Key, entry{version: e.Version, value: fresh.bytes.Clone(e.Value)})
	}
	for _, kept := range decoded.Sessions {
		sess := sessionOf(kept)
		fresh.sessions[kept.Client] = &sess
	}
	*s = *fresh
	return nil
}

func encode(m proto.Message) []byte {
	b, err := protocols.Append([]byte{}, m) // an empty result is none that is missing
	if err != nil {
		panic(fmt.Sprintf("kv: encoding %T: %v", m, err)) // only an invalid message type can fail
	}
	return b
}
