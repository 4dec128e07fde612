//go:build !js

package run

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/system"
	"quorumbench/bench/verify"
	"quorumbench/netem"
	"quorumbench/netem/awake"
	"quorumbench/netem/emulator"
	"quorumbench/protocols"
)

// System is what it takes to run a system as it is.
type System struct {
	Adapter system.Adapter
	// Open makes the emulated network of a run between the plan's regions, with a seed.
	Open func(plan *experiment.Plan, seed uint64) (Network, error)
}

// Network is an emulated network between regions in which programs run that know nothing of it. Regions are numbered as in the
// experiment. Its methods may be called by several goroutines.
type Network interface {
	Address(region int) netip.Addr
	Dial(region int) system.Dialer
	// Start starts a process in a region. What it prints is appended to a file.
	Start(region int, p system.Process, log string) (Process, error)
	// Change replaces the configuration of a link.
	Change(from, to int, config netem.LinkConfig)
	Counters(from, to int) emulator.Counters
	// Certify probes all links, over which nothing else is sent meanwhile.
	Certify(ctx context.Context) (*result.Certificate, error)
	// Dropped is how many packets were lost that no link was to lose, since the machine was too busy.
	Dropped() uint64
	// Scheduler releases the packets. The load uses its clock.
	Scheduler() *emulator.Scheduler
	String() string
	Close() error
}

// Process is a node that was started.
type Process interface {
	Kill() error            // with SIGKILL; returns when the process, and all that it has started, is gone
	Pause() error           // with SIGSTOP, and so all that it has started
	Resume() error          // with SIGCONT
	Ended() <-chan struct{} // closed when the process is gone
	How() string            // how it ended, as in "exit status 1"; only when it has
}

// How long the nodes of a system may take.
const (
	readyTimeout = 60 * time.Second // to serve clients after they were started
	leadTimeout  = 30 * time.Second // to have the configured leader
	readsTimeout = 30 * time.Second // to answer the final reads, together
)

// systemWorld is the world of systems that are run as they are: real time, and the clients of each region with a goroutine of
// their own, as in live runs. Nodes are processes.
type systemWorld struct {
	*liveWorld
	network Network
}

// change overrides that of the live world, whose network the nodes do not use.
func (w *systemWorld) change(from, to int, config netem.LinkConfig) {
	if from != to {
		w.network.Change(from, to, config)
	}
}

// system runs the protocol's system.
func (r *running) system(ctx context.Context) (failed error) {
	if r.System == nil {
		return fmt.Errorf("found the system %s, which this program cannot run; it can be read, checked and planned", r.Protocol.System)
	}
	folder, err := os.MkdirTemp(r.Scratch, ".system-*") // 0700
	if err != nil {
		return fmt.Errorf("making a folder for the system's data: %w", err)
	}
	defer os.RemoveAll(folder)
	if folder, err = filepath.Abs(folder); err != nil {
		return fmt.Errorf("naming the folder of the system's data: %w", err)
	}
	network, err := r.System.Open(r.Plan, r.worldSeed())
	if err != nil {
		return fmt.Errorf("making the network of %s: %w", r.Protocol.System, err)
	}
	defer network.Close()
	w := &systemWorld{network: network, liveWorld: &liveWorld{scheduler: network.Scheduler(), layout: r.layout()}}
	for range r.Plan.Experiment.Regions {
		w.boxes = append(w.boxes, newMailbox())
	}
	certificate, err := r.certify(ctx, network)
	if err != nil {
		return err
	}
	c := newCluster(r, w, folder)
	defer c.close()
	if err := c.begin(ctx); err != nil {
		return err
	}
	calm, keptAwake := func() {}, false
	if r.Hurry != nil {
		calm, keptAwake = r.Hurry()
	}
	defer func() { calm() }()
	w.scheduler.TakeLateness(emulator.Packets)
	w.begun.Store(int64(w.scheduler.Now()))
	r.prepareSystem(w, c, time.Now())
	r.record.System.Certificate = certificate
	var serving sync.WaitGroup
	for i, p := range r.places {
		serving.Go(func() { serve(p, w.boxes[i]) })
		w.boxes[i].put(event{kind: startEvent})
	}
	watching, stop := context.WithCancel(ctx)
	serving.Go(func() { c.watchLeader(watching) })
	r.faults.schedule()
	lateness := w.await(ctx, r)
	stop()
	for _, box := range w.boxes {
		box.put(event{kind: stopEvent})
	}
	serving.Wait()
	if ctx.Err() == nil {
		r.record.FinalReads = c.readFinally(ctx)
	}
	r.accountSystem(w, lateness, keptAwake)
	for i, err := range c.broken() {
		r.record.Replicas[i].Failed = cmp.Or(r.record.Replicas[i].Failed, err)
	}
	return ctx.Err()
}

