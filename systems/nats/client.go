package nats

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"quorumbench/bench/system"
)

// client is a client of one node.
type client struct {
	opened     chan struct{} // closed when the first attempt to connect is over; what follows is read after that
	connection *nats.Conn
	jetStream  jetstream.JetStream
	err        error // that kept it from being opened

	monitor  *http.Client // asks the node how it is
	streams  string       // the URL that tells which streams the node has
	replicas int
}

// How a client connects: how long that may take, and the pause before it tries again, which by default is 2 s.
const (
	connectTimeout = 5 * time.Second
	reconnectWait  = 100 * time.Millisecond
)

// dialer is a system.Dialer as NATS wants it.
type dialer system.Dialer

// Dial implements nats.CustomDialer.
func (d dialer) Dial(network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	return d(ctx, network, address)
}

// open returns at once. The client connects meanwhile: NATS' library waits for its first attempt, which takes round trips.
func open(c system.Cluster, region, replica int) *client {
	dial, address := c.Dial(region), c.Nodes[replica].Address
	one := &client{
		opened: make(chan struct{}), replicas: len(c.Nodes),
		monitor: &http.Client{Transport: &http.Transport{DialContext: dial}},
		streams: "http://" + netip.AddrPortFrom(address, monitorPort).String() + "/jsz?streams=true",
	}
	go one.connect(dial, "nats://"+netip.AddrPortFrom(address, clientPort).String())
	return one
}

// connect makes the connection, which goes on trying in the background when a first attempt has failed.
func (c *client) connect(dial system.Dialer, endpoint string) {
	defer close(c.opened)
	connection, err := nats.Connect(endpoint,
		nats.SetCustomDialer(dialer(dial)), nats.Timeout(connectTimeout), nats.IgnoreDiscoveredServers(),
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(reconnectWait), nats.ReconnectJitter(reconnectWait/10, 0),
		// What cannot be sent now is refused, and the load sends it again; it is not kept for when there is a connection.
		nats.ReconnectBufSize(-1),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // errors are returned; without a handler they are printed
	)
	if err != nil {
		c.err = fmt.Errorf("opening a client of %s: %w", endpoint, err)
		return
	}
	if c.jetStream, err = jetstream.New(connection); err != nil {
		connection.Close()
		c.err = fmt.Errorf("opening a client of %s: %w", endpoint, err)
		return
	}
	c.connection = connection
}

// wait returns when the client has been opened, or with the error that keeps a command from being sent.
func (c *client) wait(ctx context.Context) error {
	select {
	case <-c.opened:
		if c.err != nil {
			return errors.Join(system.ErrRefused, c.err)
		}
		return nil
	case <-ctx.Done():
		return errors.Join(system.ErrRefused, ctx.Err())
	}
}

// subjectOf is the subject of a key, whose bytes may be any, in letters and digits.
func subjectOf(key []byte) string { return streamName + "." + hex.EncodeToString(key) }

// Put implements system.Client.
func (c *client) Put(ctx context.Context, key, value []byte) error {
	if err := c.wait(ctx); err != nil {
		return err
	}
	_, err := c.jetStream.Publish(ctx, subjectOf(key), value, jetstream.WithRetryAttempts(0))
	if err != nil && certainlyRefused(err) {
		return errors.Join(system.ErrRefused, err)
	}
	return err
}

// Get implements system.Client. It asks the stream's leader, which answers from what it has applied. A read that fails has no effect.
func (c *client) Get(ctx context.Context, key []byte) ([]byte, error) {
	if err := c.wait(ctx); err != nil {
		return nil, err
	}
	request, err := json.Marshal(server.JSApiMsgGetRequest{LastFor: subjectOf(key)})
	if err != nil {
		return nil, err
	}
	said, err := c.connection.RequestWithContext(ctx, fmt.Sprintf(server.JSApiMsgGetT, streamName), request)
	if err != nil {
		return nil, errors.Join(system.ErrRefused, err)
	}
	var answer server.JSApiMsgGetResponse
	if err := json.Unmarshal(said.Data, &answer); err != nil {
		return nil, errors.Join(system.ErrRefused, err)
	}
	switch {
	case answer.Error != nil && answer.Error.ErrCode == uint16(server.JSNoMessageFoundErr):
		return nil, nil
	case answer.Error != nil:
		return nil, errors.Join(system.ErrRefused, answer.Error)
	}
	return append([]byte{}, answer.Message.Data...), nil // which is not nil
}

// certainlyRefused tells whether the error of a write says that the write was never sent, or that no leader has proposed it.
func certainlyRefused(err error) bool {
	for _, before := range []error{
		nats.ErrReconnectBufExceeded,                        // there is no connection
		nats.ErrNoResponders, jetstream.ErrNoStreamResponse, // nobody leads the stream, as far as the node knows
	} {
		if errors.Is(err, before) {
			return true
		}
	}
	// What a leader says before it proposes.
	var told *jetstream.APIError
	return errors.As(err, &told) && slices.Contains([]server.ErrorIdentifier{
		server.JSClusterNotAvailErr, server.JSInsufficientResourcesErr, server.JSStreamTooManyRequests,
	}, server.ErrorIdentifier(told.ErrorCode))
}

// Leader implements system.Client: what the node itself says of the stream's leader.
func (c *client) Leader(ctx context.Context) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.streams, nil)
	if err != nil {
		return -1, err
	}
	response, err := c.monitor.Do(request)
	if err != nil {
		return -1, err
	}
	defer response.Body.Close()
	var said server.JSInfo
	if err := json.NewDecoder(response.Body).Decode(&said); err != nil {
		return -1, fmt.Errorf("reading what %s answers: %w", c.streams, err)
	}
	for _, account := range said.AccountDetails {
		for _, stream := range account.Streams {
			switch {
			case stream.Name != streamName:
			case c.replicas == 1:
				return 0, nil
			case stream.Cluster == nil || stream.Cluster.Leader == "":
				return -1, nil
			default:
				var leader int
				if _, err := fmt.Sscanf(stream.Cluster.Leader, "replica-%d", &leader); err != nil {
					return -1, fmt.Errorf("found the unknown server %q leading", stream.Cluster.Leader)
				}
				return leader, nil
			}
		}
	}
	return -1, nil
}

// Close implements system.Client.
func (c *client) Close() error {
	<-c.opened
	if c.connection != nil {
		c.connection.Close()
	}
	c.monitor.CloseIdleConnections()
	return nil
}
