package prototest

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/netem/sim"
	"quorumbench/protocols"
	standard "quorumbench/protocols/client"
	"quorumbench/protocols/host"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
)

// SnapshotEvery is how many commands, or records, lie between two snapshots of a replica of a Cluster, if its Network
// does not say. It is small, so that a few hundred commands lead to snapshots, and to followers that need one.
const SnapshotEvery = 100

// Network says how messages travel in a Cluster.
type Network struct {
	// Delays are one way, between places. The first of them have a replica each; there are clients at all.
	Delays    protocols.Delays
	Replicas  int           // how many replicas there are; 0: as many as places
	Witnesses quorum.Set    // those of them that hold no commands; the driver must have them
	Members   int           // how many of these are members at first, if the membership is to change; 0: all, for ever
	Retry     time.Duration // after which a client asks another replica; 0: never
	Jitter    time.Duration // each message is late by 0 … Jitter: above zero messages overtake each other
	Loss      float64       // share of messages lost, 0 … 1
	Duplicate float64       // share of messages that arrive twice, 0 … 1
	// Rate, if set, returns how many bytes a link carries a second, zero for any: messages wait for those
	// before them.
	Rate func(from, to protocols.NodeID) int
	// Persist is how long it takes to make the records of a batch durable. A crash in the meantime keeps a
	// part of them.
	Persist time.Duration
	// NeverRestarts is what replicas are told by protocols.Config; nobody may call Restart then.
	NeverRestarts bool
	// SnapshotEvery and SnapshotStep are those of protocols.Config; zero: the constant SnapshotEvery, and the usual one.
	SnapshotEvery uint64
	SnapshotStep  int
	// Drop, if set, is asked about every message and returns true to lose it.
	Drop func(from, to protocols.NodeID, message []byte) bool
}

// Cluster is a number of replicas of one driver in virtual time, and a client node at each place: see Put
// and Get. Not safe for use by several goroutines.
type Cluster struct {
	Network Network
	// Answers holds the first answer to every command that has been answered.
	Answers map[protocols.CommandID]Answer
	// Replicas are the hosts of the replicas, by NodeID.
	Replicas []*Replica

	clients []*client // by place
	t       testing.TB
	driver  protocols.Driver
	leader  protocols.NodeID
	seed    uint64
	random  *rand.Rand
	loop    sim.Loop[func()]
	instant time.Duration     // when the latest event was
	atOnce  int               // how many have been at that time
	beside  []func()          // messages between nodes at one place, which arrive at once
	seqs    map[uint64]uint64 // the last sequence number of each client
	trace   hash.Hash

	free    map[[2]protocols.NodeID]time.Duration // when a link has carried all that it was given
	history map[protocols.CommandID]*issued
	agreed  host.Agreement
	asked   uint64                       // the number of the last request for another membership
	ordered map[protocols.CommandID]bool // the commands that any replica has committed
	watcher protocols.InstanceWatcher    // of the driver; nil if it has none
}

// Answer is what a client got.
type Answer struct {
	At      time.Duration // when, since the run began
	Latency time.Duration // since the command was first handed to a replica
	Result  *kv.Result
	Count   int // how often it was answered
}