// certify probes the network in the conditions that the load will have.
func (r *running) certify(ctx context.Context, network Network) (*result.Certificate, error) {
	if r.Hurry != nil {
		calm, _ := r.Hurry()
		defer calm()
	}
	c, err := network.Certify(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("probing the network of %s: %w", r.Protocol.System, err)
	}
	return c, nil
}

// prepareSystem makes the places with their clients, the faults and the ending, as prepare does for a driver.
func (r *running) prepareSystem(w *systemWorld, c *cluster, now time.Time) {
	e := &r.Plan.Experiment
	r.record.Started = now.Add(e.Load.Warmup).UTC().Truncate(time.Millisecond)
	r.record.System = &result.System{
		Name: r.Protocol.System, Promise: r.Protocol.Described().Promise, NoFailover: r.Protocol.Described().NoFailover,
		Settings: r.System.Adapter.About(c.Cluster), Network: w.network.String(),
	}
	for number := range e.Regions {
		r.places = append(r.places, &place{number: number, world: w, layout: w.layout, outgoing: make([][]message, len(e.Regions))})
	}
	driver := r.record.Driver()
	for i, l := range r.record.Clients {
		l.Beside = false // what its region's node has applied is not known
		config := r.Plan.ClientConfig(r.Protocol, i)
		p := r.places[r.Plan.ClientRegion(i)]
		p.clients = newClientNode(p, config, driver, l)
		if r.TraceEvents > 0 {
			p.clients.measures = result.Measures{}
			r.record.ClientMeasures = append(r.record.ClientMeasures, p.clients.measures)
		}
		p.clients.system = c.clientsOf(p, config).command
	}
	r.end = newEnding(r.record, r.places, false)
	r.faults = newFaults(r.Plan, w, rand.New(rand.NewPCG(r.worldSeed(), 1<<62)), r.places[:len(e.Replicas)], r.Steps)
	r.faults.leads = func(region int) bool { return r.record.Replicas[region].Leading.Load() }
	r.faults.crash = func(region int) { go c.kill(region) }
	r.faults.restart = func(region int) { go c.restart(region) }
	r.faults.pause = func(region int) { go c.signal(region, Process.Pause) }
	r.faults.resume = func(region int) { go c.signal(region, Process.Resume) }
}

// await returns when the run is over or interrupted, with the lateness of packets since measuring began.
func (w *systemWorld) await(ctx context.Context, r *running) *hdrhistogram.Histogram {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	in, load := &w.instrument, &r.Plan.Experiment.Load
	in.last = w.usage()
	in.warm, in.ended = in.last, in.last
	var lateness *hdrhistogram.Histogram
	for {
		select {
		case <-ctx.Done():
			r.end.interrupt(w.now())
			return lateness
		case <-tick.C:
		}
		switch now := w.now(); {
		case lateness == nil && now >= load.Warmup:
			w.scheduler.TakeLateness(emulator.Packets) // packets of the warm-up carry no write that is measured
			lateness, in.warm = w.scheduler.TakeLateness(emulator.Packets), w.usage()
		case lateness != nil && now < load.Warmup+load.Duration:
			lateness.Merge(w.scheduler.TakeLateness(emulator.Packets))
			in.ended = w.usage()
		}
		r.reportProgress(w.now())
		if r.end.over(w.now()) {
			return lateness
		}
	}
}

