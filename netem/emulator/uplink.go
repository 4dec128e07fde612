package emulator

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"quorumbench/netem"
)

// Uplink is the network of a process that runs one site alone: a UDP socket over which it reaches the sites of other
// processes. The sender delays what it sends: a datagram for a site whose address is known passes a link of package netem before
// it is written to the socket, so that each direction of a link is emulated once. What comes in is not delayed.
//
// Datagrams are of channels, each with a packet connection of its own. Those of [Direct] pass no link. The first byte of a
// datagram tells its channel; one of an unknown channel is dropped.
//
// Safe for use by several goroutines.
type Uplink struct {
	scheduler *Scheduler
	socket    *net.UDPConn
	conns     [channels]atomic.Pointer[uplinkConn]
	links     []*link // by site
	datagrams sync.Pool

	mu    sync.RWMutex
	sites map[netip.AddrPort]int // by address; see Learn

	foreign atomic.Uint64 // datagrams of no channel
	reading sync.WaitGroup
}

// Channel tells apart what shares the socket of an Uplink.
type Channel uint8

// The channels.
const (
	Direct   Channel = iota // passes no link
	Emulated                // passes the links
	channels
)

// NewUplink makes the network of a site. The links are those to each site, by its number; see [Uplink.Change] for links that
// are known later only. It owns the socket, which Close closes.
func NewUplink(scheduler *Scheduler, socket *net.UDPConn, links []*netem.Link) *Uplink {
	u := &Uplink{scheduler: scheduler, socket: socket, sites: map[netip.AddrPort]int{}}
	_, _ = socket.SetReadBuffer(socketBuffer), socket.SetWriteBuffer(socketBuffer) // as much of it as the system grants
	u.datagrams.New = func() any { return &datagram{uplink: u} }
	for _, model := range links {
		u.links = append(u.links, &link{model: model})
	}
	u.reading.Go(u.read)
	return u
}

// socketBuffer is how many bytes the system may hold for the socket, each way: a few milliseconds of a busy run.
const socketBuffer = 7 << 20

// Conn opens the packet connection of a channel. One that was opened before receives nothing any more.
func (u *Uplink) Conn(channel Channel) net.PacketConn {
	c := &uplinkConn{
		uplink: u, channel: channel, arrived: make(chan *datagram, backlog),
		reading: deadline{passed: make(chan struct{})}, closed: make(chan struct{}),
	}
	u.conns[channel].Store(c)
	return c
}

// LocalAddr is the address of the socket.
func (u *Uplink) LocalAddr() netip.AddrPort { return addrPort(u.socket.LocalAddr().(*net.UDPAddr)) }

