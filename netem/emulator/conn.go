package emulator

import (
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// Conn is a packet connection of a node, a net.PacketConn; [Network.Conn] opens it. It offers
// nothing else that could send: quic-go would use that instead and go round the links.
type Conn struct {
	network *Network
	node    int
	arrived chan *packet
	reading deadline
	closing sync.Once
	closed  chan struct{}
}

// backlog is how many packets may wait to be read: 6 MiB of full ones, about what a server would
// set as its socket's receive buffer for QUIC.
const backlog = 4096

func newConn(n *Network, node int) *Conn {
	return &Conn{
		network: n, node: node,
		arrived: make(chan *packet, backlog),
		reading: deadline{passed: make(chan struct{})},
		closed:  make(chan struct{}),
	}
}

// deliver puts a packet into the backlog and never waits; it is false if there is no room.
func (c *Conn) deliver(p *packet) bool {
	select {
	case c.arrived <- p:
		return true
	default:
		return false
	}
}

// ReadFrom reads a datagram; what does not fit into b is cut off, as UDP does.
func (c *Conn) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case <-c.closed: // also if something has arrived
		return 0, nil, c.failed("read", net.ErrClosed)
	case <-c.reading.wait():
		return 0, nil, c.failed("read", os.ErrDeadlineExceeded)
	default:
	}
	select {
	case p := <-c.arrived:
		n, addr := copy(b, p.data), c.network.nodes[p.from].addr
		p.free()
		return n, addr, nil
	case <-c.closed:
		return 0, nil, c.failed("read", net.ErrClosed)
	case <-c.reading.wait():
		return 0, nil, c.failed("read", os.ErrDeadlineExceeded)
	}
}

// WriteTo sends a datagram to the node that has the address. It never waits, whatever the
// deadline; a datagram that the link loses is no error.
func (c *Conn) WriteTo(b []byte, addr net.Addr) (int, error) {
	select {
	case <-c.closed:
		return 0, c.failed("write", net.ErrClosed)
	default:
	}
	to, ok := c.network.nodeAt(addr)
	if !ok {
		return 0, c.failed("write", fmt.Errorf("no node has the address %v", addr))
	}
	if len(b) > maxDatagram {
		return 0, c.failed("write", fmt.Errorf("found a datagram of %d bytes; accepted: at most %d", len(b), maxDatagram))
	}
	c.network.send(b, c.node, to, len(b)+headers)
	return len(b), nil
}

func (c *Conn) failed(op string, err error) error {
	return &net.OpError{Op: op, Net: "udp", Source: c.LocalAddr(), Err: err}
}

// Close closes the connection; packets on their way to it go nowhere.
func (c *Conn) Close() error {
	c.closing.Do(func() {
		close(c.closed)
		c.network.nodes[c.node].conn.CompareAndSwap(c, nil)
	})
	return nil
}

// LocalAddr is the node's address, a *net.UDPAddr.
func (c *Conn) LocalAddr() net.Addr { return c.network.Addr(c.node) }

// SetDeadline sets the deadline for reading; writing never waits.
func (c *Conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetReadDeadline sets when a ReadFrom, also one that waits already, fails with
// os.ErrDeadlineExceeded; the zero time is never.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.reading.set(t)
	return nil
}

// SetWriteDeadline does nothing: writing never waits.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }

// SetReadBuffer does nothing: the backlog is as it is. quic-go asks for it.
func (c *Conn) SetReadBuffer(int) error { return nil }

// SetWriteBuffer does nothing: there is no such buffer. quic-go asks for it.
func (c *Conn) SetWriteBuffer(int) error { return nil }

// deadline is a time that others can wait for, and that can be put off.
type deadline struct {
	mu     sync.Mutex
	timer  *time.Timer // closes passed; nil without a deadline to come
	passed chan struct{}
}

// wait returns a channel that is closed when the deadline has passed.
func (d *deadline) wait() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.passed
}

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	stopped := d.timer == nil || d.timer.Stop()
	d.timer = nil
	if !stopped {
		// The timer has run out and may not have closed the channel yet; it closes the one it was
		// made with, so leave that to it.
		d.passed = make(chan struct{})
	}
	select {
	case <-d.passed:
		d.passed = make(chan struct{})
	default:
	}
	if t.IsZero() {
		return
	}
	passed := d.passed
	if wait := time.Until(t); wait > 0 {
		d.timer = time.AfterFunc(wait, func() { close(passed) })
		return
	}
	close(passed)
}