// accountSystem enters into the record what the network did, how late its packets were, and who used the processors.
func (r *running) accountSystem(w *systemWorld, lateness *hdrhistogram.Histogram, keptAwake bool) {
	sum := &r.record.Network
	if lateness != nil {
		var issuing time.Duration
		for _, p := range r.places {
			if p.clients != nil {
				issuing += p.clients.issuing
			}
		}
		r.record.Usage = w.instrument.ended.since(w.instrument.warm, issuing, keptAwake)
		r.record.Lateness = lateness
		sum.Lateness = result.WithPercentiles(result.Summary{
			Count: lateness.TotalCount(), Min: time.Duration(lateness.Min()), Max: time.Duration(lateness.Max()),
			Sum: time.Duration(lateness.Mean() * float64(lateness.TotalCount())),
		}, lateness)
	}
	for from := range w.boxes {
		for to := range w.boxes {
			if from == to {
				continue
			}
			addCounters(sum, w.network.Counters(from, to))
		}
	}
	sum.Overflow += w.network.Dropped()
	sum.Emulator = w.network.String()
	if keptAwake {
		sum.Emulator += awakeText
	}
}

// cluster is the nodes of a system that is run.
type cluster struct {
	system.Cluster
	running *running
	world   *systemWorld
	folder  string
	adapter system.Adapter

	mu        sync.Mutex // guards what follows, and the incarnations in the record
	processes []Process  // by replica; nil while it is down
	clients   []system.Client
	failures  map[int]string // by replica: why it could not be restarted
	closed    bool
}

func newCluster(r *running, w *systemWorld, folder string) *cluster {
	e := &r.Plan.Experiment
	c := &cluster{running: r, world: w, folder: folder, adapter: r.System.Adapter, failures: map[int]string{}}
	c.Durable, c.Dial, c.Leader = e.Durability == experiment.Fsync, w.network.Dial, -1
	if r.Protocol.Leader != "" {
		c.Leader = r.Plan.Region(r.Protocol.Leader)
	}
	for i := range e.Replicas {
		for j := range i {
			c.RoundTrip = max(c.RoundTrip, r.Plan.Link(i, j).Delay+r.Plan.Link(j, i).Delay)
		}
	}
	for i, region := range e.Replicas {
		c.Nodes = append(c.Nodes, system.Node{Region: region, Address: w.network.Address(i), Folder: filepath.Join(folder, strconv.Itoa(i))})
	}
	c.processes = make([]Process, len(c.Nodes))
	return c
}

// begin starts all nodes, waits until they serve clients, and puts the leader where the experiment wants it.
func (c *cluster) begin(ctx context.Context) error {
	for i := range c.Nodes {
		c.running.record.Replicas = append(c.running.record.Replicas, &verify.Replica{Measures: result.Measures{}})
		if err := os.Mkdir(c.Nodes[i].Folder, 0o700); err != nil {
			return fmt.Errorf("making a folder for a node: %w", err)
		}
		if err := c.start(i); err != nil {
			return err
		}
	}
	alive, cancel := c.whileAlive(ctx)
	defer cancel()
	ready, cancelReady := context.WithTimeout(alive, readyTimeout)
	defer cancelReady()
	for k := range c.Nodes { // the leader's first, for whose data the others may have to wait
		i := (max(0, c.Leader) + k) % len(c.Nodes)
		if err := c.adapter.Ready(ready, c.Cluster, i); err != nil {
			return c.explain(ctx, alive, i, fmt.Errorf("%s in %s was not ready within %v: %w", c.adapter.Name(), c.Nodes[i].Region, readyTimeout, err))
		}
	}
	if c.Leader >= 0 {
		leading, cancelLeading := context.WithTimeout(alive, leadTimeout)
		defer cancelLeading()
		if err := c.adapter.Lead(leading, c.Cluster, c.Leader); err != nil {
			return c.explain(ctx, alive, c.Leader, fmt.Errorf("%s was not led from %s within %v: %w", c.adapter.Name(), c.Nodes[c.Leader].Region, leadTimeout, err))
		}
		c.running.record.Replicas[c.Leader].Leads(0)
	}
	return nil
}

// endedError says that the process of a node has ended by itself.
type endedError struct {
	replica int
	how     string
}

func (e *endedError) Error() string { return "the process has ended by itself: " + e.how }

