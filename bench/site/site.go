package site

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"math"
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
	opened        chan struct{} // closed when control is there
	stopBeat      context.CancelFunc
	beating       sync.WaitGroup

	inbox   chan envelope
	answers chan answer
	nonce   uint64
	run     int            // the present run
	stopped atomic.Int64   // the last run that the coordinator has ended
	heard   []atomic.Int64 // when something was heard of each site, by the scheduler's clock, in nanoseconds
	links   []probes       // to each site, when it joined
	matrix  [][]probes     // of the coordinator: those of all sites
	differs chan error     // of a site with another version or experiment

	mu         sync.Mutex // guards what follows
	standings  map[int]run.Standing
	instances  []uint64 // of the processes that take part; 0 where that is not known
	contenders []contender
	gathered   bool // the coordinator lets in no more processes
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
		Config: config, instance: rand.Uint64() | 1, inbox: make(chan envelope, 1024), answers: make(chan answer, 1024),
		heard: make([]atomic.Int64, n), links: make([]probes, n), matrix: make([][]probes, n), differs: make(chan error, 1),
		opened: make(chan struct{}), standings: map[int]run.Standing{}, instances: make([]uint64, n), contenders: make([]contender, n),
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
		links = append(links, netem.NewLink(netem.LinkConfig{}, 0, config.Site, i))
	}
	s.uplink = emulator.NewUplink(s.scheduler, config.Socket, links)
	if s.control, err = s.join(controlProtocol, emulator.Direct, quicnet.Config{Mode: quicnet.OneStream, Take: s.take, Datagram: s.takeProbe}); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	close(s.opened)
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

