// Package prototest puts a protocol driver through the contract of package protocols.
//
// [Conformance] is the suite that every driver has to pass. [Cluster] is what the suite and a
// driver's own tests stand on: replicas of one driver in virtual time, with losses, duplicates,
// delays and crashes that follow from a seed.
package prototest

import (
	"bytes"
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// Network says how messages travel in a Cluster.
type Network struct {
	Delays    protocols.Delays
	Jitter    time.Duration // each message is late by 0 … Jitter: above zero messages overtake each other
	Loss      float64       // share of messages lost, 0 … 1
	Duplicate float64       // share of messages that arrive twice, 0 … 1
	// Rate, if set, returns how many bytes a link carries a second, zero for any: messages wait for those
	// before them.
	Rate func(from, to protocols.NodeID) int
	// Drop, if set, is asked about every message and returns true to lose it.
	Drop func(from, to protocols.NodeID, message []byte) bool
}

// Cluster is a number of replicas of one driver in virtual time. It also plays the clients:
// see Put and Get. Not safe for use by several goroutines.
type Cluster struct {
	Network Network
	// Answers holds the first answer to every command that has been answered.
	Answers map[protocols.CommandID]Answer
	// Replicas are the hosts of the replicas, by NodeID.
	Replicas []*Replica

	t      testing.TB
	driver protocols.Driver
	leader protocols.NodeID
	seed   uint64
	random *rand.Rand
	now    time.Duration
	events eventHeap
	serial uint64
	seqs   map[uint64]uint64 // the last sequence number of each client
	trace  hash.Hash

	free    map[[2]protocols.NodeID]time.Duration // when a link has carried all that it was given
	history map[protocols.CommandID]*issued
	agreed  map[protocols.Slot][]byte // what any replica, in any life, has committed
}

// Answer is what a client got.
type Answer struct {
	At      time.Duration // when, since the run began
	Latency time.Duration // since the command was first handed to a replica
	Result  *kv.Result
	Count   int // how often it was answered
}

// Replica is one replica with its disk.
type Replica struct {
	Node    protocols.Node
	Alive   bool
	Commits []protocols.Commit // of this life, in the order they were told; with bytes of their own
	Marks   []Mark             // of all lives
	Disk    [][]byte           // what a new life is restored from

	id     protocols.NodeID
	out    protocols.Outbox
	timers map[protocols.TimerID]uint64 // serial of the pending event of each timer
	life   int
}

// Mark is a mark and when it was made.
type Mark struct {
	protocols.Mark
	At time.Duration
}

// issued is a command as its client sees it.
type issued struct {
	at      time.Duration
	to      protocols.NodeID
	key     string
	value   string // that a write writes
	read    bool
	retried bool
	given   bool // up: it need not be answered
}

type event struct {
	at     time.Duration
	serial uint64
	to     protocols.NodeID
	life   int // of the receiver, for timers: a crash voids them
	input  protocols.Input
	do     func()
}

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].serial < h[j].serial
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// NewCluster starts a cluster with one replica for each row of the network's delays. The leader
// is ignored by drivers without one.
func NewCluster(t testing.TB, driver protocols.Driver, network Network, leader protocols.NodeID, seed uint64) *Cluster {
	t.Helper()
	driver = With(driver, nil)
	if !driver.HasLeader {
		leader = protocols.Nobody
	}
	c := &Cluster{
		Network: network, Answers: map[protocols.CommandID]Answer{},
		t: t, driver: driver, leader: leader, seed: seed,
		random: rand.New(rand.NewPCG(seed, 0)),
		seqs:   map[uint64]uint64{}, trace: sha256.New(),
		free:    map[[2]protocols.NodeID]time.Duration{},
		history: map[protocols.CommandID]*issued{}, agreed: map[protocols.Slot][]byte{},
	}
	if err := driver.CheckReplicas(len(network.Delays)); err != nil {
		t.Fatalf("the driver refuses %d replicas: %v", len(network.Delays), err)
	}
	for id := range network.Delays {
		c.Replicas = append(c.Replicas, &Replica{id: protocols.NodeID(id)})
	}
	for id := range c.Replicas {
		c.Restart(protocols.NodeID(id))
	}
	return c
}