// whileAlive returns a context that ends when the process of a node does. Its cause is then an endedError.
func (c *cluster) whileAlive(ctx context.Context) (context.Context, context.CancelFunc) {
	alive, end := context.WithCancelCause(ctx)
	for i, p := range c.processes {
		go func() {
			select {
			case <-p.Ended():
				end(&endedError{i, p.How()})
			case <-alive.Done():
			}
		}()
	}
	return alive, func() { end(nil) }
}

// explain adds the end of a node's log to an error, unless the run was interrupted. If a node's process has ended by itself, that
// is the error.
func (c *cluster) explain(ctx, alive context.Context, replica int, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var ended *endedError
	if errors.As(context.Cause(alive), &ended) {
		replica, err = ended.replica, fmt.Errorf("%s in %s was not ready: %w", c.adapter.Name(), c.Nodes[ended.replica].Region, ended)
	}
	if printed := c.printed(replica); printed != "" {
		return fmt.Errorf("%w; the last that it printed:\n%s", err, printed)
	}
	return err
}

// printed is the end of what a node has printed: whole lines, of up to 2,000 bytes.
func (c *cluster) printed(replica int) string {
	const most = 2000
	text, err := os.ReadFile(c.log(replica))
	if err != nil {
		return ""
	}
	if len(text) > most {
		text = text[len(text)-most:]
		text = text[bytes.IndexByte(text, '\n')+1:]
	}
	return strings.ToValidUTF8(strings.TrimSpace(string(text)), "?")
}

// log is the path of the file with what a node prints.
func (c *cluster) log(replica int) string {
	return filepath.Join(c.folder, strconv.Itoa(replica)+".log")
}

// start starts a node and enters it into the record.
func (c *cluster) start(replica int) error {
	p, err := c.adapter.Start(c.Cluster, replica)
	if err != nil {
		return fmt.Errorf("starting %s in %s: %w", c.adapter.Name(), c.Nodes[replica].Region, err)
	}
	var started Process
	start := func() (err error) {
		started, err = c.world.network.Start(replica, p, c.log(replica))
		return err
	}
	if c.running.Hurry != nil { // as for our replicas, other programs wait for it
		err = awake.Ahead(start)
	} else {
		err = start()
	}
	if err != nil {
		return fmt.Errorf("starting %s in %s: %w", c.adapter.Name(), c.Nodes[replica].Region, err)
	}
	c.processes[replica] = started
	go c.mourn(replica, started)
	now := time.Duration(0)
	if c.world.start() > 0 {
		now = c.world.now()
	}
	c.running.record.Replicas[replica].Begin(now)
	return nil
}

// mourn notes when the process of a node has ended by itself, which a run does not survive as a valid one.
func (c *cluster) mourn(replica int, p Process) {
	<-p.Ended()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.processes[replica] != p || c.world.start() == 0 {
		return // it was killed, or has not begun to serve
	}
	c.processes[replica] = nil
	now := c.world.now()
	c.failures[replica] = fmt.Sprintf("at %v: the process has ended by itself: %s; the last that it printed: %s", now.Round(time.Millisecond), p.How(), c.printed(replica))
	c.running.record.Replicas[replica].End(now)
}

// kill kills a node, unless it is down.
func (c *cluster) kill(replica int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.processes[replica] == nil {
		return
	}
	now, p := c.world.now(), c.processes[replica]
	c.processes[replica] = nil
	_ = p.Kill() // which returns when it is gone
	c.running.record.Replicas[replica].End(now)
}

// signal pauses a node or lets it go on, unless it is down.
func (c *cluster) signal(replica int, do func(Process) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.processes[replica] == nil {
		return
	}
	if err := do(c.processes[replica]); err != nil {
		c.failures[replica] = fmt.Sprintf("at %v: %v", c.world.now(), err)
	}
}

// restart starts a node again that is down.
func (c *cluster) restart(replica int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.processes[replica] != nil {
		return
	}
	if err := c.start(replica); err != nil {
		c.failures[replica] = fmt.Sprintf("at %v: %v", c.world.now(), err)
	}
}

// broken are the failures of nodes, by replica.
func (c *cluster) broken() map[int]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failures
}

