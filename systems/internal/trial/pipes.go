package trial

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
)

// Pipes is a listener without a network: what dials its Dial is connected to who accepts. Inside of namespaces there is no loopback.
type Pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

// Address is one at which nobody listens.
var Address = netip.MustParseAddrPort("10.0.0.1:1")

// Listen returns a listener.
func Listen() *Pipes { return &Pipes{accepted: make(chan net.Conn), closed: make(chan struct{})} }

// Dial is a system.Dialer; whatever the address, it reaches the listener, unless that is closed.
func (p *Pipes) Dial(ctx context.Context, network, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.accepted <- theirs:
		return ours, nil
	case <-p.closed:
		return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("connection refused")}
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Net: network, Err: ctx.Err()}
	}
}

// Accept implements net.Listener.
func (p *Pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepted:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *Pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Addr implements net.Listener.
func (p *Pipes) Addr() net.Addr { return net.TCPAddrFromAddrPort(Address) }