// Replica is one replica with its disk. It implements host.World and host.Watcher.
type Replica struct {
	Node    protocols.Node
	Alive   bool
	Commits []protocols.Commit // of this incarnation, in the order they were told; with bytes of their own
	Marks   []Mark             // of all incarnations
	Disk    Disk               // what a new incarnation is restored from

	cluster *Cluster
	id      protocols.NodeID
	host    *host.Host
	at      host.Position
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

// NewCluster starts a cluster with one replica for each row of the network's delays. The leader
// is ignored by drivers without one.
func NewCluster(t testing.TB, driver protocols.Driver, network Network, leader protocols.NodeID, seed uint64) *Cluster {
	t.Helper()
	if !driver.HasLeader {
		leader = protocols.Nobody
	}
	c := &Cluster{
		Network: network, Answers: map[protocols.CommandID]Answer{},
		t: t, driver: driver, leader: leader, seed: seed,
		random: rand.New(rand.NewPCG(seed, 0)),
		seqs:   map[uint64]uint64{}, trace: sha256.New(),
		free:    map[[2]protocols.NodeID]time.Duration{},
		history: map[protocols.CommandID]*issued{}, ordered: map[protocols.CommandID]bool{},
	}
	n := cmp.Or(network.Replicas, len(network.Delays))
	if _, err := driver.Complete(protocols.Config{Members: protocols.Members(cmp.Or(network.Members, n)), Witnesses: network.Witnesses}); err != nil {
		t.Fatalf("the driver refuses %d replicas with the witnesses %v: %v", n, network.Witnesses, err)
	}
	if driver.Watch != nil {
		c.watcher = driver.Watch()
	}
	for id := range n {
		c.Replicas = append(c.Replicas, c.newReplica(protocols.NodeID(id)))
	}
	for place := range network.Delays {
		c.clients = append(c.clients, c.newClient(place))
	}
	for id := range c.Replicas {
		c.Restart(protocols.NodeID(id))
	}
	return c
}

// newReplica makes a replica that is not running yet.
func (c *Cluster) newReplica(id protocols.NodeID) *Replica {
	r := &Replica{cluster: c, id: id}
	r.Disk.replica = r
	var instances func(protocols.InstanceEvent)
	if c.watcher != nil {
		instances = c.watcher.Note
	}
	r.host = host.New(host.Config{
		Instances: instances,
		World:     r, Disk: &r.Disk, Watch: r,
		Breach: func(err error) { c.t.Errorf("seed %d: replica %d %v", c.seed, id, err) },
		New:    func(uint64) protocols.Node { return c.driver.New(c.config(id)) },
	})
	return r
}

// Now is the virtual time since the cluster was made.
func (c *Cluster) Now() time.Duration { return c.loop.Now() }

// At runs do at a virtual time, before anything else that is due then and was asked for later.
func (c *Cluster) At(at time.Duration, do func()) { c.loop.At(at, do) }

// Run plays all that happens up to and including the given virtual time.
func (c *Cluster) Run(until time.Duration) {
	c.t.Helper()
	c.loop.Run(until, func(happen func()) {
		if c.atOnce++; c.Now() > c.instant {
			c.instant, c.atOnce = c.Now(), 0
		}
		if c.atOnce > mostAtOnce {
			c.t.Fatalf("seed %d: more than %d events at %v: a timer of no duration is set again and again", c.seed, mostAtOnce, c.Now())
		}
		happen()
		c.arrive()
	})
}

// mostAtOnce is how many events may happen at one instant before a test is ended that would not end by itself.
const mostAtOnce = 10_000

// RunUntilAnswered plays until every command is answered that was issued and not given up, or
// the time is over, which is an error.
func (c *Cluster) RunUntilAnswered(limit time.Duration) {
	c.t.Helper()
	for end := c.Now() + limit; c.unanswered() > 0 && c.Now() < end; {
		c.Run(c.Now() + 10*time.Millisecond)
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

// Put has the client node at a place write for the given client, and returns the command's ID. A client
// beside a replica asks it; one elsewhere asks the nearest.
func (c *Cluster) Put(to protocols.NodeID, client uint64, key, value string) protocols.CommandID {
	return c.issue(to, &kv.Command{Client: client, Op: kv.Op_PUT, Key: []byte(key), Value: []byte(value)})
}

// Get has the client node at a place read for the given client, and returns the command's ID.
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

// Hand gives a command to the client node at a place, under an ID of the caller's choice: a client's retry.
func (c *Cluster) Hand(to protocols.NodeID, id protocols.CommandID, command *kv.Command) {
	command.Client, command.Seq = id.Client, id.Seq
	data, err := proto.Marshal(command)
	if err != nil {
		c.t.Fatalf("encoding a command: %v", err)
	}
	if known := c.history[id]; known != nil {
		known.retried = true
	} else {
		c.history[id] = &issued{at: c.Now(), to: to, key: string(command.Key), value: string(command.Value), read: command.Op == kv.Op_GET}
	}
	client := c.clients[to]
	client.host.Command(id, data, c.Now())
	client.host.Release()
	c.arrive()
}

// Marked counts how often some replicas, all if none are named, have made a mark, in all their incarnations.
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

// Crash ends a replica's incarnation; its disk stays. The commands it was given and has not answered
// are given up: their clients live and fall with it.
func (c *Cluster) Crash(id protocols.NodeID) {
	r := c.Replicas[id]
	r.host.Crash()
	r.Alive, r.Node = false, nil
	for _, command := range c.history {
		command.given = command.given || command.to == id
	}
}

// Restart begins a new incarnation of a replica from its disk, at once.
func (c *Cluster) Restart(id protocols.NodeID) {
	r := c.Replicas[id]
	r.Alive, r.Commits, r.at = true, nil, host.Position{}
	r.host.Restore()
	r.Node = r.host.Node()
	r.host.Release()
	r.host.Start()
	r.host.Release()
	c.arrive()
}

// Membership hands a request for another membership to some replicas, all if none are named, as an operator does: its
// number is higher than those before, and its text as package membership reads it.
func (c *Cluster) Membership(text string, to ...protocols.NodeID) {
	c.asked++
	for _, r := range c.Replicas {
		if len(to) == 0 || slices.Contains(to, r.id) {
			r.host.Membership(c.asked, text)
			r.host.Release()
		}
	}
	c.arrive()
}

// config is what a replica knows in its present incarnation.
func (c *Cluster) config(id protocols.NodeID) protocols.Config {
	members, changing := len(c.Replicas), 0
	if c.Network.Members > 0 {
		members, changing = c.Network.Members, len(c.Replicas)
	}
	return c.driver.MustComplete(protocols.Config{
		ID: id, Members: protocols.Members(members), Replicas: changing, Witnesses: c.Network.Witnesses, Leader: c.leader, Delays: c.betweenReplicas(),
		Seed:          c.seed<<16 + uint64(id)<<8 + c.Replicas[id].host.Incarnation(),
		NeverRestarts: c.Network.NeverRestarts,
		SnapshotEvery: cmp.Or(c.Network.SnapshotEvery, SnapshotEvery), SnapshotStep: c.Network.SnapshotStep,
	})
}

// betweenReplicas are the delays of the places that have replicas.
func (c *Cluster) betweenReplicas() protocols.Delays {
	n := len(c.Replicas)
	delays := make(protocols.Delays, n)
	for i := range delays {
		delays[i] = c.Network.Delays[i][:n]
	}
	return delays
}

// TraceHash sums up every input and every effect so far.
func (c *Cluster) TraceHash() string { return fmt.Sprintf("%x", c.trace.Sum(nil)) }

// Before implements host.Watcher.
func (r *Replica) Before(in *protocols.Input) {
	r.cluster.note(r.id, byte(in.Kind), in.Data, uint64(in.Now), uint64(in.From), uint64(in.Timer), in.Command.Client, in.Command.Seq)
}

// After implements host.Watcher. It overwrites the input, so that a node that has kept a part of it
// shows itself.
func (r *Replica) After(in *protocols.Input, out *protocols.Outbox) {
	for i := range in.Data {
		in.Data[i] ^= 0x55
	}
	for i := range out.Records {
		r.cluster.note(r.id, 'P', out.Records[i].Data)
	}
	for _, change := range out.Timers {
		r.cluster.note(r.id, 'T', nil, uint64(change.ID), uint64(change.After))
	}
}

// Now implements host.World.
func (r *Replica) Now() time.Duration { return r.cluster.Now() }

// Send implements host.World.
func (r *Replica) Send(messages []protocols.Send) {
	for _, m := range messages {
		r.cluster.note(r.id, 'S', m.Data, uint64(m.To))
		r.cluster.transmit(r.id, m.To, m.Data)
	}
}

// Wake implements host.World.
func (r *Replica) Wake(at time.Duration, timer protocols.TimerID, setting uint64) {
	r.cluster.At(at, func() {
		r.host.Fire(timer, setting, r.Now())
		r.host.Release()
	})
}

// Commit implements host.World. It holds the commit against what was committed before at the same place.
func (r *Replica) Commit(commit protocols.Commit) {
	c := r.cluster
	c.note(r.id, 'C', commit.Command, commit.Slot.Index, commit.ID.Client, commit.ID.Seq)
	if commit.Adopted {
		c.note(r.id, 'B', []byte(commit.Slot.Key))
	} else {
		c.ordered[name(commit.Command)] = true
	}
	if err := c.agreed.Apply(r.at, commit); err != nil {
		c.t.Errorf("seed %d: replica %d %v", c.seed, r.id, err)
	}
	commit.Command = bytes.Clone(commit.Command)
	r.Commits = append(r.Commits, commit)
}

// Mark implements host.World.
func (r *Replica) Mark(mark protocols.Mark, _ time.Duration) {
	r.cluster.note(r.id, 'M', []byte(mark.Event), mark.ID.Client, mark.ID.Seq, uint64(mark.Value))
	r.Marks = append(r.Marks, Mark{mark, r.Now()})
}

// Answer implements host.World.
func (r *Replica) Answer(to protocols.NodeID, a protocols.Answer) {
	r.cluster.note(r.id, 'A', a.Result, a.ID.Client, a.ID.Seq)
	r.cluster.transmit(r.id, to, standard.AppendAnswer(nil, a))
}

// Order returns the commands of an order, from the first slot up to the first that no replica has
// committed in any incarnation. Drivers with one log have the empty key.
func (c *Cluster) Order(key string) [][]byte {
	var order [][]byte
	for {
		command, committed := c.agreed.At(protocols.Slot{Key: key, Index: uint64(len(order)) + 1})
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
	c.Answers[a.ID] = Answer{At: c.Now(), Latency: c.Now() - c.history[a.ID].at, Result: result, Count: 1}
}

// place is where a node is.
func (c *Cluster) place(id protocols.NodeID) int {
	if int(id) < len(c.Replicas) {
		return int(id)
	}
	return int(id) - len(c.Replicas)
}

// receive hands a message to a node.
func (c *Cluster) receive(to, from protocols.NodeID, data []byte) {
	if int(to) >= len(c.Replicas) {
		c.clients[c.place(to)].receive(from, data)
		return
	}
	r := c.Replicas[to]
	if int(from) >= len(c.Replicas) && c.driver.Client == nil {
		r.host.Request(from, data, c.Now())
	} else {
		r.host.Message(from, data, c.Now())
	}
	r.host.Release()
}

// arrive hands over what nodes at one place have sent each other.
func (c *Cluster) arrive() {
	for len(c.beside) > 0 {
		next := c.beside[0]
		c.beside = c.beside[1:]
		next()
	}
}

// transmit puts a message on its way. Nodes at one place reach each other at once, whatever the network
// does.
func (c *Cluster) transmit(from, to protocols.NodeID, data []byte) {
	if to < 0 || int(to) >= len(c.Replicas)+len(c.clients) || to == from {
		c.t.Errorf("seed %d: node %d sends to node %d", c.seed, from, to)
		return
	}
	data = bytes.Clone(data)
	if c.place(from) == c.place(to) {
		c.beside = append(c.beside, func() { c.receive(to, from, data) })
		return
	}
	copies := 1
	if c.Network.Duplicate > 0 && c.random.Float64() < c.Network.Duplicate {
		copies = 2
	}
	if c.Network.Loss > 0 && c.random.Float64() < c.Network.Loss ||
		c.Network.Drop != nil && c.Network.Drop(from, to, data) {
		copies = 0
	}
	for range copies {
		late := time.Duration(0)
		if c.Network.Jitter > 0 {
			late = time.Duration(c.random.Int64N(int64(c.Network.Jitter)))
		}
		late += c.queue(from, to, len(data))
		data := bytes.Clone(data) // each copy is overwritten when it has been taken
		c.At(c.Now()+c.Network.Delays[c.place(from)][c.place(to)]+late, func() { c.receive(to, from, data) })
	}
}

// queue returns how long a message takes to get onto a link of limited rate.
func (c *Cluster) queue(from, to protocols.NodeID, size int) time.Duration {
	if c.Network.Rate == nil || c.Network.Rate(from, to) == 0 {
		return 0
	}
	const around = 60 // bytes of headers
	link := [2]protocols.NodeID{from, to}
	c.free[link] = max(c.free[link], c.Now()) + time.Duration(size+around)*time.Second/time.Duration(c.Network.Rate(from, to))
	return c.free[link] - c.Now()
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