// Now is the virtual time since the cluster was made.
func (c *Cluster) Now() time.Duration { return c.now }

// At runs do at a virtual time, before anything else that is due then and was asked for later.
func (c *Cluster) At(at time.Duration, do func()) { c.push(event{at: at, do: do}) }

// Run plays all that happens up to and including the given virtual time.
func (c *Cluster) Run(until time.Duration) {
	c.t.Helper()
	for len(c.events) > 0 && c.events[0].at <= until {
		e := heap.Pop(&c.events).(event)
		c.now = max(c.now, e.at)
		if e.do != nil {
			e.do()
			continue
		}
		r := c.Replicas[e.to]
		if !r.Alive || e.input.Kind == protocols.InputTimer && (e.life != r.life || r.timers[e.input.Timer] != e.serial) {
			continue
		}
		if e.input.Kind == protocols.InputTimer {
			delete(r.timers, e.input.Timer)
		}
		c.step(r, e.input)
	}
	c.now = max(c.now, until)
}

// RunUntilAnswered plays until every command is answered that was issued and not given up, or
// the time is over, which is an error.
func (c *Cluster) RunUntilAnswered(limit time.Duration) {
	c.t.Helper()
	for end := c.now + limit; c.unanswered() > 0 && c.now < end; {
		c.Run(c.now + 10*time.Millisecond)
	}
	if missing := c.unanswered(); missing > 0 {
		c.t.Errorf("seed %d: %d of %d commands are unanswered after %v", c.seed, missing, len(c.history), limit)
	}
}

func (c *Cluster) unanswered() int {
	n := 0
	for id, issued := range c.history {
		if _, answered := c.Answers[id]; !answered && !issued.given {
			n++
		}
	}
	return n
}

// Put hands a write of the given client to a replica and returns its ID.
func (c *Cluster) Put(to protocols.NodeID, client uint64, key, value string) protocols.CommandID {
	return c.issue(to, &kv.Command{Client: client, Op: kv.Op_PUT, Key: []byte(key), Value: []byte(value)})
}

// Get hands a read of the given client to a replica and returns its ID.
func (c *Cluster) Get(to protocols.NodeID, client uint64, key string) protocols.CommandID {
	return c.issue(to, &kv.Command{Client: client, Op: kv.Op_GET, Key: []byte(key)})
}

func (c *Cluster) issue(to protocols.NodeID, command *kv.Command) protocols.CommandID {
	c.seqs[command.Client]++
	command.Seq = c.seqs[command.Client]
	id := protocols.CommandID{Client: command.Client, Seq: command.Seq}
	c.Hand(to, id, command)
	return id
}

// Hand gives a command to a replica under an ID of the caller's choice: a client's retry.
func (c *Cluster) Hand(to protocols.NodeID, id protocols.CommandID, command *kv.Command) {
	command.Client, command.Seq = id.Client, id.Seq
	data, err := proto.Marshal(command)
	if err != nil {
		c.t.Fatalf("encoding a command: %v", err)
	}
	if known := c.history[id]; known != nil {
		known.retried = true
	} else {
		c.history[id] = &issued{at: c.now, to: to, key: string(command.Key), value: string(command.Value), read: command.Op == kv.Op_GET}
	}
	if c.Replicas[to].Alive {
		c.step(c.Replicas[to], protocols.Input{Kind: protocols.InputCommand, Command: id, Data: data})
	}
}

// Marked counts how often some replicas, all if none are named, have made a mark, in all their lives.
func (c *Cluster) Marked(event string, by ...protocols.NodeID) (n int) {
	for _, r := range c.Replicas {
		if len(by) > 0 && !slices.Contains(by, r.id) {
			continue
		}
		for _, m := range r.Marks {
			if m.Event == event {
				n++
			}
		}
	}
	return n
}