// join makes a net of all sites over a channel of the socket, with what the configuration says of messages.
func (s *Site) join(protocol string, channel emulator.Channel, config quicnet.Config) (*quicnet.Net, error) {
	regions := s.Plan.Experiment.Regions
	config.Replicas, config.Learn = len(regions), s.uplink.Learn
	config.Conn = func(int) net.PacketConn { return s.uplink.Conn(channel) }
	return quicnet.Join(config, quicnet.SiteConfig{
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

// take takes a message from another site, in a goroutine of its connection. The error says why the process
// that has sent it takes no part.
func (s *Site) take(from int, data []byte) error {
	<-s.opened
	now := s.now()
	m, err := decode(data)
	if err != nil {
		return fmt.Errorf("found a message that %s cannot read; accepted: those of the same version, %s", s.name(s.Site), s.version)
	}
	if isIn, err := s.admit(from, m, now); !isIn {
		return err
	}
	s.heard[from].Store(int64(now))
	if m.Kind == hello && s.coordinates() {
		s.send(from, &message{Kind: welcome})
	}
	switch m.Kind {
	case alive:
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
	return nil
}

// contender is a process that wants to join as a region in which another process has joined.
type contender struct {
	instance uint64
	since    time.Duration
}

// contenderDelay is longer than a message of a process that has ended can be on its way.
const contenderDelay = 2 * time.Second

// admit reports whether a message is of a process that takes part. The first process that says hello as a region does. Another one takes
// its place if the first was not heard of for Silence, as when it was started again, and only before the first run. It is refused when
// the first was heard of after it has said hello.
func (s *Site) admit(from int, m *message, now time.Duration) (isIn bool, refused error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.instances[from]
	if known == m.Instance && m.Kind != hello {
		return true, nil
	}
	if !s.coordinates() {
		if from != s.Coordinator || known == 0 {
			return true, nil // the coordinator knows who takes part
		}
		return false, s.another(from)
	}
	switch c := &s.contenders[from]; {
	case known != 0 && known != m.Instance && s.gathered:
		return false, s.another(from)
	case m.Kind != hello:
		return false, nil // it says hello first
	case m.Version != s.version || m.Hash != s.hash:
		refused = fmt.Errorf("found version %s with experiment %s in %s, and version %s with experiment %s in %s; accepted: the same in all sites",
			m.Version, m.Hash, s.name(from), s.version, s.hash, s.name(s.Site))
		select {
		case s.differs <- refused:
		default:
		}
		return false, refused
	case known == 0 || known == m.Instance:
	case c.instance != m.Instance:
		*c = contender{m.Instance, now}
		return false, nil
	case time.Duration(s.heard[from].Load()) > c.since+contenderDelay:
		return false, s.another(from)
	case now-time.Duration(s.heard[from].Load()) < s.Silence:
		return false, nil // whether the first one is there is not known yet
	}
	if known != 0 && known != m.Instance {
		s.control.Redial(s.Site, from)
	}
	s.instances[from] = m.Instance
	return true, nil
}

// another is the error for a process that is not the one that takes part as a region.
func (s *Site) another(from int) error {
	return fmt.Errorf("found another process that has joined as %s; accepted: one process a site, before the first run", s.name(from))
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
		if err := s.refusedBy(s.Coordinator); err != nil {
			return err
		}
		return inTime()
	}, func(e envelope) (bool, error) {
		switch {
		case e.from != s.Coordinator:
		case e.Kind == welcome:
			s.mu.Lock()
			s.instances[e.from] = e.Instance
			s.mu.Unlock()
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
	s.send(s.Coordinator, &message{Kind: measured, Before: s.links})
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

// refusedBy returns an error if other sites have refused this one.
func (s *Site) refusedBy(sites ...int) error {
	for _, site := range sites {
		if why := s.control.Refusal(s.Site, site); why != "" {
			return &RefusedError{s.name(site), why}
		}
	}
	return nil
}

// gather is the coordinator's part of Join.
func (s *Site) gather(ctx context.Context, inTime func() error) error {
	joined, done := map[int]bool{}, map[int]bool{}
	note := func(e envelope) {
		switch e.Kind {
		case hello: // of a process that may have taken the place of another one
			joined[e.from] = true
			delete(done, e.from)
		case measured:
			done[e.from] = true
			if len(e.Before) == len(s.matrix) {
				s.matrix[e.from] = e.Before
			}
		}
	}
	err := s.await(ctx, func() error {
		select {
		case different := <-s.differs:
			return different
		default:
		}
		if err := s.refusedBy(s.others()...); err != nil {
			return err
		}
		return inTime()
	}, func(e envelope) (bool, error) {
		note(e)
		return len(joined) == len(s.others()), nil
	})
	if err != nil {
		return s.missing(err, slices.DeleteFunc(s.others(), func(site int) bool { return joined[site] }))
	}
	if err := s.measureLinks(ctx, s.now()); err != nil {
		return err
	}
	err = s.await(ctx, func() error {
		if len(done) == len(s.others()) {
			return errGathered
		}
		return s.silent(s.others())
	}, func(e envelope) (bool, error) {
		note(e)
		return len(done) == len(s.others()), nil
	})
	if err != nil && err != errGathered {
		return err
	}
	s.mu.Lock()
	s.gathered = true
	s.mu.Unlock()
	s.matrix[s.Site] = s.links
	if s.Plan.Experiment.Network.Links == experiment.Real {
		s.Plan = s.Plan.OnLinks(s.delays())
	}
	return nil
}

// roundTrip is the least round trip between two sites that either of them has found when it joined.
func (s *Site) roundTrip(a, b int) time.Duration {
	least := func(row []probes, to int) time.Duration {
		if len(row) == 0 || row[to].Best.RoundTrip == 0 {
			return math.MaxInt64
		}
		return row[to].Best.RoundTrip
	}
	return min(least(s.matrix[a], b), least(s.matrix[b], a))
}

// delays are the one-way delays between all sites: half of the least round trip, since nothing tells how it is divided.
func (s *Site) delays() [][]time.Duration {
	n := len(s.matrix)
	all := make([][]time.Duration, n)
	for i := range all {
		all[i] = make([]time.Duration, n)
		for j := range n {
			if i != j {
				all[i][j] = s.roundTrip(i, j) / 2
			}
		}
	}
	return all
}

// errGathered ends gathering where all has been heard before it was waited for.
var errGathered = errors.New("all have joined")

// measureLinks measures the links to all other sites.
func (s *Site) measureLinks(ctx context.Context, began time.Duration) error {
	timed, cancel := context.WithTimeout(ctx, max(5*time.Second, s.JoinTimeout-(s.now()-began)))
	defer cancel()
	found, err := s.measure(timed, s.others(), math.MaxInt64, false)
	if err != nil && ctx.Err() == nil && timed.Err() != nil {
		return s.missing(errAwaited, slices.DeleteFunc(s.others(), func(site int) bool { return len(found[site].Trips) > 0 }))
	}
	s.links = found
	return err
}

// Link is what a site has measured of its link to another one.
type Link struct {
	To        string
	RoundTrip time.Duration // the least
}

// Links are the links to the other sites, as Join has measured them.
func (s *Site) Links() (all []Link) {
	for _, to := range s.others() {
		all = append(all, Link{s.name(to), s.links[to].Best.RoundTrip})
	}
	return all
}
