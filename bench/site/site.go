package site

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/run"
	"quorumbench/bench/site/keys"
	"quorumbench/netem"
	"quorumbench/netem/emulator"
	"quorumbench/netem/quicnet"
)

// Config describes a site. All fields are needed, except where it is said.
type Config struct {
	Plan        *experiment.Plan
	Site        int          // an index in Experiment.Regions
	Coordinator int          // the same
	Peers       []string     // host:port of each site, by its index; names are resolved again before each attempt to connect
	Socket      *net.UDPConn // Close closes it
	Identity    *keys.Identity
	Scratch     string                               // folder for logs of replicas, and for what was not handed over yet
	Spin        time.Duration                        // see emulator.New
	Hurry       func() (calm func(), keptAwake bool) // see run.Config; may be nil
	JoinTimeout time.Duration                        // how long the sites may take to find each other; 0 is DefaultJoin
	Silence     time.Duration                        // after which a site of which nothing is heard is lost; 0 is DefaultSilence
}

// Defaults of times.
const (
	DefaultJoin    = 2 * time.Minute
	DefaultSilence = 10 * time.Second
)

// Site is this process's part of a deployment. Its methods are to be called by one goroutine.
type Site struct {
	Config
	hash, version string
	instance      uint64
	scheduler     *emulator.Scheduler
	uplink        *emulator.Uplink
	control       *quicnet.Net
	stopBeat      context.CancelFunc
	beating       sync.WaitGroup

	inbox     chan envelope
	pongs     []chan pongAt
	nonce     uint64
	run       int             // the present run
	stopped   atomic.Int64    // the last run that the coordinator has ended
	heard     []atomic.Int64  // when something was heard of each site, by the scheduler's clock, in nanoseconds
	instances []atomic.Uint64 // of the processes that have joined
	links     []estimate      // to each site

	mu        sync.Mutex // guards standings
	standings map[int]run.Standing
}

// envelope is a message with its sender.
type envelope struct {
	from int
	*message
}

// LostError is the error of a run that has ended since sites were lost.
type LostError struct {
	Sites []string
	After time.Duration
}

func (e *LostError) Error() string {
	return fmt.Sprintf("lost %s: nothing was heard for %v", strings.Join(e.Sites, ", "), e.After)
}

// RefusedError is the error of a site that the coordinator does not let in.
type RefusedError struct{ By, Why string }

func (e *RefusedError) Error() string { return fmt.Sprintf("%s refused this site: %s", e.By, e.Why) }

const controlProtocol = "quorumbench-site-1"

// Open starts the site: it begins to look for the others. Close it.
func Open(config Config) (*Site, error) {
	if err := run.CheckPart(config.Plan); err != nil {
		return nil, err
	}
	n := len(config.Plan.Experiment.Regions)
	config.JoinTimeout, config.Silence = cmp.Or(config.JoinTimeout, DefaultJoin), cmp.Or(config.Silence, DefaultSilence)
	s := &Site{
		Config: config, instance: rand.Uint64() | 1, inbox: make(chan envelope, 1024), pongs: make([]chan pongAt, n),
		heard: make([]atomic.Int64, n), instances: make([]atomic.Uint64, n), links: make([]estimate, n), standings: map[int]run.Standing{},
	}
	var err error
	if s.hash, err = hashOf(config.Plan); err != nil {
		return nil, err
	}
	machine := bench.ThisMachine()
	s.version = machine.Tool + " " + machine.Go
	s.scheduler = emulator.New(config.Spin)
	var links []*netem.Link
	for i := range n {
		s.pongs[i] = make(chan pongAt, 64)
		links = append(links, netem.NewLink(netem.LinkConfig{}, 0, config.Site, i))
	}
	s.uplink = emulator.NewUplink(s.scheduler, config.Socket, links)
	if s.control, err = s.join(controlProtocol, emulator.Direct, quicnet.OneStream, s.receive); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stopBeat = stop
	s.beating.Go(func() { s.beat(ctx) })
	return s, nil
}

// hashOf is the hash of what sites must agree on.
func hashOf(plan *experiment.Plan) (string, error) {
	data, err := json.Marshal([]any{plan.Experiment, plan.Topology})
	if err != nil {
		return "", fmt.Errorf("hashing the experiment: %w", err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))[:16], nil
}

// join makes a net of all sites over a channel of the socket.
func (s *Site) join(protocol string, channel emulator.Channel, mode quicnet.Mode, receive func(from int, data []byte)) (*quicnet.Net, error) {
	regions := s.Plan.Experiment.Regions
	return quicnet.Join(quicnet.Config{
		Replicas: len(regions), Mode: mode, Learn: s.uplink.Learn,
		Conn:    func(int) net.PacketConn { return s.uplink.Conn(channel) },
		Receive: func(_, from int, data []byte) { receive(from, data) },
	}, quicnet.SiteConfig{
		Self: s.Site, Server: s.Identity.Server(protocol), Address: s.address,
		Client: func(to int) *tls.Config { return s.Identity.Client(protocol, regions[to]) },
		WhoIs: func(state tls.ConnectionState) (int, error) {
			name, err := keys.PeerOf(state)
			if err != nil {
				return -1, err
			}
			return slices.Index(regions, name), nil
		},
	})
}

