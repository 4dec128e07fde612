package epaxos

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// The replicas of a cluster of five. The test plays all but the last.
const (
	ra = iota
	rb
	rc
	rd
	re
)

// alone is replica e of a cluster of five in which a test plays the others.
type alone struct {
	*replica
	t       testing.TB
	options protocols.Choices
	sent    protocols.Outbox // what the last step wanted
	disk    [][]byte
}

// newAlone returns a started replica without state.
func newAlone(t testing.TB, options protocols.Choices) *alone {
	a := &alone{t: t, options: options}
	a.restart()
	return a
}

// restart begins a new incarnation from what is on disk.
func (a *alone) restart() {
	delays := make(protocols.Delays, 5)
	for i := range delays {
		delays[i] = make([]time.Duration, 5)
		for j := range delays[i] {
			if i != j {
				delays[i][j] = time.Duration(10+5*((j+4-i)%5)) * time.Millisecond
			}
		}
	}
	c := Driver.MustComplete(protocols.Config{ID: re, Members: protocols.Members(5), Delays: delays, Seed: 1, Options: a.options})
	a.replica = newReplica(c)
	for _, record := range slices.Clone(a.disk) {
		a.step(protocols.Input{Kind: protocols.InputRestore, Data: record})
	}
	a.step(protocols.Input{Kind: protocols.InputStart})
}

// step hands the replica an input and keeps what it wants done in sent.
func (a *alone) step(in protocols.Input) {
	a.do(func() { a.Step(&in, &a.sent) })
}

// do lets the replica do something, as in a step.
func (a *alone) do(what func()) {
	a.sent.Reset()
	a.out = &a.sent
	what()
	for _, r := range a.sent.Records {
		if r.Snapshot {
			a.disk = nil
		}
		a.disk = append(a.disk, bytes.Clone(r.Data))
	}
}

// receive hands the replica messages from one other.
func (a *alone) receive(from protocols.NodeID, messages ...*Message) {
	a.t.Helper()
	for _, m := range messages {
		a.receiveAt(0, from, m)
	}
}

// receiveAt hands the replica a message from another at a time.
func (a *alone) receiveAt(now time.Duration, from protocols.NodeID, m *Message) {
	a.t.Helper()
	data, err := protocols.Append(nil, m)
	if err != nil {
		a.t.Fatal(err)
	}
	a.step(protocols.Input{Kind: protocols.InputMessage, From: from, Data: data, Now: now})
}

// command hands the replica a command of a client for the key x.
func (a *alone) command(value byte) {
	data := command(value)
	id, err := kv.ID(data)
	if err != nil {
		a.t.Fatal(err)
	}
	a.step(protocols.Input{Kind: protocols.InputCommand, Command: id, Data: data})
}

// to describes the messages to a replica that the last step sent.
func (a *alone) to(to protocols.NodeID) (names []string) {
	for _, s := range a.sent.Sends {
		if s.To == to {
			names = append(names, describe(s.Data))
		}
	}
	return names
}

// sends checks what the last step sent to a replica.
func (a *alone) sends(to protocols.NodeID, want ...string) {
	a.t.Helper()
	if got := a.to(to); !slices.Equal(got, want) {
		a.t.Errorf("%c is sent %q, want %q", 'a'+rune(to), got, want)
	}
}

// silent checks that the last step sent nothing.
func (a *alone) silent() {
	a.t.Helper()
	for _, s := range a.sent.Sends {
		a.t.Errorf("%c is sent %q, want nothing", 'a'+rune(s.To), describe(s.Data))
	}
}

// held returns an instance of the key x.
func (a *alone) held(column int, number uint64) *instance {
	return a.instance(a.register([]byte("x")), position{column, number})
}

// recovers lets the replica recover an instance of the key x.
func (a *alone) recovers(column int, number uint64) {
	a.do(func() { a.recover(a.held(column, number)) })
}

// command is a write of the key x, by a client of its own; a capital is a read.
func command(value byte) []byte {
	c := &kv.Command{Client: uint64(value), Seq: 1, Key: []byte("x"), Value: []byte{value}}
	if value < 'a' {
		c.Op, c.Value = kv.Op_GET, nil
	}
	data, err := protocols.Append(nil, c)
	if err != nil {
		panic(err) // an invalid message type
	}
	return data
}

// about returns a message about an instance of the key x.
func about(kind Kind, column int, number uint64, change ...func(*Message)) *Message {
	m := &Message{Kind: kind, Key: []byte("x"), Column: uint32(column), Number: number}
	for _, c := range change {
		c(m)
	}
	return m
}

// under says under which ballot.
func under(b protocols.Ballot) func(*Message) { return func(m *Message) { m.Ballot = uint64(b) } }

// with says which value: a command with Deps.
func with(value byte, deps ...uint64) func(*Message) {
	return func(m *Message) { m.Command, m.Deps = command(value), deps }
}

// report returns an answer to Recover: an accepted value, or a pre-accepted one with the submitter's Deps.
func report(phase Phase, valueBallot protocols.Ballot, initDeps ...uint64) func(*Message) {
	return func(m *Message) { m.Phase, m.ValueBallot, m.InitDeps = phase, uint64(valueBallot), initDeps }
}
