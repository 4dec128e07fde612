package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"quorumbench/bench/system"
)

// client is a client of one node.
type client struct {
	redis            *redis.Client
	wait             *acks // what a write waits for; nil: for nothing
	replica, primary int
}

// acks is how many replicas must have a write before it counts as written.
type acks struct {
	command  string // WAIT or WAITAOF
	replicas int
}

// How many connections a client has: at first, so that a write does not wait for a new one, and at most. A connection has one write
// at a time, since WAIT holds up what comes after it.
const (
	idleConnections = 64
	mostConnections = 10_000
	connectTimeout  = 5 * time.Second
)

// silent keeps the library from printing errors, which it returns, too.
type silent struct{}

// Printf implements the library's logger.
func (silent) Printf(context.Context, string, ...any) {}

func init() { redis.SetLogger(silent{}) }

// OpenAt returns a client of the node at an address, which may be of any system that speaks Redis' protocol. A write is SET, a read
// GET. It does not know who leads.
func OpenAt(dial system.Dialer, at netip.AddrPort) system.Client { return openAt(dial, at, nil) }

func openAt(dial system.Dialer, at netip.AddrPort, wait *acks) *client {
	return &client{wait: wait, primary: -1, redis: redis.NewClient(&redis.Options{
		Addr: at.String(), Dialer: dial, DialTimeout: connectTimeout,
		ContextTimeoutEnabled: true, ReadTimeout: -1, WriteTimeout: -1, // commands have deadlines of their own
		PoolSize: mostConnections, MinIdleConns: idleConnections,
		MaxRetries: -1, DialerRetries: 1, // commands are sent again by the load, which knows which may be
		DisableIdentity: true,
	})}
}

// Put implements system.Client. The write and the wait for replicas are sent together. When too few replicas have the write in
// time, the primary has it all the same, so that its fate is not known.
func (c *client) Put(ctx context.Context, key, value []byte) error {
	var written, waited *redis.Cmd
	_, err := c.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		written = p.Do(ctx, "SET", key, value)
		if c.wait == nil || c.wait.replicas == 0 {
			return nil
		}
		arguments := []any{c.wait.command, c.wait.replicas, milliseconds(ctx)}
		if c.wait.command == "WAITAOF" {
			arguments = []any{c.wait.command, 1, c.wait.replicas, milliseconds(ctx)} // its own disk, too
		}
		waited = p.Do(ctx, arguments...)
		return nil
	})
	switch {
	case written.Err() != nil:
		return refusal(written.Err())
	case err != nil || waited == nil:
		return err
	}
	got, err := acknowledged(waited)
	if err == nil && got < int64(c.wait.replicas) {
		err = fmt.Errorf("%d replicas have the write, not %d", got, c.wait.replicas)
	}
	return err
}

// milliseconds is how long WAIT may wait: as long as the command; 0, which is for ever, without a deadline.
func milliseconds(ctx context.Context) int64 {
	deadline, has := ctx.Deadline()
	if !has {
		return 0
	}
	return max(1, time.Until(deadline).Milliseconds())
}

// acknowledged is how many replicas have a write, by the answer of WAIT, or of WAITAOF, which counts the primary first.
func acknowledged(waited *redis.Cmd) (int64, error) {
	if counts, err := waited.Int64Slice(); err == nil {
		if len(counts) != 2 || counts[0] < 1 {
			return 0, fmt.Errorf("the primary has not synced the write: %v", counts)
		}
		return counts[1], nil
	}
	return waited.Int64()
}

// Get implements system.Client. A read that fails has no effect.
func (c *client) Get(ctx context.Context, key []byte) ([]byte, error) {
	value, err := c.redis.Get(ctx, string(key)).Bytes()
	switch {
	case errors.Is(err, redis.Nil):
		return nil, nil
	case err != nil:
		return nil, errors.Join(system.ErrRefused, err)
	}
	return append([]byte{}, value...), nil // which is not nil
}

// refusal wraps system.ErrRefused around an error of SET if the command was never sent, or the node says that it has not carried it out.
func refusal(err error) error {
	var dialing *net.OpError
	if errors.As(err, &dialing) && dialing.Op == "dial" || errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrPoolExhausted) {
		return errors.Join(system.ErrRefused, err)
	}
	for _, before := range []string{"LOADING", "READONLY", "MASTERDOWN", "NOREPLICAS", "MISCONF", "OOM"} {
		if strings.HasPrefix(err.Error(), before+" ") {
			return errors.Join(system.ErrRefused, err)
		}
	}
	return err
}

// role is what a node says of itself.
type role struct {
	name      string // master or slave
	link      string // of a replica: its link to the primary, connected when it has all data
	followers int    // of the primary
}

func (c *client) role(ctx context.Context) (role, error) {
	said, err := c.redis.Do(ctx, "ROLE").Slice()
	if err != nil {
		return role{}, err
	}
	var r role
	if len(said) > 0 {
		r.name, _ = said[0].(string)
	}
	switch {
	case r.name == "master" && len(said) == 3:
		followers, _ := said[2].([]any)
		r.followers = len(followers)
	case r.name == "slave" && len(said) == 5:
		r.link, _ = said[3].(string)
	default:
		return role{}, fmt.Errorf("found the role %v, which is none of a primary or a replica", said)
	}
	return r, nil
}

// Leader implements system.Client: a primary says that it leads, and a replica names the one that it was told to follow.
func (c *client) Leader(ctx context.Context) (int, error) {
	r, err := c.role(ctx)
	switch {
	case err != nil:
		return -1, err
	case r.name == "master":
		return c.replica, nil
	}
	return c.primary, nil
}

// Close implements system.Client.
func (c *client) Close() error { return c.redis.Close() }
