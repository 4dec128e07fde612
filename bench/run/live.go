package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/netem"
	"quorumbench/netem/emulator"
	"quorumbench/netem/quicnet"
)

// connectTimeout is how long the replicas may take to find each other.
const connectTimeout = 15 * time.Second

// liveWorld is real time: a goroutine a site, QUIC between them, and one thread that makes
// packets, arrivals and timers happen when they are due.
type liveWorld struct {
	scheduler *emulator.Scheduler
	network   *emulator.Network
	net       *quicnet.Net
	begun     time.Duration // on the scheduler's clock
	boxes     []*mailbox
}

func (w *liveWorld) now() time.Duration { return w.scheduler.Now() - w.begun }

func (w *liveWorld) at(due time.Duration, site int, e event) {
	kind := emulator.Timers
	if e.kind == arrivalEvent {
		kind = emulator.Arrivals
	}
	box := w.boxes[site]
	w.scheduler.At(due+w.begun, kind, emulator.Func(func() { box.put(e) }))
}

func (w *liveWorld) do(due time.Duration, f func()) {
	w.scheduler.At(due+w.begun, emulator.Timers, emulator.Func(f))
}

func (w *liveWorld) change(from, to int, config netem.LinkConfig) {
	w.network.Change(from, to, config)
}

func (w *liveWorld) send(from, to int, messages [][]byte) {
	w.net.Endpoint(from).Send(to, messages...)
}

// mailbox holds what happens to a site until its goroutine takes it.
type mailbox struct {
	mu     sync.Mutex
	events []event
	wake   chan struct{} // has room for one token: something is there
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

// serve runs a site until it is stopped.
func serve(s *site, box *mailbox) {
	var spare []event
	for {
		events := box.take(spare[:0])
		s.handle(events)
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
	w := &liveWorld{scheduler: emulator.New()}
	defer w.scheduler.Close()
	n := len(r.Plan.Experiment.Regions)
	for range n {
		w.boxes = append(w.boxes, newMailbox())
	}
	w.network = emulator.NewNetwork(w.scheduler, n, func(from, to int) *netem.Link {
		return netem.NewLink(r.Plan.Link(from, to), r.weather(), from, to)
	})
	mode, err := quicnet.ParseMode(string(r.Plan.Experiment.Transport.Mode))
	if err != nil {
		return fmt.Errorf("starting the transport: %w", err)
	}
	net, err := quicnet.New(quicnet.Config{
		Replicas: n, Conn: w.network.Conn, Mode: mode,
		Receive: func(to, from int, message []byte) {
			w.boxes[to].put(event{kind: messageEvent, from: from, data: message, due: w.now()})
		},
	})
	if err != nil {
		return fmt.Errorf("starting the transport: %w", err)
	}
	w.net = net
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
	w.scheduler.TakeLateness(emulator.Packets) // what was before does not count
	w.begun = w.scheduler.Now()
	r.prepare(w, disks, time.Now())
	var serving sync.WaitGroup
	for i, s := range r.sites {
		serving.Go(func() { serve(s, w.boxes[i]) })
		w.boxes[i].put(event{kind: startEvent})
	}
	r.faults.schedule()
	w.wait(ctx, r)
	for _, box := range w.boxes {
		box.put(event{kind: stopEvent})
	}
	serving.Wait()
	w.account(&r.record.Network)
	return cmp.Or(closeDisks(), ctx.Err())
}

// disks makes the replicas' disks, and what removes them in the end.
func (r *running) disks() (disks []disk, remove func() error, err error) {
	if r.Plan.Experiment.Durability != experiment.Fsync {
		return r.memoryDisks(), func() error { return nil }, nil
	}
	folder, err := os.MkdirTemp(r.Scratch, ".logs-*")
	if err != nil {
		return nil, nil, fmt.Errorf("making a folder for the replicas' logs: %w", err)
	}
	var files []*fileDisk
	remove = func() error {
		var all error
		for _, d := range files {
			all = errors.Join(all, d.close())
		}
		return errors.Join(all, os.RemoveAll(folder))
	}
	for i := range r.record.Clients {
		d, err := newFileDisk(folder, i)
		if err != nil {
			return nil, nil, errors.Join(err, remove())
		}
		files, disks = append(files, d), append(disks, d)
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
		r.tell(w.now())
		if r.end.over(w.now()) {
			return
		}
	}
}

// account notes what the network did.
func (w *liveWorld) account(sum *result.NetworkRun) {
	for from := range w.boxes {
		for to := range w.boxes {
			c := w.network.Counters(from, to)
			sum.Packets += c.Packets
			sum.Bytes += c.Bytes
			sum.Lost += c.Lost
			sum.Dropped += c.Dropped
			sum.Overflow += c.Overflow
		}
	}
	stats := w.net.Stats()
	sum.Unsent, sum.Reconnects = stats.Dropped, stats.Reconnects
	lateness := w.scheduler.TakeLateness(emulator.Packets)
	sum.Lateness = result.WithPercentiles(result.Summary{
		Count: lateness.TotalCount(), Min: time.Duration(lateness.Min()), Max: time.Duration(lateness.Max()),
		Sum: time.Duration(lateness.Mean() * float64(lateness.TotalCount())),
	}, lateness)
}
