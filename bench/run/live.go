//go:build !js

package run

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/netem"
	"quorumbench/netem/emulator"
	"quorumbench/netem/quicnet"
	"quorumbench/protocols"
)

// connectTimeout is how long the places may take to connect with each other.
const connectTimeout = 15 * time.Second

// liveWorld is the world of live runs: real time, a goroutine for each place, QUIC between them, and one
// more, the scheduler, that releases packets, arrivals and timers when they are due.
type liveWorld struct {
	scheduler *emulator.Scheduler
	carrier   carrier
	begun     atomic.Int64 // when the run began, by the scheduler's clock, in nanoseconds
	layout    *layout
	boxes     []*mailbox
	threads   *threads

	instrument instrument
}

// carrier carries messages between the places of a live run.
type carrier interface {
	// send carries messages from one place to another. It copies them.
	send(from, to int, frames [][]byte)
	change(from, to int, config netem.LinkConfig)
	// count adds what the links have carried and lost, and what could not be sent.
	count(sum *result.NetworkRun)
}

// inProcess carries messages between places that are all in this process: by QUIC over emulated links.
type inProcess struct {
	places  int
	network *emulator.Network
	net     *quicnet.Net
}

func (c *inProcess) send(from, to int, frames [][]byte) { c.net.Endpoint(from).Send(to, frames...) }

func (c *inProcess) change(from, to int, config netem.LinkConfig) {
	c.network.Change(from, to, config)
}

func (c *inProcess) count(sum *result.NetworkRun) {
	for from := range c.places {
		for to := range c.places {
			addCounters(sum, c.network.Counters(from, to))
		}
	}
	addStats(sum, c.net.Stats())
}

func addCounters(sum *result.NetworkRun, c emulator.Counters) {
	sum.Packets += c.Packets
	sum.Bytes += c.Bytes
	sum.Lost += c.Lost
	sum.Cut += c.Cut
	sum.Dropped += c.Dropped
	sum.Overflow += c.Overflow
}

func addStats(sum *result.NetworkRun, stats quicnet.Stats) {
	sum.Unsent += stats.Unconnected
	sum.Crowded += stats.Crowded
	sum.Reconnects += stats.Reconnects
}

func (w *liveWorld) now() time.Duration { return w.scheduler.Now() - w.start() }

// start is when the run began, by the scheduler's clock.
func (w *liveWorld) start() time.Duration { return time.Duration(w.begun.Load()) }

func (w *liveWorld) at(due time.Duration, place int, e event) {
	kind := emulator.Timers
	if e.kind == arrivalEvent {
		kind = emulator.Arrivals
	}
	box := w.boxes[place]
	if due <= w.now() { // no need to wake the scheduler
		box.put(e)
		return
	}
	s := scheduledEvents.Get().(*scheduledEvent)
	s.box, s.event = box, e
	w.scheduler.At(due+w.start(), kind, s)
}

// scheduledEvent is an event on its way through the scheduler to a mailbox. It implements emulator.Event, and is used
// again.
type scheduledEvent struct {
	box *mailbox
	event
}

var scheduledEvents = sync.Pool{New: func() any { return &scheduledEvent{} }}

// Happen implements emulator.Event.
func (s *scheduledEvent) Happen() {
	s.box.put(s.event)
	*s = scheduledEvent{}
	scheduledEvents.Put(s)
}

func (w *liveWorld) do(due time.Duration, f func()) {
	w.scheduler.At(due+w.start(), emulator.Timers, emulator.Func(f))
}

func (w *liveWorld) change(from, to int, config netem.LinkConfig) {
	w.carrier.change(from, to, config)
}

// A message between places begins with one byte. Its bits tell whether sender and receiver are the places'
// client nodes instead of their replicas.
const (
	fromClients byte = 1 << iota
	toClients
)

func (w *liveWorld) send(from, to int, messages []message) {
	box := w.boxes[from]
	data, ends := box.data[:0], box.ends[:0]
	for _, m := range messages {
		var between byte
		if !w.layout.isReplica(m.from) {
			between |= fromClients
		}
		if !w.layout.isReplica(m.to) {
			between |= toClients
		}
		data = append(append(data, between), m.data...)
		ends = append(ends, len(data))
	}
	frames := box.frames[:0]
	begin := 0
	for _, end := range ends {
		frames = append(frames, data[begin:end])
		begin = end
	}
	box.data, box.ends, box.frames = data, ends, frames
	w.carrier.send(from, to, frames)
}

// receive puts a message from another place into the receiver's mailbox. A message from or to a node that does
// not exist is dropped.
func (w *liveWorld) receive(to, from int, data []byte) {
	if len(data) == 0 {
		return
	}
	e := event{kind: messageEvent, from: protocols.NodeID(from), to: protocols.NodeID(to), data: data[1:], at: w.now()}
	if data[0]&fromClients != 0 {
		e.from = w.layout.clientAt[from]
	}
	if data[0]&toClients != 0 {
		e.to = w.layout.clientAt[to]
	}
	if !w.layout.has(from, e.from) || !w.layout.has(to, e.to) {
		return
	}
	w.boxes[to].put(e)
}

// mailbox holds the events of a place until its goroutine takes them, and buffers for sending.
type mailbox struct {
	mu     sync.Mutex
	events []event
	wake   chan struct{} // has room for one token, which says that there are events

	data   []byte // buffers of send, reused
	ends   []int
	frames [][]byte
}

