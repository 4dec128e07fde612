package zookeeper

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"quorumbench/bench/system"
)

// sessionTimeout is after which silence a server ends a session, which has nothing here that would end with it.
const sessionTimeout = 10 * time.Second

// client is a client of one server.
type client struct {
	cluster system.Cluster
	region  int
	replica int
	writes  *zk.Conn
	reads   *zk.Conn // the server carries out the commands of a session one after the other, and reads need not wait for writes
	exist   *existing
}

// silent discards what the client library logs: it returns errors, too.
type silent struct{}

// Printf implements zk.Logger.
func (silent) Printf(string, ...any) {}

func open(c system.Cluster, region, replica int) (*client, error) {
	writes, err := connect(c, region, replica)
	if err != nil {
		return nil, err
	}
	reads, err := connect(c, region, replica)
	if err != nil {
		writes.Close()
		return nil, err
	}
	return &client{cluster: c, region: region, replica: replica, writes: writes, reads: reads, exist: existingOf(c)}, nil
}

// connect makes a session with the server of a replica.
func connect(c system.Cluster, region, replica int) (*zk.Conn, error) {
	dial := c.Dial(region)
	session, _, err := zk.Connect([]string{addressOf(c, replica)}, sessionTimeout, zk.WithLogger(silent{}), zk.WithLogInfo(false),
		zk.WithDialer(func(network, address string, timeout time.Duration) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(context.Background(), timeout)
			defer cancel()
			return dial(ctx, network, address)
		}))
	if err != nil {
		return nil, fmt.Errorf("opening a client of %s: %w", addressOf(c, replica), err)
	}
	return session, nil
}

// path is the znode of a key.
func path(key []byte) string { return "/k-" + url.PathEscape(string(key)) }

// errNoSession is the error of commands that were not sent, since the client has no session with its server.
var errNoSession = errors.New("no session with the server")

// call carries out a command of the client library, which knows no contexts. If the context ends before, it is not known what
// becomes of the command.
func call[T any](ctx context.Context, session *zk.Conn, do func(*zk.Conn) (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	var none T
	if session.State() != zk.StateHasSession { // the library would keep the command until it has one
		return none, errors.Join(system.ErrRefused, errNoSession)
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := do(session)
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// Put implements system.Client. ZooKeeper has no command that writes a znode whether or not it is there. So a client creates what
// none has written yet, and sets what is there; a second command is needed only if two write a new key at the same time.
func (c *client) Put(ctx context.Context, key, value []byte) error {
	name := path(key)
	if !c.exist.has(name) {
		_, err := call(ctx, c.writes, func(s *zk.Conn) (string, error) { return s.Create(name, value, 0, zk.WorldACL(zk.PermAll)) })
		if err == nil || errors.Is(err, zk.ErrNodeExists) {
			c.exist.add(name)
		}
		if !errors.Is(err, zk.ErrNodeExists) {
			return err
		}
	}
	_, err := call(ctx, c.writes, func(s *zk.Conn) (*zk.Stat, error) { return s.Set(name, value, -1) })
	return err
}

// Get implements system.Client. A read that fails has no effect.
func (c *client) Get(ctx context.Context, key []byte) ([]byte, error) {
	value, err := call(ctx, c.reads, func(s *zk.Conn) ([]byte, error) {
		value, _, err := s.Get(path(key))
		return value, err
	})
	switch {
	case errors.Is(err, zk.ErrNoNode):
		return nil, nil
	case err != nil:
		return nil, errors.Join(system.ErrRefused, err)
	case value == nil:
		return []byte{}, nil
	}
	return value, nil
}

// Leader implements system.Client. A follower does not say who leads.
func (c *client) Leader(ctx context.Context) (int, error) {
	mode, err := modeOf(ctx, c.cluster.Dial(c.region), addressOf(c.cluster, c.replica))
	if err != nil {
		return -1, err
	}
	if mode == leads || mode == alone {
		return c.replica, nil
	}
	return -1, nil
}

// Close implements system.Client. It does not wait for the server to end the sessions.
func (c *client) Close() error {
	c.exist.release()
	go c.writes.Close()
	go c.reads.Close()
	return nil
}

// existing are the znodes of a cluster that are known to be there. All clients of the cluster share it.
type existing struct {
	cluster string // the folder of its first node
	clients int    // that are open

	mu    sync.Mutex
	names map[string]bool
}

var (
	clustersMu sync.Mutex
	clusters   = map[string]*existing{}
)

// existingOf returns those of a cluster for one more client.
func existingOf(c system.Cluster) *existing {
	clustersMu.Lock()
	defer clustersMu.Unlock()
	name := c.Nodes[0].Folder
	e := clusters[name]
	if e == nil {
		e = &existing{cluster: name, names: map[string]bool{}}
		clusters[name] = e
	}
	e.clients++
	return e
}

// release gives them back, for the last client of the cluster for ever.
func (e *existing) release() {
	clustersMu.Lock()
	defer clustersMu.Unlock()
	if e.clients--; e.clients == 0 {
		delete(clusters, e.cluster)
	}
}

func (e *existing) has(name string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.names[name]
}

func (e *existing) add(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.names[name] = true
}
