package quicnet

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
)

// Endpoint is where one replica sends and receives. Safe for use by several goroutines.
type Endpoint struct {
	id        int
	config    *Config
	whoIs     func(tls.ConnectionState) (replica int, err error)
	transport *quic.Transport
	listener  *quic.Listener
	peers     []*peer // nil for the replica itself
	ctx       context.Context
	tasks     sync.WaitGroup
	received  atomic.Uint64
}

// transportConfig is for dialling and listening alike.
func (c *Config) transportConfig() *quic.Config {
	return &quic.Config{
		EnableDatagrams: c.Datagram != nil,
		// The pacer of quic-go 0.65.0 believes this to be the size of packets whatever is set here,
		// and spins, instead of waiting, while there is room for this but not for a larger one.
		InitialPacketSize: 1280,
		// A peer that is gone is noticed after the first, a link without traffic kept by the second.
		MaxIdleTimeout:  30 * time.Second,
		KeepAlivePeriod: 10 * time.Second,
		// Wide enough that a window never slows a message down; they bound what may be under way. A
		// window is renewed only when a quarter of it is used up, so a stream that has been idle is
		// sure of three quarters: of MaxMessage.
		InitialStreamReceiveWindow:     24 << 20,
		MaxStreamReceiveWindow:         24 << 20,
		InitialConnectionReceiveWindow: 48 << 20,
		MaxConnectionReceiveWindow:     48 << 20,
		// The default, 100, would throttle StreamPerBatch to about 100 batches a round trip.
		MaxIncomingUniStreams: 1 << 20,
		MaxIncomingStreams:    -1,
	}
}

// listen makes the endpoint of a replica and begins to accept connections.
func listen(ctx context.Context, config *Config, server *tls.Config, whoIs func(tls.ConnectionState) (int, error), id int) (*Endpoint, error) {
	e := &Endpoint{
		id:        id,
		config:    config,
		whoIs:     whoIs,
		transport: &quic.Transport{Conn: config.Conn(id)},
		peers:     make([]*peer, config.Replicas),
		ctx:       ctx,
	}
	var err error
	e.listener, err = e.transport.Listen(server, config.transportConfig())
	if err != nil {
		return nil, errors.Join(err, e.transport.Conn.Close())
	}
	e.tasks.Go(e.accept)
	return e, nil
}

// dial makes the endpoint connect to another one, for as long as it lives. The function address is asked before each attempt.
func (e *Endpoint) dial(other int, address func(context.Context) (net.Addr, error), client *tls.Config) {
	p := newPeer(e, address, client)
	e.peers[other] = p
	e.tasks.Go(p.keepConnected)
}

// Send hands messages for another replica to QUIC as one batch and never waits. The messages are
// copied. They are dropped, and counted, if there is no connection or no room for all of them: 16
// MiB on a stream and 32 MiB on a connection may be under way. A message longer than MaxMessage is
// dropped by itself.
func (e *Endpoint) Send(to int, messages ...[]byte) {
	e.peers[to].send(messages)
}

// SendDatagram sends a datagram to another replica, encrypted as messages are. It is sent once, and lost if a packet is lost, if
// there is no connection, or if it is longer than about 1100 bytes. Config.Datagram must not be nil, here and there.
func (e *Endpoint) SendDatagram(to int, data []byte) {
	if conn := e.peers[to].connection(); conn != nil {
		_ = conn.SendDatagram(data)
	}
}

// Stats returns the endpoint's counts.
func (e *Endpoint) Stats() Stats {
	s := Stats{Received: e.received.Load()}
	for _, p := range e.peers {
		if p != nil {
			s.add(p.snapshot())
		}
	}
	return s
}

func (e *Endpoint) close() error {
	for _, p := range e.peers {
		if p != nil {
			p.hangUp()
		}
	}
	err := errors.Join(e.listener.Close(), e.transport.Close(), e.transport.Conn.Close())
	e.tasks.Wait()
	return err
}

// accept takes the connections that others dial.
func (e *Endpoint) accept() {
	for {
		conn, err := e.listener.Accept(e.ctx)
		if err != nil {
			return // closed
		}
		from, err := e.whoIs(conn.ConnectionState().TLS)
		if err != nil {
			_ = conn.CloseWithError(0, "who are you?")
			continue
		}
		if e.config.Learn != nil {
			e.config.Learn(conn.RemoteAddr(), from)
		}
		e.tasks.Go(func() { e.receive(conn, from) })
		if e.config.Datagram != nil {
			e.tasks.Go(func() { e.receiveDatagrams(conn, from) })
		}
	}
}

// receiveDatagrams hands over the datagrams of a connection until it ends.
func (e *Endpoint) receiveDatagrams(conn *quic.Conn, from int) {
	for {
		data, err := conn.ReceiveDatagram(e.ctx)
		if err != nil {
			return
		}
		e.config.Datagram(from, data)
	}
}

// receive reads the streams of a connection, each in a goroutine of its own: one that waits for
// a lost packet does not hold up the others.
func (e *Endpoint) receive(conn *quic.Conn, from int) {
	for {
		stream, err := conn.AcceptUniStream(e.ctx)
		if err != nil {
			return // the side that dialled dials again
		}
		e.tasks.Go(func() {
			if err := e.read(conn, stream, from); err != nil {
				stream.CancelRead(0)
			}
		})
	}
}

// refused is the error code with which a connection is closed whose messages are refused. The error's text goes with it.
const refused quic.ApplicationErrorCode = 2

// longestReason is how much of the text goes with it, in bytes: what fits into a packet.
const longestReason = 900

// read hands over the messages of a stream until it ends, or its connection does.
func (e *Endpoint) read(conn *quic.Conn, stream *quic.ReceiveStream, from int) error {
	r := readers.Get().(*bufio.Reader)
	defer readers.Put(r)
	r.Reset(stream)
	for {
		message, err := readFrame(r)
		switch {
		case err == nil && e.config.Take == nil: // first, since stopped allocates
			e.received.Add(1)
			e.config.Receive(e.id, from, message)
		case err == nil:
			e.received.Add(1)
			if why := e.config.Take(from, message); why != nil {
				text := why.Error()
				return conn.CloseWithError(refused, text[:min(len(text), longestReason)])
			}
		case err == io.EOF || stopped(err):
			return nil
		default:
			return err
		}
	}
}

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 4096) }}

// stopped reports whether an error means that the connection is gone, by whatever end.
func stopped(err error) bool {
	var (
		application *quic.ApplicationError
		transport   *quic.TransportError
		idle        *quic.IdleTimeoutError
		reset       *quic.StatelessResetError
	)
	return errors.As(err, &application) || errors.As(err, &transport) || errors.As(err, &idle) ||
		errors.As(err, &reset) || errors.Is(err, quic.ErrTransportClosed)
}
