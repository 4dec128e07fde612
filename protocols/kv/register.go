package kv

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"quorumbench/protocols"
)

// Register is the state machine of a single key, for drivers that order each key by itself: the key's
// latest version, and the sessions of the clients that have written it. The zero value is the absent
// key; it is small, and grows with the clients. Not safe for use by several goroutines.
type Register struct {
	entry    entry
	sessions []session // by client
}

func (g *Register) find(client uint64) (place int, found bool) {
	return slices.BinarySearchFunc(g.sessions, client, func(s session, client uint64) int { return cmp.Compare(s.client, client) })
}

// Apply is Store.Apply for commands that all name this key. The register keeps the command's bytes.
func (g *Register) Apply(command []byte) (protocols.CommandID, []byte) {
	var c Command
	if len(command) == 0 || borrow(command, &c) != nil {
		return protocols.CommandID{}, nil
	}
	place, found := g.find(c.Client)
	if !found {
		g.sessions = slices.Insert(g.sessions, place, session{client: c.Client})
	}
	return idOf(&c), g.sessions[place].once(&c, &g.entry)
}

// Result returns what a command's first execution gave, and whether it is over: a command whose answer
// its client wants no more is, and has no result. The result is owned by the register.
func (g *Register) Result(id protocols.CommandID) (result []byte, over bool) {
	place, found := g.find(id.Client)
	if !found {
		return nil, false
	}
	if s := &g.sessions[place]; id.Seq >= s.acked {
		return s.result(id.Seq)
	}
	return nil, true
}

// Known returns the result that a command has in every state from this one on, if it has one: a
// version that exists stays what it is, or will be dropped, and can become nothing else. Whether the
// command has been executed is for Result to tell.
func (g *Register) Known(op Op, version uint64) (result []byte, known bool) {
	if version == 0 || version > g.entry.version {
		return nil, false
	}
	return g.entry.execute(&Command{Op: op, Version: version}), true
}

// Read executes a GET of that version, zero for the latest, and returns its encoded Result.
func (g *Register) Read(version uint64) []byte {
	return g.entry.execute(&Command{Op: Op_GET, Version: version})
}

// Version is the latest version of the key; zero means absent.
func (g *Register) Version() uint64 { return g.entry.version }

// Equal tells whether two registers have the same version, value and sessions.
func (g *Register) Equal(other *Register) bool {
	return g.entry.version == other.entry.version && bytes.Equal(g.entry.value, other.entry.value) &&
		slices.EqualFunc(g.sessions, other.sessions, func(a, b session) bool {
			return a.client == b.client && a.equal(&b)
		})
}

// State encodes the register; equal registers give equal bytes.
func (g *Register) State() []byte {
	state := &State{Version: g.entry.version, Value: g.entry.value}
	for i := range g.sessions {
		state.Sessions = append(state.Sessions, g.sessions[i].message())
	}
	return encode(state)
}

// Restore replaces the register's content by a state. On an error the register is as it was.
func (g *Register) Restore(state []byte) error {
	var decoded State
	if err := protocols.Decode(state, &decoded); err != nil {
		return fmt.Errorf("decoding the state of a key of %d bytes: %w", len(state), err)
	}
	*g = Register{entry: entry{version: decoded.Version, value: decoded.Value}}
	for _, s := range decoded.Sessions {
		g.sessions = append(g.sessions, sessionOf(s))
	}
	return nil
}
