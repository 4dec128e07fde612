//go:build !js

package run

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"quorumbench/bench/system"
	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// systemClients are the clients of a place that talk to a system. Each command has a goroutine of its own until it is answered.
// They ask one node, and the next one when that does not answer; a command whose fate is unknown is not sent again, since it
// could take effect twice.
type systemClients struct {
	cluster    *cluster
	place      *place
	box        *mailbox
	clients    []system.Client // in the order in which they are asked
	impatience time.Duration   // after so long without an answer the next commands go to another node; 0: never
	wait       time.Duration   // how long a command is waited for

	asked   atomic.Int32 // the index of the client that is asked now
	probing atomic.Bool  // whether somebody looks for the first one to come back
}

const (
	refusedAgain = 50 * time.Millisecond // after which a command that was not taken is sent again
	probeEvery   = time.Second           // how often the first node is tried while another one is asked
	probeKey     = "is it back"          // that nobody writes
)

// command issues a command of the load, encoded as a kv.Command.
func (s *systemClients) command(id protocols.CommandID, data []byte) {
	var command kv.Command
	if err := protocols.Decode(data, &command); err != nil {
		panic(fmt.Sprintf("run: decoding a command: %v", err)) // it was encoded here: a programming error
	}
	key, value := append([]byte{}, command.Key...), append([]byte{}, command.Value...)
	go func() {
		answer, err := s.do(command.Op, key, value)
		if err != nil {
			return // its fate is unknown: it counts as not answered
		}
		s.box.put(event{kind: callEvent, do: func() {
			s.place.clients.Answer(protocols.Nobody, protocols.Answer{ID: id, Result: answer})
		}})
	}()
}

// do carries out a command and returns its result as a kv.Result.
func (s *systemClients) do(op kv.Op, key, value []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), s.wait)
	defer cancel()
	for {
		at := s.asked.Load()
		done := s.impatient(at)
		answer, err := carryOut(ctx, s.clients[at], op, key, value)
		done()
		if err == nil {
			return answer, nil
		}
		s.leave(at)
		if !errors.Is(err, system.ErrRefused) || ctx.Err() != nil {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(refusedAgain):
		}
	}
}

// carryOut carries out a command through a client.
func carryOut(ctx context.Context, c system.Client, op kv.Op, key, value []byte) ([]byte, error) {
	if op == kv.Op_PUT {
		return kv.PutResult, c.Put(ctx, key, value)
	}
	found, err := c.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	read := &kv.Result{Outcome: kv.Outcome_NOTED, Value: found}
	if found != nil {
		read.Version = 1 // systems have no versions; the load asks only whether the key is there
	}
	return protocols.Append(nil, read)
}

// impatient leaves a client when a command is not answered in time; done says that it was.
func (s *systemClients) impatient(at int32) (done func()) {
	if s.impatience == 0 {
		return func() {}
	}
	timer := time.AfterFunc(s.impatience, func() { s.leave(at) })
	return func() { timer.Stop() }
}

// leave lets the next commands go to the client after this one, until the first one is back.
func (s *systemClients) leave(at int32) {
	if len(s.clients) < 2 || !s.asked.CompareAndSwap(at, (at+1)%int32(len(s.clients))) {
		return
	}
	if s.probing.CompareAndSwap(false, true) {
		time.AfterFunc(probeEvery, s.probe)
	}
}

// probe asks the first client again when it answers a read.
func (s *systemClients) probe() {
	if s.cluster.isClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeEvery)
	defer cancel()
	if _, err := s.clients[0].Get(ctx, []byte(probeKey)); err != nil {
		time.AfterFunc(probeEvery, s.probe)
		return
	}
	s.probing.Store(false)
	s.asked.Store(0)
}

func (c *cluster) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}