// Crash ends a replica's life; its disk stays. The commands it was given and has not answered
// are given up: their clients live and fall with it.
func (c *Cluster) Crash(id protocols.NodeID) {
	r := c.Replicas[id]
	r.Alive, r.Node = false, nil
	r.life++
	for _, command := range c.history {
		command.given = command.given || command.to == id
	}
}

// Restart begins a new life of a replica from its disk, at once.
func (c *Cluster) Restart(id protocols.NodeID) {
	r := c.Replicas[id]
	r.Node = c.driver.New(c.config(id))
	r.Alive, r.Commits, r.timers = true, nil, map[protocols.TimerID]uint64{}
	for _, record := range slices.Clone(r.Disk) {
		c.step(r, protocols.Input{Kind: protocols.InputRestore, Data: bytes.Clone(record)})
	}
	c.step(r, protocols.Input{Kind: protocols.InputStart})
}

// config is what a replica knows in its present life.
func (c *Cluster) config(id protocols.NodeID) protocols.Config {
	return protocols.Config{
		ID: id, Replicas: len(c.Replicas), Leader: c.leader, Delays: c.Network.Delays,
		Seed: c.seed<<16 + uint64(id)<<8 + uint64(c.Replicas[id].life),
	}
}

// TraceHash sums up every input and every effect so far.
func (c *Cluster) TraceHash() string { return fmt.Sprintf("%x", c.trace.Sum(nil)) }

func (c *Cluster) push(e event) uint64 {
	c.serial++
	e.serial = c.serial
	heap.Push(&c.events, e)
	return e.serial
}

func (c *Cluster) step(r *Replica, in protocols.Input) {
	in.Now = c.now
	restoring := in.Kind == protocols.InputRestore
	c.note(r.id, byte(in.Kind), in.Data, uint64(in.Now), uint64(in.From), uint64(in.Timer), in.Command.Client, in.Command.Seq)
	r.out.Reset()
	r.Node.Step(&in, &r.out)
	for i := range in.Data { // a borrow that was kept shows itself
		in.Data[i] ^= 0x55
	}
	if restoring && len(r.out.Sends)+len(r.out.Records)+len(r.out.Answers)+len(r.out.Timers) > 0 {
		c.t.Errorf("seed %d: replica %d acts on the world while it is being restored", c.seed, r.id)
	}
	for _, record := range r.out.Records {
		c.note(r.id, 'P', record.Data)
		if record.Snapshot {
			r.Disk = nil
		}
		r.Disk = append(r.Disk, bytes.Clone(record.Data))
	}
	for _, s := range r.out.Sends {
		c.note(r.id, 'S', s.Data, uint64(s.To))
		c.send(r.id, s)
	}
	for _, change := range r.out.Timers {
		c.note(r.id, 'T', nil, uint64(change.ID), uint64(change.After))
		delete(r.timers, change.ID)
		if !change.Stop {
			r.timers[change.ID] = c.push(event{at: c.now + change.After, to: r.id, life: r.life,
				input: protocols.Input{Kind: protocols.InputTimer, Timer: change.ID}})
		}
	}
	for _, commit := range r.out.Commits {
		c.note(r.id, 'C', commit.Command, commit.Slot.Index, commit.ID.Client, commit.ID.Seq)
		if commit.Adopted {
			c.note(r.id, 'B', []byte(commit.Slot.Key))
		}
		commit.Command = bytes.Clone(commit.Command)
		r.Commits = append(r.Commits, commit)
		c.agree(r.id, commit)
	}
	for _, mark := range r.out.Marks {
		c.note(r.id, 'M', []byte(mark.Event), mark.ID.Client, mark.ID.Seq, uint64(mark.Value))
		r.Marks = append(r.Marks, Mark{mark, c.now})
	}
	for _, answer := range r.out.Answers {
		c.note(r.id, 'A', answer.Result, answer.ID.Client, answer.ID.Seq)
		c.answer(answer)
	}
}

