package quicnet

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// peer is the way from an endpoint to another replica.
type peer struct {
	endpoint *Endpoint
	address  func(context.Context) (net.Addr, error) // of the other replica
	client   *tls.Config                             // for the other replica

	connected chan struct{} // closed when it has been connected for the first time

	mu     sync.Mutex       // guards what follows
	conn   *quic.Conn       // nil while there is none
	stream *quic.SendStream // of OneStream, made with the first message on conn
	batch  []byte           // to build batches in
	stats  Stats

	failure error  // of the last attempt to connect
	refusal string // why the other end has closed a connection; see Config.Take
}

func newPeer(endpoint *Endpoint, address func(context.Context) (net.Addr, error), client *tls.Config) *peer {
	return &peer{endpoint: endpoint, address: address, client: client, connected: make(chan struct{})}
}

// send hands the messages to QUIC from the caller's own goroutine: a goroutine between the two
// would cost every message a switch of threads, and quic-go queues without waiting anyway.
func (p *peer) send(messages [][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var count, size uint64
	p.batch = p.batch[:0]
	flush := func() {
		if count == 0 {
			return
		}
		switch err := p.write(); {
		case err == nil:
			p.stats.Messages += count
			p.stats.Bytes += size
		case errors.Is(err, quic.ErrWouldBlock):
			p.stats.Crowded += count
		default:
			p.stats.Unconnected += count
		}
		p.batch, count, size = p.batch[:0], 0, 0
	}
	for _, m := range messages {
		if len(m) > MaxMessage {
			p.stats.Crowded++
			continue
		}
		if len(p.batch)+len(m) > maxBatch {
			flush()
		}
		p.batch = appendFrame(p.batch, m)
		count++
		size += uint64(len(m))
	}
	flush()
}

// maxBatch is how long a batch becomes, in bytes, unless a single message is longer. What does not
// find room in the window of its stream is dropped as a whole.
const maxBatch = 4 << 20

// write puts the batch on a stream, whole or not at all.
func (p *peer) write() error {
	if p.conn == nil {
		return errNoConnection
	}
	stream := p.stream
	if stream == nil {
		var err error
		if stream, err = p.conn.OpenUniStream(); err != nil {
			return err
		}
	}
	if p.endpoint.config.Mode == OneStream {
		p.stream = stream
		return stream.TryWriteAll(p.batch)
	}
	if err := stream.TryWriteAll(p.batch); err != nil {
		stream.CancelWrite(0)
		return err
	}
	return stream.Close()
}

// The time between two attempts to connect: doubled after each that fails.
const (
	leastBackOff = 50 * time.Millisecond
	mostBackOff  = 2 * time.Second
)

// keepConnected dials, and dials again whenever the connection is lost, until the net is closed.
func (p *peer) keepConnected() {
	e, backOff := p.endpoint, leastBackOff
	for first := true; ; {
		conn, err := p.connect()
		if err == nil {
			p.use(conn, first)
			first, backOff = false, leastBackOff
			<-conn.Context().Done()
			p.use(nil, false)
			if p.wasRefused(context.Cause(conn.Context())) {
				backOff = mostBackOff
			}
		}
		if e.ctx.Err() != nil {
			return
		}
		select {
		case <-time.After(backOff):
		case <-e.ctx.Done():
			return
		}
		backOff = min(2*backOff, mostBackOff)
	}
}

// connect makes one attempt to connect.
func (p *peer) connect() (*quic.Conn, error) {
	e := p.endpoint
	to, err := p.address(e.ctx)
	if err == nil {
		var conn *quic.Conn
		if conn, err = e.transport.Dial(e.ctx, to, p.client, e.config.transportConfig()); err == nil {
			p.note(nil)
			return conn, nil
		}
	}
	p.note(err)
	return nil, err
}

// note remembers why the last attempt to connect has failed; nil if it has not.
func (p *peer) note(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failure = err
}

// connection returns the connection to send on, nil if there is none.
func (p *peer) connection() *quic.Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conn
}

// wasRefused notes why the other end has closed a connection, if it has refused a message.
func (p *peer) wasRefused(ended error) bool {
	var closed *quic.ApplicationError
	if !errors.As(ended, &closed) || !closed.Remote || closed.ErrorCode != refused {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusal = closed.ErrorMessage
	return true
}

// use makes conn, nil for none, the connection to send on.
func (p *peer) use(conn *quic.Conn, first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conn, p.stream = conn, nil
	switch {
	case first:
		close(p.connected)
	case conn != nil:
		p.stats.Reconnects++
	}
	if conn != nil && p.endpoint.ctx.Err() != nil { // hangUp came before it
		_ = conn.CloseWithError(0, "closing")
	}
}

// hangUp ends the connection. If the net is not being closed, another one is made.
func (p *peer) hangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil {
		_ = p.conn.CloseWithError(0, "closing")
	}
}

func (p *peer) snapshot() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// lastRefusal returns why the other end has closed a connection; empty if it has not.
func (p *peer) lastRefusal() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refusal
}

// lastFailure returns why the last attempt to connect has failed; nil if it has not.
func (p *peer) lastFailure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failure
}
