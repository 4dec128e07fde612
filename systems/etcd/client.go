package etcd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"quorumbench/bench/system"
)

// client is a client of one member.
type client struct {
	etcd     *clientv3.Client
	endpoint string
	nodes    []system.Node

	mu       sync.Mutex
	replicas map[uint64]int // by the number that etcd gives to a member
}

// How a client connects again: gRPC's usual pauses grow to two minutes, far longer than a member is down here.
var reconnect = backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second}

// connectTimeout is how long connecting may take.
const connectTimeout = 5 * time.Second

func open(c system.Cluster, region, replica int) (*client, error) {
	return openAt(c.Nodes, c.Dial(region), netip.AddrPortFrom(c.Nodes[replica].Address, clientPort))
}

// OpenAt returns a client of the node at an address, one of the nodes of any system that has etcd's API. Where that has no words for
// leaders, Leader and HandOver return errors that wrap errors.ErrUnsupported.
func OpenAt(nodes []system.Node, dial system.Dialer, at netip.AddrPort) (system.Client, error) {
	return openAt(nodes, dial, at)
}

func openAt(nodes []system.Node, dial system.Dialer, at netip.AddrPort) (*client, error) {
	endpoint := at.String()
	one, err := clientv3.New(clientv3.Config{
		Endpoints: []string{endpoint},
		Logger:    zap.NewNop(), // errors are returned
		DialOptions: []grpc.DialOption{
			grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) { return dial(ctx, "tcp", address) }),
			grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: connectTimeout}),
			grpc.WithNoProxy(),
		},
		// Commands are sent again by the load, which knows which may be.
		MaxUnaryRetries: 1,
	})
	if err != nil {
		return nil, fmt.Errorf("opening a client of %s: %w", endpoint, err)
	}
	return &client{etcd: one, endpoint: endpoint, nodes: nodes}, nil
}

// Put implements system.Client.
func (c *client) Put(ctx context.Context, key, value []byte) error {
	_, err := c.etcd.Put(ctx, string(key), string(value))
	if err != nil && certainlyRefused(err) {
		return errors.Join(system.ErrRefused, err)
	}
	return err
}

// Get implements system.Client. Reads of etcd are linearizable unless one asks for others. A read that fails has no effect.
func (c *client) Get(ctx context.Context, key []byte) ([]byte, error) {
	found, err := c.etcd.Get(ctx, string(key))
	switch {
	case err != nil:
		return nil, errors.Join(system.ErrRefused, err)
	case len(found.Kvs) == 0:
		return nil, nil
	}
	return append([]byte{}, found.Kvs[0].Value...), nil // which is not nil
}

// certainlyRefused tells whether the error of a write says that the write was never sent, or that the member has not proposed it.
func certainlyRefused(err error) bool {
	for _, before := range []error{rpctypes.ErrNoLeader, rpctypes.ErrTooManyRequests, rpctypes.ErrNoSpace, rpctypes.ErrRequestTooLarge} {
		if errors.Is(err, before) {
			return true
		}
	}
	// gRPC has no error of its own for a command that waited for a connection in vain.
	var told interface{ GRPCStatus() *status.Status }
	return errors.As(err, &told) && told.GRPCStatus().Code() == codes.Unavailable && strings.Contains(told.GRPCStatus().Message(), "Error while dialing")
}

// Leader implements system.Client.
func (c *client) Leader(ctx context.Context) (int, error) {
	said, err := c.etcd.Status(ctx, c.endpoint)
	if err != nil {
		return -1, unsupported(err)
	}
	if said.Leader == 0 {
		return -1, nil
	}
	members, err := c.members(ctx)
	if err != nil {
		return -1, err
	}
	replica, ok := members[said.Leader]
	if !ok {
		return -1, fmt.Errorf("found the unknown member %x leading", said.Leader)
	}
	return replica, nil
}

// HandOver implements leading.Client. Only a leader can hand over.
func (c *client) HandOver(ctx context.Context, to int) error {
	members, err := c.members(ctx)
	if err != nil {
		return err
	}
	for number, replica := range members {
		if replica == to {
			_, err := c.etcd.MoveLeader(ctx, number)
			return unsupported(err)
		}
	}
	return fmt.Errorf("found no member at %v", c.nodes[to].Address)
}

// members are the replicas by the numbers of their members, which are known by the addresses at which they serve clients.
func (c *client) members(ctx context.Context) (map[uint64]int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.replicas != nil {
		return c.replicas, nil
	}
	all, err := c.etcd.MemberList(ctx, clientv3.WithSerializable())
	if err != nil {
		return nil, unsupported(err)
	}
	numbers := map[uint64]int{}
	for _, m := range all.Members {
		replica := slices.IndexFunc(c.nodes, func(n system.Node) bool { return serves(m.ClientURLs, n.Address) })
		if replica < 0 {
			return nil, fmt.Errorf("found the member %q, which serves clients at %q", m.Name, m.ClientURLs) // or has not told yet where
		}
		numbers[m.ID] = replica
	}
	c.replicas = numbers
	return numbers, nil
}

// serves tells whether one of the URLs is at an address.
func serves(urls []string, address netip.Addr) bool {
	return slices.ContainsFunc(urls, func(text string) bool {
		at, err := url.Parse(text)
		return err == nil && at.Hostname() == address.String()
	})
}

// unsupported wraps errors.ErrUnsupported around an error that says that the system has no such command.
func unsupported(err error) error {
	if status.Code(err) == codes.Unimplemented {
		return errors.Join(errors.ErrUnsupported, err)
	}
	return err
}

// Close implements system.Client.
func (c *client) Close() error { return c.etcd.Close() }