// agree holds a commit against what was committed before at the same place.
func (c *Cluster) agree(id protocols.NodeID, commit protocols.Commit) {
	c.t.Helper()
	if commit.Adopted {
		return
	}
	first, known := c.agreed[commit.Slot]
	if known && !bytes.Equal(first, commit.Command) {
		c.t.Errorf("seed %d: replica %d holds %v at %v, another %v", c.seed, id, name(commit.Command), commit.Slot, name(first))
	}
	c.agreed[commit.Slot] = commit.Command
}

// Order returns the commands of an order, from the first slot up to the first that no replica has
// committed in any life. Drivers with one log have the empty key.
func (c *Cluster) Order(key string) [][]byte {
	var order [][]byte
	for {
		command, committed := c.agreed[protocols.Slot{Key: key, Index: uint64(len(order)) + 1}]
		if !committed {
			return order
		}
		order = append(order, command)
	}
}

func (c *Cluster) answer(a protocols.Answer) {
	if first, again := c.Answers[a.ID]; again {
		first.Count++
		c.Answers[a.ID] = first
		return
	}
	if c.history[a.ID] == nil {
		c.t.Errorf("seed %d: an answer to %v, which nobody issued", c.seed, a.ID)
		return
	}
	result := &kv.Result{}
	if err := protocols.Decode(a.Result, result); err != nil {
		c.t.Errorf("seed %d: the answer to %v is not a kv.Result: %v", c.seed, a.ID, err)
	}
	c.Answers[a.ID] = Answer{At: c.now, Latency: c.now - c.history[a.ID].at, Result: result, Count: 1}
}

func (c *Cluster) send(from protocols.NodeID, s protocols.Send) {
	if s.To < 0 || int(s.To) >= len(c.Replicas) || s.To == from {
		c.t.Errorf("seed %d: replica %d sends to node %d", c.seed, from, s.To)
		return
	}
	copies := 1
	if c.Network.Duplicate > 0 && c.random.Float64() < c.Network.Duplicate {
		copies = 2
	}
	if c.Network.Loss > 0 && c.random.Float64() < c.Network.Loss ||
		c.Network.Drop != nil && c.Network.Drop(from, s.To, s.Data) {
		copies = 0
	}
	for range copies {
		late := time.Duration(0)
		if c.Network.Jitter > 0 {
			late = time.Duration(c.random.Int64N(int64(c.Network.Jitter)))
		}
		late += c.queue(from, s.To, len(s.Data))
		c.push(event{at: c.now + c.Network.Delays[from][s.To] + late, to: s.To,
			input: protocols.Input{Kind: protocols.InputMessage, From: from, Data: bytes.Clone(s.Data)}})
	}
}

// queue returns how long a message takes to get onto a link of limited rate.
func (c *Cluster) queue(from, to protocols.NodeID, size int) time.Duration {
	if c.Network.Rate == nil || c.Network.Rate(from, to) == 0 {
		return 0
	}
	const around = 60 // bytes of headers
	link := [2]protocols.NodeID{from, to}
	c.free[link] = max(c.free[link], c.now) + time.Duration(size+around)*time.Second/time.Duration(c.Network.Rate(from, to))
	return c.free[link] - c.now
}

func (c *Cluster) note(id protocols.NodeID, what byte, data []byte, numbers ...uint64) {
	var b [9]byte
	b[0] = what
	binary.LittleEndian.PutUint64(b[1:], uint64(id))
	c.trace.Write(b[:])
	for _, n := range numbers {
		binary.LittleEndian.PutUint64(b[1:], n)
		c.trace.Write(b[1:])
	}
	binary.LittleEndian.PutUint64(b[1:], uint64(len(data)))
	c.trace.Write(b[1:])
	c.trace.Write(data)
}
