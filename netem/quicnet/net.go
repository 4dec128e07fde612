package quicnet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"net"
	"sync"
)

// Mode says how messages are laid on QUIC streams. Either way every message arrives as long as the
// connection lasts; what differs is who waits for a lost packet. One-way times at a round trip of
// 100 ms, 100 B each 10 ms (the test of the modes measures it):
//
//	                   loss   p50   p90     p99     p99.9    packets a message, acknowledgements too
//	stream-per-batch   0 %    50    50      50      50       2.25
//	                   1 %    50    50      50      162.5    2.29
//	                   5 %    50    50      162.5   275      2.46
//	one-stream         0 %    50    50      50      50       1.51
//	                   1 %    50    52.5    162.5   185      1.53
//	                   5 %    50    152.5   245     307.5    1.59
type Mode uint8

// The modes.
const (
	// StreamPerBatch gives what one Send sends a stream of its own, so that a lost packet delays
	// only what was in it. It is the default: consensus protocols do not need their messages in
	// order, and at 5 % loss one stream holds up four messages in ten, this one in twenty. The
	// price is half as many packets again, for each stream's end is told to the sender.
	StreamPerBatch Mode = iota
	// OneStream sends all messages of a connection on one stream, in order, so that all wait
	// behind a lost packet: what a protocol over TCP or gRPC meets.
	OneStream
)

// String returns the mode's name as experiment files spell it.
func (m Mode) String() string {
	switch m {
	case StreamPerBatch:
		return "stream-per-batch"
	case OneStream:
		return "one-stream"
	}
	return fmt.Sprintf("Mode(%d)", uint8(m))
}

// ParseMode reads a mode as String writes it.
func ParseMode(text string) (Mode, error) {
	for _, mode := range []Mode{StreamPerBatch, OneStream} {
		if text == mode.String() {
			return mode, nil
		}
	}
	return 0, fmt.Errorf("found the transport mode %q; accepted: %v, %v", text, StreamPerBatch, OneStream)
}

// Config describes a net. All fields but Mode, Learn, Take and Datagram are needed.
type Config struct {
	// Replicas is their number; they are 0 … Replicas-1.
	Replicas int
	// Conn opens the packet connection of a replica, which the net closes. Its LocalAddr is the
	// address at which the others reach the replica.
	Conn func(replica int) net.PacketConn
	// Receive is called with every message that arrives, by many goroutines at a time. The
	// message belongs to the function called. It should not wait: while it does, what comes
	// behind on the same stream does.
	Receive func(to, from int, message []byte)
	// Take, if not nil, is called in place of Receive. If it returns an error, the connection on which the message came is
	// closed, and the other end is told the error's text; see [Net.Refusal].
	Take func(from int, message []byte) error
	// Datagram, if not nil, is called with each datagram that arrives, by one goroutine for each connection. The data belongs to
	// the function called.
	Datagram func(from int, data []byte)
	// Mode is how messages are laid on streams.
	Mode Mode
	// Learn, if not nil, is told at which address a replica is whose certificate was verified.
	Learn func(addr net.Addr, replica int)
}

// Net is a set of replicas that send messages to each other. Safe for use by several goroutines.
type Net struct {
	endpoints []*Endpoint
	stop      context.CancelFunc
}

// New starts the endpoints of all replicas, which begin to dial each other. Close the net.
func New(config Config) (*Net, error) {
	identities, err := newIdentities(config.Replicas)
	if err != nil {
		return nil, fmt.Errorf("starting a net of %d replicas: %w", config.Replicas, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	n := &Net{stop: stop}
	for id := range config.Replicas {
		e, err := listen(ctx, &config, serverTLS(identities, id), whoIs, id)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("starting replica %d: %w", id, err), n.Close())
		}
		n.endpoints = append(n.endpoints, e)
	}
	for id, e := range n.endpoints {
		for to, other := range n.endpoints {
			if e != other {
				at := other.transport.Conn.LocalAddr()
				e.dial(to, func(context.Context) (net.Addr, error) { return at, nil }, clientTLS(identities[id], identities[to]))
			}
		}
	}
	return n, nil
}

// SiteConfig describes the one replica of a net that is in this process, and how the others, each in a process of its own, are
// found and known. All fields are needed.
type SiteConfig struct {
	Self int
	// Server is with which TLS configuration others are let in, and Client with which one another replica is called.
	Server *tls.Config
	Client func(to int) *tls.Config
	// WhoIs tells which replica is at the other end of a connection that Server has let in.
	WhoIs func(tls.ConnectionState) (replica int, err error)
	// Address tells where another replica is. It is asked before each attempt to connect.
	Address func(ctx context.Context, to int) (net.Addr, error)
}