func newMailbox() *mailbox { return &mailbox{wake: make(chan struct{}, 1)} }

func (m *mailbox) put(e event) {
	m.mu.Lock()
	m.events = append(m.events, e)
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// take waits for events and swaps them for an empty slice.
func (m *mailbox) take(empty []event) []event {
	<-m.wake
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.events
	m.events = empty
	return taken
}

// serve runs a place until it is stopped.
func serve(p *place, box *mailbox) {
	var spare []event
	for {
		events := box.take(spare[:0])
		for rest := range slices.Chunk(events, mostEvents) {
			p.handle(rest)
		}
		for i := range events {
			if events[i].kind == stopEvent {
				return
			}
		}
		clear(events)
		spare = events
	}
}

// live runs the protocol in real time.
func (r *running) live(ctx context.Context) error {
	w := &liveWorld{scheduler: emulator.New(r.Spin), layout: r.layout()}
	defer w.scheduler.Close()
	n := len(r.Plan.Experiment.Regions)
	for range n {
		w.boxes = append(w.boxes, newMailbox())
	}
	network := emulator.NewNetwork(w.scheduler, n, func(from, to int) *netem.Link {
		return netem.NewLink(r.Plan.Link(from, to), r.worldSeed(), from, to)
	})
	mode, err := quicnet.ParseMode(string(r.Plan.Experiment.StreamMode()))
	if err != nil {
		return fmt.Errorf("starting the transport: %w", err)
	}
	net, err := quicnet.New(quicnet.Config{
		Replicas: n, Conn: network.Conn, Mode: mode,
		Receive: w.receive,
	})
	if err != nil {
		return fmt.Errorf("starting the transport: %w", err)
	}
	w.carrier = &inProcess{n, network, net}
	defer net.Close()
	connecting, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := net.WaitConnected(connecting); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("connecting the replicas took more than %v: %w", connectTimeout, err)
	}

	disks, closeDisks, err := r.disks()
	if err != nil {
		return err
	}
	syncing := 0
	if r.Plan.Experiment.Durability == experiment.Fsync {
		syncing = len(r.Plan.Experiment.Replicas)
	}
	calm, keptAwake := func() {}, false
	if r.Hurry != nil {
		calm, keptAwake = r.Hurry()
	}
	w.threads = moreThreads(syncing, keptAwake, r.Plan.Experiment.Load.Arrivals == experiment.Closed, calm)
	defer w.threads.restore()
	w.instrument.last = w.usage()
	w.scheduler.TakeLateness(emulator.Packets) // connecting does not count
	emulator := w.scheduler.String()
	w.begun.Store(int64(w.scheduler.Now()))
	r.prepare(w, w.layout, disks, time.Now())
	var serving sync.WaitGroup
	for i, p := range r.places {
		if p.replica != nil {
			p.replica.tally = &tally{}
		}
		serving.Go(func() { serve(p, w.boxes[i]) })
		w.boxes[i].put(event{kind: startEvent})
	}
	r.faults.schedule()
	w.wait(ctx, r)
	for _, box := range w.boxes {
		box.put(event{kind: stopEvent})
	}
	serving.Wait()
	r.account(w, keptAwake)
	if keptAwake {
		emulator += awakeText
	}
	if w.threads.stage == unhurried && keptAwake {
		emulator += ", until the run filled the machine"
	}
	r.record.Network.Emulator = emulator
	closeDisks()
	return ctx.Err()
}

// disks makes the replicas' disks, and a function that closes and removes them. It enters into the record which of
// them have failed.
func (r *running) disks() (disks []disk, remove func(), err error) {
	if r.Plan.Experiment.Durability != experiment.Fsync {
		return r.memoryDisks(), func() {}, nil
	}
	return r.fileDisks(func(int) bool { return true })
}

// fileDisks makes disks that are files for those replicas for which here says so, and disks in memory for the others.
func (r *running) fileDisks(here func(replica int) bool) (disks []disk, remove func(), err error) {
	folder, err := os.MkdirTemp(r.Scratch, ".logs-*")
	if err != nil {
		return nil, nil, fmt.Errorf("making a folder for the replicas' logs: %w", err)
	}
	files := map[int]*fileDisk{} // by replica
	remove = func() {
		for i, d := range files {
			if err := d.close(); err != nil && i < len(r.record.Replicas) {
				r.record.Replicas[i].Failed = cmp.Or(r.record.Replicas[i].Failed, err.Error())
			}
		}
		_ = os.RemoveAll(folder) // what is left is removed by the next run
	}
	for i, inMemory := range r.memoryDisks() {
		if !here(i) {
			disks = append(disks, inMemory)
			continue
		}
		d, err := newFileDisk(folder, i)
		if err != nil {
			remove()
			return nil, nil, err
		}
		d.crashed = func(logFolder string, durable uint64) {
			if r.crashed != nil {
				r.crashed(i, logFolder, durable)
			}
		}
		files[i], disks = d, append(disks, d)
	}
	return disks, remove, nil
}

// wait returns when the run is over or interrupted.
func (w *liveWorld) wait(ctx context.Context, r *running) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			r.end.interrupt(w.now())
			return
		case <-tick.C:
		}
		w.look(&r.Plan.Experiment.Load, r.places)
		r.reportProgress(w.now())
		if r.end.over(w.now()) {
			return
		}
	}
}
