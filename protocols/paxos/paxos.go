// Package paxos is classic Paxos as a key-value store: one instance of Paxos decides the value
// of one version of one key, and the instances know nothing of each other.
//
// Every replica proposes what its own clients ask for. A write costs two round trips to the
// nearest quorum: prepare, to learn whether anything may have been chosen already, and accept.
//
// The rules, cited where they are kept:
//
//  1. Prepare is answered with the acceptor's state before the request; it is promised if the
//     ballot is at least the highest promised so far.
//  2. Accept is answered with the highest promised ballot before; the value is accepted if the
//     request's ballot is at least that.
//  3. A refusal is an answer too: it tells the higher ballot.
//  4. With promises of a quorum the proposer takes the value accepted under the highest ballot,
//     its own if there is none. Refused, it tries a ballot above all it has seen, after a random
//     time that doubles with each attempt, so that two proposers do not duel for ever.
//  5. A value accepted by a quorum is chosen. If it is another's, the write has lost this
//     version and tries the next.
//  6. A read is a proposal without a value for the version after the latest known: nothing
//     accepted means that the latest known is the latest. Anything accepted has to be chosen
//     first, and then the read goes on to the version after it: returning what it just helped
//     to choose would be stale if that was chosen long ago and overwritten since.
//  7. What is chosen is told to all (commit). An acceptor that knows a version chosen answers
//     with the choice and keeps nothing else of the instance.
//  8. Clients name a key only: a write proposes for the version after the latest known one.
//  9. A ballot is used by one proposer for one value of one instance: a proposer promises to
//     itself, durably, before it sends, and takes a ballot above its own promise.
//  10. Promises and accepted values are durable before they are told.
//
// Source: L. Lamport, Paxos made simple, 2001.
package paxos

//go:generate go run quorumbench/protocols/protogen protocols/paxos/paxos.proto

import (
	"fmt"
	"math/rand/v2"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
)

// Driver is classic Paxos.
var Driver = protocols.Driver{
	Name:       "paxos",
	Summary:    "classic Paxos, leaderless, one instance a version of a key: two round trips to the nearest quorum",
	New:        newReplica,
	Describe:   describe,
	Floor:      floor,
	Invariants: invariants,
}

// floor: prepare and accept each wait for the nearest quorum.
func floor(c protocols.Config) time.Duration {
	return 2 * c.Delays.QuorumRoundTrip(c.ID, quorum.Majority(c.Replicas))
}

type replica struct {
	id     protocols.NodeID
	n      int
	quorum int
	retry  time.Duration // how long a phase may take
	random *rand.Rand

	registers []*register // in the order met; the place is the timer's ID
	byKey     map[string]*register

	now time.Duration
	out *protocols.Outbox
	in  Message // reused for decoding
}

func newReplica(c protocols.Config) protocols.Node {
	q := quorum.Majority(c.Replicas)
	return &replica{
		id: c.ID, n: c.Replicas, quorum: q,
		retry:  protocols.Retry(c.Delays.QuorumRoundTrip(c.ID, q)),
		random: rand.New(rand.NewPCG(c.Seed, 1)),
		byKey:  map[string]*register{},
	}
}

// Step implements protocols.Node.
func (r *replica) Step(in *protocols.Input, out *protocols.Outbox) {
	r.now, r.out = in.Now, out
	switch in.Kind {
	case protocols.InputRestore:
		r.restore(in.Data)
	case protocols.InputCommand:
		r.onCommand(in.Command, in.Data)
	case protocols.InputTimer:
		r.onTimer(r.registers[in.Timer])
	case protocols.InputMessage:
		if protocols.Decode(in.Data, &r.in) == nil { // nothing but a replica of this driver sends; skip what is not ours
			r.onMessage(in.From, &r.in)
		}
	}
}

func (r *replica) onMessage(from protocols.NodeID, m *Message) {
	g := r.register(m.Key)
	switch kind := m.Kind.(type) {
	case *Message_Prepare:
		r.onPrepare(from, g, m.Version, protocols.Ballot(m.Ballot))
	case *Message_Promise:
		r.onPromise(from, g, m, kind.Promise)
	case *Message_Accept:
		r.onAccept(from, g, m.Version, protocols.Ballot(m.Ballot), kind.Accept.Value)
	case *Message_Accepted:
		r.onAccepted(from, g, m, kind.Accepted)
	case *Message_Commit:
		r.learn(g, m.Version, kind.Commit.Value)
		if len(g.ahead) > 0 { // an earlier commit was lost
			r.send(from, g, g.next(), 0, &Message_Fetch{Fetch: &Fetch{}})
		}
	case *Message_Fetch:
		r.tellDecided(from, g, m.Version, 0)
	case *Message_Decided:
		for i, value := range kind.Decided.Values {
			r.learn(g, m.Version+uint64(i), value)
		}
	}
}

func (r *replica) onCommand(id protocols.CommandID, data []byte) {
	var command kv.Command
	if err := protocols.Decode(data, &command); err != nil {
		panic(fmt.Sprintf("paxos: command %v is not a kv.Command: %v", id, err)) // made by the host of this replica
	}
	g := r.register(command.Key)
	if result, done := g.store.Result(id); done {
		r.out.Answer(id, result)
		return
	}
	w := &wish{id: id}
	if command.Op == kv.Op_PUT {
		w.value = append([]byte{}, data...)
	}
	if g.add(w) {
		r.propose(g)
	}
}

// message fills in what all kinds share.
func message[K isMessage_Kind](g *register, version uint64, b protocols.Ballot, kind K) *Message {
	return &Message{Key: g.key, Version: version, Ballot: uint64(b), Kind: kind}
}

func (r *replica) send(to protocols.NodeID, g *register, version uint64, b protocols.Ballot, kind isMessage_Kind) {
	r.out.Send(to, message(g, version, b, kind))
}

func (r *replica) broadcast(g *register, version uint64, b protocols.Ballot, kind isMessage_Kind) {
	r.out.Broadcast(r.id, r.n, message(g, version, b, kind))
}