// address resolves the address of a site. Of several, it takes one that the socket can reach.
func (s *Site) address(ctx context.Context, to int) (net.Addr, error) {
	host, port, err := net.SplitHostPort(s.Peers[to])
	if err != nil {
		return nil, err
	}
	number, err := net.DefaultResolver.LookupPort(ctx, "udp", port)
	if err != nil {
		return nil, err
	}
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	own := s.uplink.LocalAddr().Addr()
	for _, ip := range all {
		ip = ip.Unmap()
		if own.IsUnspecified() && (own.Is6() || ip.Is4()) || own.Is4() == ip.Is4() {
			return net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, uint16(number))), nil
		}
	}
	return nil, fmt.Errorf("found the addresses %v of %s; accepted: one that %v can reach", all, host, s.uplink.LocalAddr())
}

// Close ends the site.
func (s *Site) Close() error {
	var err error
	if s.stopBeat != nil {
		s.stopBeat()
		s.beating.Wait()
	}
	if s.control != nil {
		err = s.control.Close()
	}
	err = errors.Join(err, s.uplink.Close())
	s.scheduler.Close()
	return err
}

func (s *Site) now() time.Duration { return s.scheduler.Now() }

func (s *Site) name(site int) string { return s.Plan.Experiment.Regions[site] }

func (s *Site) coordinates() bool { return s.Site == s.Coordinator }

// others are the sites in other processes.
func (s *Site) others() (all []int) {
	for i := range s.Plan.Experiment.Regions {
		if i != s.Site {
			all = append(all, i)
		}
	}
	return all
}

func (s *Site) send(to int, m *message) {
	m.Instance = s.instance
	s.control.Endpoint(s.Site).Send(to, m.encode())
}

// toAll sends a message to all other sites.
func (s *Site) toAll(m *message) {
	for _, to := range s.others() {
		s.send(to, m)
	}
}

// beatEvery is how often a site lets the coordinator know that it is there, and the other way round.
const beatEvery = 300 * time.Millisecond

func (s *Site) beat(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if s.coordinates() {
			s.toAll(&message{Kind: alive})
		} else {
			s.send(s.Coordinator, &message{Kind: alive})
		}
	}
}

// receive takes a message from another site, in a goroutine of its connection. Pings are answered at once.
func (s *Site) receive(from int, data []byte) {
	now := s.now()
	m, err := decode(data)
	if err != nil {
		return // of another version, whose hello is refused
	}
	if known := s.instances[from].Load(); known != 0 && known != m.Instance && m.Kind != hello {
		return // of a process that has taken the place of one that has joined
	}
	if m.Kind != hello {
		s.heard[from].Store(int64(now))
	}
	switch m.Kind {
	case alive:
	case ping:
		s.send(from, &message{Kind: pong, Nonce: m.Nonce, Asked: m.Asked, Came: now, Answered: s.now()})
	case pong:
		select {
		case s.pongs[from] <- pongAt{*m, now}:
		default: // nobody measures
		}
	case standing:
		s.mu.Lock()
		if m.Run == s.run {
			s.standings[from] = m.Standing
		}
		s.mu.Unlock()
	case stop:
		if from == s.Coordinator {
			s.stopped.Store(int64(m.Run))
		}
	default:
		select {
		case s.inbox <- envelope{from, m}:
		default: // nobody takes them any more
		}
	}
}

// silent are the sites, among some, of which nothing was heard for too long.
func (s *Site) silent(among []int) error {
	lost := &LostError{After: s.Silence}
	for _, site := range among {
		if s.now()-time.Duration(s.heard[site].Load()) > s.Silence {
			lost.Sites = append(lost.Sites, s.name(site))
		}
	}
	if len(lost.Sites) == 0 {
		return nil
	}
	return lost
}

// errAwaited is the error of await when its time has passed.
var errAwaited = errors.New("the time has passed")

// await hands the messages that come in to take, until it reports that it has what it wants. It asks every so often whether to go on, by
// calling check, which returns an error if not.
func (s *Site) await(ctx context.Context, check func() error, take func(e envelope) (done bool, err error)) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case e := <-s.inbox:
			if e.Kind == hello && s.coordinates() && s.instances[e.from].Load() != 0 {
				s.answerHello(e)
				continue
			}
			done, err := take(e)
			if done || err != nil {
				return err
			}
		case <-tick.C:
			if err := check(); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// answerHello answers a site when all of its name has joined already: the same process has not heard so yet, another one comes too late.
