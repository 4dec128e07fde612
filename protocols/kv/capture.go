package kv

import (
	"slices"

	"quorumbench/protocols"
)

// Capture is the state of a store at one moment, which is encoded in steps while the store goes on applying commands.
// The store saves what a command is about to change, unless it has been encoded already. Taking a capture takes constant time. Not
// safe for use by several goroutines, nor beside the store.
type Capture struct {
	data    []byte
	entry   *entry   // to be encoded next; nil: none is left
	session *session // likewise
	entries uint64   // the number of entries in the state; later ones are not in it
	clients uint64   // likewise of sessions

	changedEntries  map[*entry]entry // as they were, of those that are not encoded yet
	changedSessions map[*session]session

	snapshot Snapshot // that part of it which is encoded at a time
}

// entryOverhead and sessionOverhead are about what an encoded entry has besides key and value, and what an encoded
// session has, in bytes.
const (
	entryOverhead   = 12
	sessionOverhead = 32
)

// Capture begins to encode the present state, in place of an earlier capture: that one must not be used any more,
// unless it is done.
func (s *Store) Capture() *Capture {
	s.capture = s.walk()
	return s.capture
}

// walk returns a capture of the present state that the store does not know of.
func (s *Store) walk() *Capture {
	size := s.stored + entryOverhead*len(s.entries) + sessionOverhead*len(s.sessions)
	return &Capture{
		data:  make([]byte, 0, size),
		entry: s.first, entries: uint64(len(s.entries)),
		session: s.firstSession, clients: uint64(len(s.sessions)),
	}
}

// Advance encodes more of the state, until that is at least the given number of bytes: entries and sessions are not
// divided. It returns true if the whole state is encoded. A session has the answers that its client may still ask
// for, mostly a few.
func (c *Capture) Advance(bytes int) (done bool) {
	for end := len(c.data) + bytes; len(c.data) < end && !c.Done(); {
		if c.entry != nil {
			c.nextEntry()
		} else {
			c.nextSession()
		}
	}
	return c.Done()
}

// Done returns true if the whole state is encoded.
func (c *Capture) Done() bool { return c.entry == nil && c.session == nil }

// Bytes returns what is encoded: an encoded Snapshot when Done returns true. The entries are in the order in which
// their keys were first written, and so are the sessions: stores that have applied the same commands give equal bytes.
func (c *Capture) Bytes() []byte { return c.data }

// nextEntry encodes the next entry.
func (c *Capture) nextEntry() {
	e, was := c.entry, *c.entry
	if changed, yes := c.changedEntries[e]; yes {
		was.version, was.value = changed.version, changed.value
		delete(c.changedEntries, e)
	}
	if c.entry = e.next; e.number == c.entries {
		c.entry = nil
	}
	if len(c.snapshot.Entries) == 0 {
		c.snapshot.Entries = []*Snapshot_Entry{{}}
	}
	m := c.snapshot.Entries[0]
	m.Key, m.Version, m.Value = bytesOf(was.key), was.version, was.value
	c.encode()
}

// nextSession encodes the next session.
func (c *Capture) nextSession() {
	s := c.session
	if c.session = s.next; s.number == c.clients {
		c.session = nil
	}
	if was, changed := c.changedSessions[s]; changed {
		delete(c.changedSessions, s)
		s = &was
	}
	c.snapshot.Entries, c.snapshot.Sessions = nil, []*Session{s.message()}
	c.encode()
}

func (c *Capture) encode() {
	data, err := protocols.Append(c.data, &c.snapshot)
	if err != nil {
		panic("kv: encoding a snapshot: " + err.Error()) // an invalid message type: a programming error
	}
	c.data = data
}

// saveEntry saves an entry that a command has changed, as it was, and returns true if the value of then must stay in its
// place.
func (c *Capture) saveEntry(e *entry, was entry) (saved bool) {
	if c.entry == nil || e.number < c.entry.number || e.number > c.entries {
		return false // it is encoded, or it is later
	}
	if _, saved := c.changedEntries[e]; saved {
		return false
	}
	if c.changedEntries == nil {
		c.changedEntries = map[*entry]entry{}
	}
	c.changedEntries[e] = was
	return true
}

// saveSession saves a session that a command is about to change.
func (c *Capture) saveSession(s *session) {
	if c.session == nil || s.number < c.session.number || s.number > c.clients {
		return
	}
	if _, saved := c.changedSessions[s]; saved {
		return
	}
	if c.changedSessions == nil {
		c.changedSessions = map[*session]session{}
	}
	was := *s
	was.answers = slices.Clone(s.answers)
	c.changedSessions[s] = was
}
