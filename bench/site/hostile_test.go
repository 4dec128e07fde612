package site_test

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/site"
	"quorumbench/bench/site/keys"
	"quorumbench/netem/quicnet"
)

// lasting is an experiment whose run lasts until it is stopped.
func lasting(t *testing.T) *experiment.Plan {
	return planOf(t, strings.Replace(strings.Replace(small, "duration: 1s", "duration: 10m", 1), "multipaxos, ", "", 1))
}

// during runs an experiment with the sites of a deployment, calls disturb once the first run is under way, and stops the run when that
// returns. What was measured until then must have passed the checks, and all regions must have gone on meanwhile.
func during(t *testing.T, d *deployment, plan *experiment.Plan, disturb func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var serving sync.WaitGroup
	for number := 1; number < 3; number++ {
		s := d.open(plan, number)
		serving.Go(func() {
			defer s.Close()
			if err := s.Join(t.Context()); err != nil {
				t.Error(err)
				return
			}
			if outcome, err := s.Serve(t.Context()); err != nil || outcome.Code != 5 {
				t.Errorf("site %d ended with %+v, %v", number, outcome, err)
			}
		})
	}
	s := d.open(plan, 0)
	defer s.Close()
	var once sync.Once
	var disturbing sync.WaitGroup
	found, err := coordinate(ctx, plan, s, func(now bench.Status) {
		if now.Elapsed > time.Second {
			once.Do(func() {
				disturbing.Go(func() {
					disturb()
					time.Sleep(time.Second) // in which the run goes on
					stop()
				})
			})
		}
	})
	s.Finish(5, "stopped")
	serving.Wait()
	disturbing.Wait()
	if !errors.Is(err, context.Canceled) || found == nil || len(found.Runs) != 1 {
		t.Fatalf("found %+v, %v", found, err)
	}
	for _, c := range found.Runs[0].Checks {
		if c.Verdict == result.Failed {
			t.Errorf("%s: %s: %s", c.Name, c.Verdict, c.Detail)
		}
	}
	for _, region := range found.Runs[0].Regions {
		if region.Operations.Answered == 0 {
			t.Errorf("nothing was answered to %s", region.Region)
		}
	}
}

// stranger has a socket of its own and sends datagrams to the sites.
func stranger(t *testing.T, d *deployment) (send func(data []byte)) {
	t.Helper()
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	return func(data []byte) {
		for _, at := range d.sockets {
			_, _ = socket.WriteTo(data, at.LocalAddr())
		}
	}
}

func TestGarbageDoesNoHarm(t *testing.T) {
	plan := lasting(t)
	d := deploy(t, plan)
	send, random := stranger(t, d), rand.New(rand.NewPCG(1, 2))
	during(t, d, plan, func() {
		for i := range 4000 {
			data := make([]byte, random.IntN(1500))
			for j := range data {
				data[j] = byte(random.Uint32())
			}
			if len(data) > 6 && i%4 > 0 { // of a channel that is known, and perhaps like the beginning of a connection
				data[0] = byte(i % 2)
				if i%4 == 1 {
					copy(data[1:], []byte{0xc0 | data[1]&0x3f, 0, 0, 0, 1, 8})
				}
			}
			send(data)
			if i%50 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
	})
}

// relay stands between a site and those that call it. It carries all datagrams, and keeps copies.
type relay struct {
	front  *net.UDPConn // where the site seems to be
	behind *net.UDPAddr // where it is

	mu      sync.Mutex
	callers map[netip.AddrPort]*net.UDPConn
	copies  [][]byte
	twice   bool        // each datagram is sent twice
	deaf    atomic.Bool // nothing comes to the site any more
}

func newRelay(t *testing.T, behind net.Addr) *relay {
	t.Helper()
	front, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{front: front, behind: behind.(*net.UDPAddr), callers: map[netip.AddrPort]*net.UDPConn{}, twice: true}
	var carrying sync.WaitGroup
	t.Cleanup(func() {
		front.Close()
		r.mu.Lock()
		for _, c := range r.callers {
			c.Close()
		}
		r.mu.Unlock()
		carrying.Wait()
	})
	carrying.Go(func() {
		data := make([]byte, 1<<16)
		for {
			n, from, err := front.ReadFromUDPAddrPort(data)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue
			}
			if r.deaf.Load() {
				continue
			}
			r.mu.Lock()
			to := r.callers[from]
			if to == nil {
				if to, err = net.DialUDP("udp", nil, r.behind); err != nil {
					r.mu.Unlock()
					continue
				}
				r.callers[from] = to
				carrying.Go(func() { r.back(to, from) })
			}
			if len(r.copies) < 5000 {
				r.copies = append(r.copies, slices.Clone(data[:n]))
			}
			r.mu.Unlock()
			for range 2 {
				_, _ = to.Write(data[:n])
			}
		}
	})
	return r
}