func (s *Site) answerHello(e envelope) {
	if s.instances[e.from].Load() == e.Instance {
		s.send(e.from, &message{Kind: welcome})
		return
	}
	s.send(e.from, &message{Kind: refused, Text: fmt.Sprintf("found another process that has joined as %s; accepted: one process a site, before the first run", s.name(e.from))})
}

// Join waits until all sites have found each other, agree on version and experiment, and have measured their links. It returns an error
// that tells which sites are missing, and of a site that does not agree, which is told so, too.
func (s *Site) Join(ctx context.Context) error {
	began := s.now()
	inTime := func() error {
		if s.now()-began > s.JoinTimeout {
			return errAwaited
		}
		return nil
	}
	if s.coordinates() {
		return s.gather(ctx, inTime)
	}
	said := -time.Hour
	err := s.await(ctx, func() error {
		if s.now()-said > time.Second {
			said = s.now()
			s.send(s.Coordinator, &message{Kind: hello, Version: s.version, Hash: s.hash})
		}
		return inTime()
	}, func(e envelope) (bool, error) {
		switch {
		case e.from != s.Coordinator:
		case e.Kind == refused:
			return false, &RefusedError{s.name(e.from), e.Text}
		case e.Kind == welcome:
			s.instances[e.from].Store(e.Instance)
			return true, nil
		case e.Kind == finished:
			return false, &RefusedError{s.name(e.from), e.Text}
		}
		return false, nil
	})
	if err != nil {
		return s.missing(err, []int{s.Coordinator})
	}
	if err := s.measureLinks(ctx, began); err != nil {
		return err
	}
	s.send(s.Coordinator, &message{Kind: measured})
	return nil
}

// missing says which sites were not found in time, and why, as far as that is known.
func (s *Site) missing(err error, sites []int) error {
	if !errors.Is(err, errAwaited) {
		return err
	}
	var all []string
	for _, site := range sites {
		text := fmt.Sprintf("%s at %s", s.name(site), s.Peers[site])
		if failure := s.control.Failure(s.Site, site); failure != nil {
			text += fmt.Sprintf(" (%v)", failure)
		}
		all = append(all, text)
	}
	return fmt.Errorf("found no sign of %s within %v", strings.Join(all, ", "), s.JoinTimeout)
}

// gather is the coordinator's part of Join.
func (s *Site) gather(ctx context.Context, inTime func() error) error {
	joined, done := map[int]bool{}, map[int]bool{}
	without := func(those map[int]bool) (all []int) {
		for _, site := range s.others() {
			if !those[site] {
				all = append(all, site)
			}
		}
		return all
	}
	err := s.await(ctx, inTime, func(e envelope) (bool, error) {
		switch {
		case e.Kind == measured:
			done[e.from] = true
		case e.Kind == hello && (e.Version != s.version || e.Hash != s.hash):
			why := fmt.Sprintf("found version %s with experiment %s in %s, and version %s with experiment %s in %s; accepted: the same in all sites", e.Version, e.Hash, s.name(e.from), s.version, s.hash, s.name(s.Site))
			s.send(e.from, &message{Kind: refused, Text: why})
			return false, errors.New(why)
		case e.Kind == hello:
			s.instances[e.from].Store(e.Instance)
			s.heard[e.from].Store(int64(s.now()))
			joined[e.from] = true
			s.send(e.from, &message{Kind: welcome})
		}
		return len(joined) == len(s.others()), nil
	})
	if err != nil {
		return s.missing(err, without(joined))
	}
	if err := s.measureLinks(ctx, s.now()); err != nil {
		return err
	}
	if len(done) < len(s.others()) {
		err = s.await(ctx, func() error { return s.silent(s.others()) }, func(e envelope) (bool, error) {
			if e.Kind == measured {
				done[e.from] = true
			}
			return len(done) == len(s.others()), nil
		})
	}
	return err
}

// measureLinks measures the links to all other sites.
func (s *Site) measureLinks(ctx context.Context, began time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, max(time.Second, s.JoinTimeout-(s.now()-began)))
	defer cancel()
	for _, to := range s.others() {
		e, err := s.measure(ctx, to)
		if err != nil {
			if ctx.Err() == context.DeadlineExceeded {
				err = s.missing(errAwaited, []int{to})
			}
			return err
		}
		s.links[to] = e
	}
	return nil
}

// Link is what a site has measured of its link to another one.
type Link struct {
	To        string
	RoundTrip time.Duration // the least
}

// Links are the links to the other sites, as Join has measured them.
func (s *Site) Links() (all []Link) {
	for _, to := range s.others() {
		all = append(all, Link{s.name(to), s.links[to].RoundTrip})
	}
	return all
}