// Learn tells that datagrams for an address are for a site, because it has proved that it is there or because somebody who may
// say so does: they pass its link from
// now on. Those for addresses that are not known pass none: they carry handshakes that have not told yet who is there.
func (u *Uplink) Learn(addr net.Addr, site int) {
	udp, ok := addr.(*net.UDPAddr)
	if !ok {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sites[addrPort(udp)] = site
}

// Change gives the link to a site another configuration, which must be valid, for the datagrams to come.
func (u *Uplink) Change(site int, config netem.LinkConfig) {
	l := u.links[site]
	l.mu.Lock()
	defer l.mu.Unlock()
	l.model.SetConfig(config)
}

// Restart gives the link to a site the state of one that has carried nothing yet, and its counters that of none: each run
// begins with it.
func (u *Uplink) Restart(site int, model *netem.Link) {
	l := u.links[site]
	l.mu.Lock()
	defer l.mu.Unlock()
	l.model, l.counters = model, Counters{}
	l.overflow.Store(0)
}

// Counters returns the counters of the link to a site. Overflow are datagrams that came from it, or from anywhere, and were not
// read in time; they are counted for site 0.
func (u *Uplink) Counters(site int) Counters {
	l := u.links[site]
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.counters
	c.Overflow = l.overflow.Load()
	return c
}

// Foreign counts the datagrams that came in and were of no channel.
func (u *Uplink) Foreign() uint64 { return u.foreign.Load() }

// Close closes the socket and the connections. Datagrams that wait for their time go nowhere.
func (u *Uplink) Close() error {
	err := u.socket.Close()
	for channel := range u.conns {
		if c := u.conns[channel].Load(); c != nil {
			_ = c.Close()
		}
	}
	u.reading.Wait()
	return err
}

// read gives what the socket receives to the channels' connections.
func (u *Uplink) read() {
	for {
		d := u.datagrams.Get().(*datagram)
		d.data = d.data[:cap(d.data)]
		if len(d.data) < maxDatagram {
			d.data = make([]byte, maxDatagram)
		}
		n, from, err := u.socket.ReadFromUDPAddrPort(d.data)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || n == 0 || d.data[0] >= byte(channels) { // an error is about an earlier datagram, as when nobody listens there
			if err == nil {
				u.foreign.Add(1)
			}
			d.free()
			continue
		}
		d.data, d.at = d.data[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		c := u.conns[d.data[0]].Load()
		if c == nil { // not open yet, as between two runs
			d.free()
			continue
		}
		select {
		case c.arrived <- d:
		default:
			u.links[0].overflow.Add(1)
			d.free()
		}
	}
}

// siteAt returns the site that has an address.
func (u *Uplink) siteAt(addr netip.AddrPort) (site int, known bool) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	site, known = u.sites[addr]
	return site, known
}

// send writes a datagram to the socket, after its link if it is of the emulated channel and for a known site.
func (u *Uplink) send(b []byte, channel Channel, to netip.AddrPort) error {
	d := u.datagrams.Get().(*datagram)
	d.data, d.at = append(append(d.data[:0], byte(channel)), b...), to
	site, known := u.siteAt(to)
	if channel == Direct || !known {
		defer d.free()
		_, err := u.socket.WriteToUDPAddrPort(d.data, d.at)
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil // such as that nobody listens there: a datagram that is lost
	}
	l := u.links[site]
	l.mu.Lock()
	defer l.mu.Unlock()
	now := u.scheduler.Now() // under the lock: the link wants to be asked in the order of time
	due, fate := l.model.Transmit(now, len(b)+headers)
	l.counters.Packets++
	l.counters.Bytes += uint64(len(b) + headers)
	switch {
	case fate == netem.Lost && l.model.Config().IsCut():
		l.counters.Cut++
	case fate == netem.Lost:
		l.counters.Lost++
	case fate == netem.Dropped:
		l.counters.Dropped++
	case due <= now && l.waiting.Load() == 0:
		_, _ = u.socket.WriteToUDPAddrPort(d.data, d.at)
	default:
		d.link = l
		l.waiting.Add(1)
		u.scheduler.At(due, Packets, d)
		return nil
	}
	d.free()
	return nil
}

// datagram is a datagram that was received, or that waits until its link lets it leave. Datagrams are used again.
type datagram struct {
	uplink *Uplink
	data   []byte         // with the channel in front
	at     netip.AddrPort // from where it came, or where it goes
	link   *link          // while it waits
}

// Happen implements Event: the datagram leaves.
func (d *datagram) Happen() {
	_, _ = d.uplink.socket.WriteToUDPAddrPort(d.data, d.at) // an error is a datagram that is lost
	d.link.waiting.Add(-1)
	d.link = nil
	d.free()
}

func (d *datagram) free() { d.uplink.datagrams.Put(d) }

func addrPort(a *net.UDPAddr) netip.AddrPort {
	at := a.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// uplinkConn is the packet connection of a channel. Like Conn, it offers nothing else that could send.
type uplinkConn struct {
	uplink  *Uplink
	channel Channel
	arrived chan *datagram
	reading deadline
	closing sync.Once
	closed  chan struct{}
}

// ReadFrom reads a datagram; what does not fit into b is cut off, as UDP does.
func (c *uplinkConn) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case <-c.closed: // also if something has arrived
		return 0, nil, c.failed("read", net.ErrClosed)
	default:
	}
	select {
	case d := <-c.arrived:
		n, addr := copy(b, d.data[1:]), net.UDPAddrFromAddrPort(d.at)
		d.free()
		return n, addr, nil
	case <-c.closed:
		return 0, nil, c.failed("read", net.ErrClosed)
	case <-c.reading.wait():
		return 0, nil, c.failed("read", os.ErrDeadlineExceeded)
	}
}

// WriteTo sends a datagram. It never waits; a datagram that is lost is no error.
func (c *uplinkConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	select {
	case <-c.closed:
		return 0, c.failed("write", net.ErrClosed)
	default:
	}
	udp, ok := addr.(*net.UDPAddr)
	if !ok {
		return 0, c.failed("write", errors.New("found an address that is not of UDP"))
	}
	if err := c.uplink.send(b, c.channel, addrPort(udp)); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (c *uplinkConn) failed(op string, err error) error {
	return &net.OpError{Op: op, Net: "udp", Source: c.LocalAddr(), Err: err}
}

// Close closes the connection, and leaves the socket open for the other channels.
func (c *uplinkConn) Close() error {
	c.closing.Do(func() {
		close(c.closed)
		c.uplink.conns[c.channel].CompareAndSwap(c, nil)
	})
	return nil
}

// LocalAddr is the address of the socket.
func (c *uplinkConn) LocalAddr() net.Addr { return c.uplink.socket.LocalAddr() }

// SetDeadline sets the deadline for reading; writing never waits.
func (c *uplinkConn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetReadDeadline sets when a ReadFrom, also one that waits already, fails with os.ErrDeadlineExceeded; the zero time is never.
func (c *uplinkConn) SetReadDeadline(t time.Time) error {
	c.reading.set(t)
	return nil
}

// SetWriteDeadline does nothing: writing never waits.
func (c *uplinkConn) SetWriteDeadline(time.Time) error { return nil }

// SetReadBuffer does nothing: the socket has its buffer. quic-go asks for it.
func (c *uplinkConn) SetReadBuffer(int) error { return nil }

// SetWriteBuffer does nothing: the socket has its buffer. quic-go asks for it.
func (c *uplinkConn) SetWriteBuffer(int) error { return nil }