// Join starts one endpoint of a net whose others are in other processes, and which it begins to dial. Config.Conn and
// Config.Receive are called for this replica only. Close the net.
func Join(config Config, site SiteConfig) (*Net, error) {
	ctx, stop := context.WithCancel(context.Background())
	n := &Net{stop: stop, endpoints: make([]*Endpoint, config.Replicas)}
	whoIs := func(state tls.ConnectionState) (int, error) {
		replica, err := site.WhoIs(state)
		if err == nil && (replica < 0 || replica >= config.Replicas || replica == site.Self) {
			err = fmt.Errorf("found replica %d; accepted: another one of %d", replica, config.Replicas)
		}
		return replica, err
	}
	e, err := listen(ctx, &config, site.Server, whoIs, site.Self)
	if err != nil {
		stop()
		return nil, fmt.Errorf("starting replica %d: %w", site.Self, err)
	}
	n.endpoints[site.Self] = e
	for to := range config.Replicas {
		if to == site.Self {
			continue
		}
		e.dial(to, func(ctx context.Context) (net.Addr, error) {
			addr, err := site.Address(ctx, to)
			if err == nil && config.Learn != nil {
				config.Learn(addr, to)
			}
			return addr, err
		}, site.Client(to))
	}
	return n, nil
}

// Endpoint returns the endpoint of a replica of this process.
func (n *Net) Endpoint(replica int) *Endpoint { return n.endpoints[replica] }

// here are the endpoints in this process.
func (n *Net) here() iter.Seq[*Endpoint] {
	return func(yield func(*Endpoint) bool) {
		for _, e := range n.endpoints {
			if e != nil && !yield(e) {
				return
			}
		}
	}
}

// Failure returns why the last attempt of a replica of this process to connect to another one has failed; nil if it has not.
func (n *Net) Failure(from, to int) error {
	if p := n.endpoints[from].peers[to]; p != nil {
		return p.lastFailure()
	}
	return nil
}

// Redial ends the connection from a replica of this process to another one, if there is one, and makes another: to a process that has
// taken the place of one that has ended, whose silence would be noticed later.
func (n *Net) Redial(from, to int) {
	if p := n.endpoints[from].peers[to]; p != nil {
		p.hangUp()
	}
}

// Refusal returns why another replica has closed a connection with a replica of this process, by an error of its Config.Take;
// empty if it has not.
func (n *Net) Refusal(from, to int) string {
	if p := n.endpoints[from].peers[to]; p != nil {
		return p.lastRefusal()
	}
	return ""
}

// WaitConnected waits until each replica of this process has been connected to each other one.
func (n *Net) WaitConnected(ctx context.Context) error {
	for e := range n.here() {
		for to, p := range e.peers {
			if p == nil {
				continue
			}
			select {
			case <-p.connected:
			case <-ctx.Done():
				err := fmt.Errorf("waiting until replica %d is connected to %d: %w", e.id, to, ctx.Err())
				if failure := p.lastFailure(); failure != nil {
					err = fmt.Errorf("%w; the last attempt: %w", err, failure)
				}
				return err
			}
		}
	}
	return nil
}

// Stats returns the sum over all endpoints.
func (n *Net) Stats() Stats {
	var sum Stats
	for e := range n.here() {
		sum.add(e.Stats())
	}
	return sum
}

// Close ends all connections, without waiting for messages under way, and closes the packet
// connections. When it returns, no goroutine of the net is left and Receive is not called again.
func (n *Net) Close() error {
	n.stop()
	errs := make([]error, len(n.endpoints))
	var closing sync.WaitGroup
	for e := range n.here() {
		closing.Go(func() { errs[e.id] = e.close() })
	}
	closing.Wait()
	return errors.Join(errs...)
}

// Stats count what endpoints have done since the start.
type Stats struct {
	Messages    uint64 // handed to QUIC
	Bytes       uint64 // of these messages
	Received    uint64 // messages handed to Receive
	Unconnected uint64 // messages dropped because there was no connection
	Crowded     uint64 // messages dropped because the connection's window had no room, or that are too long
	Reconnects  uint64 // connections made in place of a lost one
}

func (s *Stats) add(other Stats) {
	s.Messages += other.Messages
	s.Bytes += other.Bytes
	s.Received += other.Received
	s.Unconnected += other.Unconnected
	s.Crowded += other.Crowded
	s.Reconnects += other.Reconnects
}