// close kills all nodes and closes all clients.
func (c *cluster) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, one := range c.clients {
		_ = one.Close() // its node is killed anyway
	}
	for _, p := range c.processes {
		if p != nil {
			_ = p.Kill()
		}
	}
}

// watchLeader asks each node that is up, in its own region, whether it leads, and notes it in the record.
func (c *cluster) watchLeader(ctx context.Context) {
	if !c.running.record.Driver().HasLeader {
		return
	}
	var watching sync.WaitGroup
	defer watching.Wait()
	for i := range c.Nodes {
		watching.Go(func() { c.watch(ctx, i) })
	}
}

// watch asks a node whether it leads, again and again.
func (c *cluster) watch(ctx context.Context, replica int) {
	const every = 200 * time.Millisecond
	node, err := c.open(replica, replica)
	if err != nil {
		return
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.look(ctx, node, replica, every)
		}
	}
}

// look asks a node whether it leads. What it does not answer in time is not known, and leaves the record as it is.
func (c *cluster) look(ctx context.Context, node system.Client, replica int, within time.Duration) {
	asking, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	leader, err := node.Leader(asking)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	one, now := c.running.record.Replicas[replica], c.world.now()
	switch leads := leader == replica; {
	case c.processes[replica] == nil:
	case leads && !one.Leading.Load():
		one.Leads(now)
	case !leads && one.Leading.Load():
		one.Deposed(now)
	}
}

// open opens a client, which is closed with the cluster.
func (c *cluster) open(region, replica int) (system.Client, error) {
	one, err := c.adapter.Open(c.Cluster, region, replica)
	if err != nil {
		return nil, fmt.Errorf("opening a client of %s: %w", c.adapter.Name(), err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clients = append(c.clients, one)
	return one, nil
}

// finalReaders is how many final reads are under way at a time.
const finalReaders = 64

// readFinally reads each key that was written once, from the region of the leader or of the first replica that is up. Reads that
// fail are repeated as long as there is time: the client may have no connection yet.
func (c *cluster) readFinally(ctx context.Context) []verify.FinalRead {
	ctx, cancel := context.WithTimeout(ctx, readsTimeout)
	defer cancel()
	at := max(0, slices.IndexFunc(c.processes, func(p Process) bool { return p != nil }))
	for i, one := range c.running.record.Replicas {
		if one.Leading.Load() {
			at = i
		}
	}
	reads := c.running.record.ToRead()
	reader, err := c.open(at, at)
	if err != nil {
		return reads
	}
	next := make(chan *verify.FinalRead)
	var readers sync.WaitGroup
	for range finalReaders {
		readers.Go(func() {
			for f := range next {
				_ = system.Again(ctx, func(ctx context.Context) error {
					f.Called = c.world.now()
					value, err := reader.Get(ctx, []byte(c.running.record.Clients[0].KeyName(f.Key)))
					if err == nil {
						f.Found(value, c.world.now())
					}
					return err
				}) // what has no answer by then is not read
			}
		})
	}
	for i := range reads {
		next <- &reads[i]
	}
	close(next)
	readers.Wait()
	return reads
}

// errors that a command may end with, apart from its own.
var errNoClient = errors.New("no client could be opened")

// clientsOf makes the clients of a place.
func (c *cluster) clientsOf(p *place, config protocols.ClientConfig) *systemClients {
	s := &systemClients{cluster: c, place: p, box: c.world.boxes[p.number], impatience: config.Retry, wait: c.running.Plan.Experiment.Load.Timeout}
	for _, replica := range config.Replicas {
		one, err := c.open(p.number, int(replica))
		if err != nil {
			one = brokenClient{err}
		}
		s.clients = append(s.clients, one)
	}
	return s
}

// brokenClient stands for a client that could not be opened.
type brokenClient struct{ err error }

func (b brokenClient) Put(context.Context, []byte, []byte) error {
	return errors.Join(errNoClient, b.err)
}
func (b brokenClient) Get(context.Context, []byte) ([]byte, error) {
	return nil, errors.Join(errNoClient, b.err)
}
func (b brokenClient) Leader(context.Context) (int, error) {
	return -1, errors.Join(errNoClient, b.err)
}
func (b brokenClient) Close() error { return nil }