// back carries what the site answers to a caller.
func (r *relay) back(from *net.UDPConn, to netip.AddrPort) {
	data := make([]byte, 1<<16)
	for {
		n, err := from.Read(data)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		for i := 0; err == nil && i < 2; i++ {
			_, _ = r.front.WriteToUDPAddrPort(data[:n], to)
		}
	}
}

func TestReplayedDatagramsDoNoHarm(t *testing.T) {
	plan := lasting(t)
	d := deploy(t, plan)
	between := newRelay(t, d.sockets[1].LocalAddr())
	d.peers[1] = between.front.LocalAddr().String()
	send := stranger(t, d)
	during(t, d, plan, func() {
		between.mu.Lock()
		copies := slices.Clone(between.copies)
		callers := len(between.callers)
		between.mu.Unlock()
		if len(copies) < 50 || callers == 0 {
			t.Errorf("found %d datagrams of %d callers to be replayed", len(copies), callers)
		}
		for i, data := range copies { // by somebody else, to all sites
			send(data)
			if i%20 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		between.mu.Lock()
		defer between.mu.Unlock()
		for _, to := range between.callers { // by a socket of which they might be
			for i, data := range copies {
				_, _ = to.Write(data)
				if i%20 == 0 {
					time.Sleep(time.Millisecond)
				}
			}
		}
	})
}

// A site of which the coordinator hears nothing any more, and which hears the coordinator, ends when it is told that the experiment has,
// and keeps what it knows.
func TestASiteThatIsNotHeardEnds(t *testing.T) {
	plan := lasting(t)
	d := deploy(t, plan)
	between := newRelay(t, d.sockets[0].LocalAddr())
	var serving sync.WaitGroup
	var unheard error
	for number := 1; number < 3; number++ {
		s := d.open(plan, number, func(c *site.Config) {
			c.Silence = time.Minute
			if number == 1 {
				c.Peers = slices.Clone(c.Peers)
				c.Peers[0] = between.front.LocalAddr().String()
			}
		})
		serving.Go(func() {
			defer s.Close()
			if err := s.Join(t.Context()); err != nil {
				t.Error(err)
				return
			}
			if _, err := s.Serve(t.Context()); number == 1 {
				unheard = err
			}
		})
	}
	s := d.open(plan, 0, func(c *site.Config) { c.Silence = 5 * time.Second })
	defer s.Close()
	_, err := coordinate(t.Context(), plan, s, func(now bench.Status) {
		if now.Elapsed > time.Second {
			between.deaf.Store(true)
		}
	})
	s.Finish(1, "lost")
	serving.Wait()
	var lost *site.LostError
	if !errors.As(err, &lost) {
		t.Fatalf("the coordinator ended with %v", err)
	}
	if !between.deaf.Load() || !slices.Contains(lost.Sites, "eu-west-1") {
		t.Skipf("SKIPPED: the machine was so busy that the coordinator did not hear others: %v", lost)
	}
	if unheard == nil || !strings.Contains(unheard.Error(), "us-east-1 has ended the experiment") || !strings.Contains(unheard.Error(), "quorumbench merge reads it") {
		t.Errorf("the site that is not heard ended with %v", unheard)
	}
}

// foreign is the identity of a region by an authority of another deployment, with the same names.
func foreign(t *testing.T, plan *experiment.Plan, number int) *keys.Identity {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "keys")
	made, err := keys.Make("small", plan.Experiment.Regions, time.Now(), time.Hour)
	if err == nil {
		err = made.Write(folder)
	}
	if err != nil {
		t.Fatal(err)
	}
	id, err := keys.Read(folder, plan.Experiment.Regions[number], time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// socket is a new socket on the loopback device.
func socket(t *testing.T) *net.UDPConn {
	t.Helper()
	s, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Whoever can do a handshake, but has no certificate of the deployment's authority, gets in nowhere and is told so.
func TestStrangersWithoutAKeyAreRefusedInTheHandshake(t *testing.T) {
	plan := lasting(t)
	d := deploy(t, plan)
	during(t, d, plan, func() {
		wrong := d.open(plan, 1, func(c *site.Config) {
			c.Identity, c.Socket, c.JoinTimeout = foreign(t, plan, 1), socket(t), 5*time.Second
		})
		defer wrong.Close()
		if err := wrong.Join(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("with a key of another authority: %v", err)
		}
		for _, protocol := range []string{"quorumbench-site-1", "quorumbench-run-1", "h3"} {
			own := socket(t)
			stranger, err := quicnet.Join(quicnet.Config{
				Replicas: 3, Conn: func(int) net.PacketConn { return &tagged{own, 0} },
				Receive: func(int, int, []byte) { t.Error("a stranger received a message") },
			}, quicnet.SiteConfig{
				Self: 1, Server: &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, errors.New("none") }},
				WhoIs:   func(tls.ConnectionState) (int, error) { return -1, errors.New("nobody") },
				Address: func(_ context.Context, to int) (net.Addr, error) { return d.sockets[to].LocalAddr(), nil },
				Client: func(int) *tls.Config { // it believes anybody, and shows nothing
					return &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}, MinVersion: tls.VersionTLS13}
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			// With TLS 1.3, a client takes a connection for made before the server has seen that it shows no certificate.
			for stranger.Failure(1, 0) == nil && stranger.Stats().Reconnects < 2 {
				stranger.Endpoint(1).Send(0, []byte("let me in"))
				time.Sleep(10 * time.Millisecond)
			}
			if why := stranger.Refusal(1, 0); why != "" {
				t.Errorf("a message of a stranger was read: %s", why)
			}
			if err := stranger.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// tagged is a socket whose datagrams are of one channel of the sites' sockets.
type tagged struct {
	*net.UDPConn
	channel byte
}

func (c *tagged) WriteTo(b []byte, to net.Addr) (int, error) {
	n, err := c.UDPConn.WriteTo(append([]byte{c.channel}, b...), to)
	return max(0, n-1), err
}

func (c *tagged) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.UDPConn.ReadFrom(b)
	if n > 0 {
		n = copy(b, b[1:n])
	}
	return n, from, err
}

// A process that comes too late is told so while a run goes on, whatever its version and experiment, and wherever it is.
func TestLatecomersAreRefusedDuringARun(t *testing.T) {
	plan := lasting(t)
	other := planOf(t, strings.Replace(small, "30/s", "31/s", 1))
	d := deploy(t, plan)
	during(t, d, plan, func() {
		for name, late := range map[string]*site.Site{
			"a second process":              d.open(plan, 1, func(c *site.Config) { c.Socket = socket(t) }),
			"one of another experiment":     d.open(other, 1, func(c *site.Config) { c.Socket = socket(t) }),
			"one of another version":        d.open(plan, 2, func(c *site.Config) { c.Socket = socket(t) }),
			"a second coordinator":          d.open(plan, 0, func(c *site.Config) { c.Socket = socket(t) }),
			"one that has the wrong region": d.open(plan, 2, func(c *site.Config) { c.Socket = socket(t) }),
		} {
			if strings.Contains(name, "version") {
				site.SetVersion(late, "another")
			}
			err := late.Join(t.Context())
			var refused *site.RefusedError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), "found another process that has joined as") {
				t.Errorf("%s was told %v", name, err)
			}
			if err := late.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// Of two processes as one region that come before the first run, the one that came first takes part.
func TestASecondProcessOfARegionIsRefusedBeforeARun(t *testing.T) {
	plan := planOf(t, small)
	d := deploy(t, plan)
	coordinator := d.open(plan, 0)
	first := d.open(plan, 1)
	var joining sync.WaitGroup
	said := make(chan error, 1)
	joining.Go(func() {
		_, err := coordinate(t.Context(), plan, coordinator, nil)
		if err != nil {
			t.Error(err)
		}
		coordinator.Finish(0, "")
	})
	joining.Go(func() {
		err := first.Join(t.Context())
		if err == nil {
			_, err = first.Serve(t.Context())
		}
		if err != nil {
			t.Errorf("the first process: %v", err)
		}
	})
	for !site.HasJoined(coordinator, 1) {
		time.Sleep(10 * time.Millisecond)
	}
	second := d.open(plan, 1, func(c *site.Config) { c.Socket = socket(t) })
	joining.Go(func() { said <- second.Join(t.Context()) })
	if err := <-said; err == nil || !strings.Contains(err.Error(), "found another process that has joined as eu-west-1") {
		t.Errorf("the second process: %v", err)
	}
	last := d.open(plan, 2)
	joining.Go(func() {
		err := last.Join(t.Context())
		if err == nil {
			_, err = last.Serve(t.Context())
		}
		if err != nil {
			t.Error(err)
		}
	})
	joining.Wait()
	for _, s := range []*site.Site{coordinator, first, second, last} {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A process that was killed and started again before the first run takes the place of the one that is gone.
func TestAProcessThatIsStartedAgainTakesPart(t *testing.T) {
	plan := planOf(t, strings.Replace(small, "multipaxos, ", "", 1))
	d := deploy(t, plan)
	silence := func(c *site.Config) { c.Silence = 3 * time.Second }
	coordinator := d.open(plan, 0, silence)
	defer coordinator.Close()
	killed, address := d.open(plan, 1, silence), d.sockets[1].LocalAddr().(*net.UDPAddr)
	dying, kill := context.WithCancel(t.Context())
	var joining sync.WaitGroup
	joining.Go(func() {
		_ = killed.Join(dying)
		killed.Close()
	})
	joining.Go(func() {
		if _, err := coordinate(t.Context(), plan, coordinator, nil); err != nil {
			t.Error(err)
		}
		coordinator.Finish(0, "")
	})
	for !site.HasJoined(coordinator, 1) {
		time.Sleep(10 * time.Millisecond)
	}
	d.sockets[1].Close() // before it can say anything
	kill()
	var err error
	for d.sockets[1], err = net.ListenUDP("udp", address); err != nil; d.sockets[1], err = net.ListenUDP("udp", address) {
		time.Sleep(10 * time.Millisecond)
	}
	for number := 1; number < 3; number++ {
		s := d.open(plan, number, silence)
		joining.Go(func() {
			defer s.Close()
			err := s.Join(t.Context())
			if err == nil {
				_, err = s.Serve(t.Context())
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	joining.Wait()
}

func TestSitesOfDifferentVersionsDoNotRun(t *testing.T) {
	plan := planOf(t, small)
	d := deploy(t, plan)
	s, other := d.open(plan, 0), d.open(plan, 1)
	defer s.Close()
	site.SetVersion(other, "another")
	var joining sync.WaitGroup
	joining.Go(func() {
		defer other.Close()
		var refused *site.RefusedError
		if err := other.Join(t.Context()); !errors.As(err, &refused) || !strings.Contains(err.Error(), "found version another") {
			t.Errorf("the site of another version: %v", err)
		}
	})
	if err := s.Join(t.Context()); err == nil || !strings.Contains(err.Error(), "found version another with experiment") {
		t.Errorf("the coordinator: %v", err)
	}
	joining.Wait()
}

// Somebody else listens where a site should be.
func TestAnImpostorIsNotTakenForASite(t *testing.T) {
	plan := planOf(t, small)
	d := deploy(t, plan)
	impostor := d.open(plan, 1, func(c *site.Config) { c.Identity = foreign(t, plan, 1) })
	defer impostor.Close()
	swapped := d.open(plan, 2, func(c *site.Config) { // with a key of this deployment, of another region
		id, err := keys.Read(d.keys, "eu-west-1", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		c.Identity = id
	})
	defer swapped.Close()
	s := d.open(plan, 0, func(c *site.Config) { c.JoinTimeout = 4 * time.Second })
	defer s.Close()
	err := s.Join(t.Context())
	if err == nil || !strings.Contains(err.Error(), "eu-west-1 at "+d.peers[1]) || !strings.Contains(err.Error(), "ap-northeast-1 at "+d.peers[2]) ||
		strings.Count(err.Error(), "certificate") < 2 {
		t.Error(err)
	}
}
