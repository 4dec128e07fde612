package async

import (
	"fmt"
	"slices"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// Driver is asynchronous replication.
var Driver = protocols.Driver{
	Name:            "async",
	Summary:         "answers at once and replicates later; the last writer wins: promises nothing",
	Baseline:        true,
	PromisesNothing: true,
	New:             newReplica,
	Describe:        describe,
	Floor:           func(protocols.Config) time.Duration { return 0 }, // the disk may take time, no other replica does
	Invariants:      invariants,
}

// Measures of this driver.
const (
	measureConflict = "conflicting write" // 1 for each write that, while it is the latest at its own replica, meets one that has not seen it and that it has not seen
	measureLost     = "lost update"       // 1 for each of these that is overwritten
)

type replica struct {
	config  protocols.Config
	id      int
	period  time.Duration // between two rounds of rule 5
	applied []uint64      // of each stream, how many writes
	streams []stream      // the writes that somebody may lack
	peers   []peer        // by replica
	stamp   uint64        // the highest seen
	keys    map[string]*key
	clients map[uint64]*client

	timerSet    bool
	restoring   bool
	logged      int // records since the last snapshot
	loggedBytes int
	snapshot    int // bytes of the last snapshot

	now     time.Duration
	out     *protocols.Outbox
	command kv.Command
}

// stream holds writes of one replica, without gaps, up to the last that is applied here.
type stream struct {
	name string // the key of its slots
	held []*Write
}

// peer is what is known of another replica.
type peer struct {
	applied []uint64      // of each stream, at least
	sentAt  time.Duration // when it was last sent what it lacked
}

// key is the state of a key.
type key struct {
	version uint64
	value   []byte
	latest  *Write   // which has won
	seen    []uint64 // by stream, how many writes of the key are applied
}

func newReplica(c protocols.Config) protocols.Node {
	n := c.Size()
	r := &replica{
		config: c, id: int(c.ID), period: protocols.Retry(c.Delays.MaxRoundTrip()), applied: make([]uint64, n),
		keys: map[string]*key{}, clients: map[uint64]*client{},
	}
	for id := range n {
		r.streams = append(r.streams, stream{name: fmt.Sprintf("writes at %d", id)})
		r.peers = append(r.peers, peer{applied: make([]uint64, n), sentAt: -time.Hour})
	}
	return r
}

// Step implements protocols.Node.
func (r *replica) Step(in *protocols.Input, out *protocols.Outbox) {
	r.out, r.now = out, in.Now
	switch in.Kind {
	case protocols.InputRestore:
		r.restore(in.Data)
		return
	case protocols.InputStart:
		r.schedule()
	case protocols.InputCommand:
		r.onCommand(in.Command, in.Data)
	case protocols.InputMessage:
		var m Message
		if protocols.Decode(in.Data, &m) == nil && r.config.IsPeer(in.From) {
			r.onMessage(in.From, &m)
		}
	case protocols.InputTimer:
		r.timerSet = false
		r.tell()
		r.schedule()
	}
	r.compact()
}

// onCommand answers a read from the state here (rule 6), applies a write and sends it to all (rule 1). A command that was applied
// before is answered again; one that its client has given up has no effect.
func (r *replica) onCommand(id protocols.CommandID, data []byte) {
	c := &r.command
	c.Reset()
	if err := c.UnmarshalVT(data); err != nil {
		panic(fmt.Sprintf("async: command %v is not a kv.Command: %v", id, err)) // the host encodes commands: a programming error
	}
	known := r.client(id.Client)
	result, done := known.results[id.Seq]
	switch {
	case done:
		r.out.Answer(id, result)
	case id.Seq < known.acked:
		r.out.Answer(id, nil)
	case c.Op == kv.Op_GET:
		r.out.Mark(id, protocols.MarkApplied)
		r.out.Answer(id, r.read(c))
	case c.Version > 0 && c.Version != r.version(c.Key)+1:
		r.out.Answer(id, kv.RefusedResult(r.version(c.Key)))
	default:
		r.out.Mark(id, protocols.MarkProposed)
		w := r.newWrite(c, data)
		r.add(w)
		r.out.Mark(id, protocols.MarkApplied)
		r.out.Answer(id, known.results[id.Seq])
		r.out.Broadcast(r.config.ID, r.config.Members, &Message{Kind: &Message_Writes{Writes: &Writes{Writes: []*Write{w}}}})
		r.schedule()
	}
}

// newWrite makes the next write of this replica's stream (rules 3 and 4).
func (r *replica) newWrite(c *kv.Command, data []byte) *Write {
	w := &Write{
		Stream: uint32(r.id), Index: r.applied[r.id] + 1, Command: slices.Clone(data),
		Stamp: max(uint64(r.now), r.stamp+1), Seen: make([]uint64, len(r.streams)),
	}
	if k := r.keys[string(c.Key)]; k != nil {
		copy(w.Seen, k.seen)
	}
	w.Seen[r.id]++
	return w
}

// add persists the next write of a stream and applies it.
func (r *replica) add(w *Write) {
	r.logged++
	r.loggedBytes += len(w.Command)
	r.out.Persist(&Record{Write: w})
	r.apply(w)
}

// apply applies the next write of a stream: the last writer wins (rule 3).
func (r *replica) apply(w *Write) {
	s := &r.streams[w.Stream]
	r.applied[w.Stream] = w.Index
	s.held = append(s.held, w)
	r.stamp = max(r.stamp, w.Stamp)
	var c kv.Command
	if c.UnmarshalVT(w.Command) != nil {
		return // every replica skips it
	}
	k := r.keys[string(c.Key)]
	if k == nil {
		k = &key{seen: make([]uint64, len(r.streams))}
		r.keys[string(c.Key)] = k
	}
	wins := k.latest == nil || w.beats(k.latest)
	r.count(k.latest, w, wins)
	if wins {
		k.latest, k.value = w, c.Value
	}
	for of, n := range w.Seen {
		k.seen[of] = max(k.seen[of], n)
	}
	id := protocols.CommandID{Client: c.Client, Seq: c.Seq}
	if r.client(c.Client).finish(&c) {
		k.version++
	}
	r.out.Commit(protocols.Slot{Key: s.name, Index: w.Index}, id, w.Command)
}

// count counts conflicts and lost updates, at the replica that wrote the latest (rule 4).
func (r *replica) count(latest, w *Write, wins bool) {
	if r.restoring || latest == nil || int(latest.Stream) != r.id || w.saw(latest) || latest.saw(w) {
		return
	}
	r.out.Measure(measureConflict, 1)
	if wins {
		r.out.Measure(measureLost, 1)
	}
}

// beats tells whether a write wins against another (rule 3).
func (w *Write) beats(other *Write) bool {
	if w.Stamp != other.Stamp {
		return w.Stamp > other.Stamp
	}
	return w.Stream > other.Stream
}

// saw tells whether the replica that made a write had applied another one of the same key (rule 4).
func (w *Write) saw(other *Write) bool { return w.Seen[other.Stream] >= other.Seen[other.Stream] }

// version returns how many writes of a key are applied, those with the same command counted once.
func (r *replica) version(name []byte) uint64 {
	if k := r.keys[string(name)]; k != nil {
		return k.version
	}
	return 0
}

// read returns the result of a read.
func (r *replica) read(c *kv.Command) []byte {
	if k := r.keys[string(c.Key)]; k != nil {
		return kv.ReadResult(c, k.version, k.value)
	}
	return kv.ReadResult(c, 0, nil)
}
