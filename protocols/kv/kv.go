package kv

//go:generate go run quorumbench/protocols/protogen -borrow protocols/kv/kv.proto

import (
	"bytes"
	"fmt"
	"math"
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

	first, last               *entry // in the order in which the keys were first written
	firstSession, lastSession *session
	capture                   *Capture // of a state that is being encoded; nil: none
	stored                    int      // bytes of keys and values

	bytes  slab.Slab // keys and values; a value that has grown leaves its former place unused
	absent entry     // for the command under way, if its key is absent
	fresh  slab.Items[entry]
}

// entry is the latest version of a key; the zero value is that of an absent one.
type entry struct {
	version uint64
	value   []byte
	key     string
	number  uint64 // from 1, in the order in which the keys were first written
	next    *entry // in that order
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
	if s.capture != nil && s.capture.Done() {
		s.capture = nil
	}
	sess := s.sessions[c.Client]
	if sess == nil {
		sess = &session{client: c.Client}
		s.addSession(sess)
	} else if s.capture != nil {
		s.capture.saveSession(sess)
	}
	e, present := s.entries[string(c.Key)]
	if !present {
		e = &s.absent
		*e = entry{}
	}
	version, value := e.version, e.value
	result := sess.once(&c, e)
	if e.version > version { // a write: the value is part of the command
		if present && s.capture != nil && s.capture.saveEntry(e, entry{version: version, value: value}) {
			e.value = s.bytes.Clone(c.Value) // the capture has the former one
		} else {
			e.value = s.keep(value, c.Value)
		}
		s.stored += len(e.value) - len(value)
		if !present {
			s.add(c.Key, e.version, e.value)
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

// add adds a key that is absent, with a value that the store owns.
func (s *Store) add(key []byte, version uint64, value []byte) {
	own := s.bytes.Clone(key)
	added := s.fresh.New()
	*added = entry{
		version: version, value: value,
		key:    unsafe.String(unsafe.SliceData(own), len(own)), // nobody changes these bytes
		number: uint64(len(s.entries)) + 1,
	}
	s.entries[added.key] = added
	s.stored += len(key)
	if s.last == nil {
		s.first = added
	} else {
		s.last.next = added
	}
	s.last = added
}

// addSession adds the session of a client that has none.
func (s *Store) addSession(added *session) {
	s.sessions[added.client] = added
	added.number = uint64(len(s.sessions))
	if s.lastSession == nil {
		s.firstSession = added
	} else {
		s.lastSession.next = added
	}
	s.lastSession = added
}

// execute carries a command out, and returns its encoded result.
func (e *entry) execute(c *Command) []byte {
	switch {
	case c.Op == Op_PUT && c.Version == 0:
		e.version, e.value = e.version+1, c.Value
		return PutResult
	case c.Op == Op_PUT && c.Version == e.version+1:
		e.version, e.value = e.version+1, c.Value
		return WrittenResult(e.version)
	case c.Op == Op_PUT:
		return RefusedResult(e.version)
	default:
		return ReadResult(c, e.version, e.value)
	}
}

// WrittenResult is the encoded Result of a PUT that has become the version it named.
func WrittenResult(version uint64) []byte { return encode(&Result{Version: version}) }

// RefusedResult is the encoded Result of a PUT that named another version than the one after the latest, which is given.
func RefusedResult(latest uint64) []byte {
	return encode(&Result{Version: latest, Outcome: Outcome_REFUSED})
}

// ReadResult is the encoded Result of a GET of a key whose latest version, 0 for none, and value are given.
func ReadResult(c *Command, latest uint64, value []byte) []byte {
	switch {
	case c.Version == 0 || c.Version == latest:
		return encode(&Result{Version: latest, Value: value})
	case c.Version < latest:
		return encode(&Result{Version: latest, Outcome: Outcome_DROPPED})
	default:
		return encode(&Result{Version: latest, Outcome: Outcome_ABSENT})
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

// Snapshot encodes the whole store at once. A capture under way goes on.
func (s *Store) Snapshot() []byte {
	c := s.walk()
	c.Advance(math.MaxInt - len(c.data))
	return c.Bytes()
}

// Equal returns true if two stores have the same keys, versions and values, and the same sessions.
func (s *Store) Equal(other *Store) bool {
	if len(s.entries) != len(other.entries) || len(s.sessions) != len(other.sessions) {
		return false
	}
	for key, e := range s.entries {
		if o := other.entries[key]; o == nil || o.version != e.version || !bytes.Equal(o.value, e.value) {
			return false
		}
	}
	for client, sess := range s.sessions {
		if o := other.sessions[client]; o == nil || !sess.equal(o) {
			return false
		}
	}
	return true
}

// Restore replaces the store's content by a snapshot, and ends a capture. On an error the store is as it was.
func (s *Store) Restore(snapshot []byte) error {
	var decoded Snapshot
	if err := protocols.Decode(snapshot, &decoded); err != nil {
		return fmt.Errorf("decoding a snapshot of %d bytes: %w", len(snapshot), err)
	}
	fresh := NewStore()
	for _, e := range decoded.Entries {
		fresh.add(e.Key, e.Version, fresh.bytes.Clone(e.Value))
		fresh.stored += len(e.Value)
	}
	for _, kept := range decoded.Sessions {
		sess := sessionOf(kept)
		fresh.addSession(&sess)
	}
	if len(fresh.entries) < len(decoded.Entries) || len(fresh.sessions) < len(decoded.Sessions) {
		return fmt.Errorf("decoding a snapshot of %d bytes: it has a key or a client twice", len(snapshot))
	}
	*s = *fresh
	return nil
}

// bytesOf returns the bytes of a string, which must not be changed.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

func encode(m proto.Message) []byte {
	b, err := protocols.Append([]byte{}, m) // an empty result is none that is missing
	if err != nil {
		panic(fmt.Sprintf("kv: encoding %T: %v", m, err)) // only an invalid message type can fail
	}
	return b
}
