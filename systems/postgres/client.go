package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"quorumbench/bench/system"
)

// Connections. PostgreSQL has a process for each, which carries one command at a time.
const (
	maxConnections = 1000 // that a server accepts
	poolMost       = 100  // of a client
	poolIdle       = 8    // that a client keeps ready, so that commands seldom wait for a connection to be made
	connectTimeout = 5    // seconds
)

// The commands. A standby answers no read: what it has may be out of date.
const (
	upsert = `INSERT INTO kv (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value`
	lookUp = `SELECT pg_is_in_recovery(), (SELECT value FROM kv WHERE key = $1)`
	follow = `SELECT pg_is_in_recovery(), coalesce((SELECT sender_host FROM pg_stat_wal_receiver WHERE status = 'streaming'), '')`
)

// client is a client of one server.
type client struct {
	cluster system.Cluster
	replica int
	pool    *pgxpool.Pool
}

// settingsOf is the text by which pgx connects to a server.
func settingsOf(c system.Cluster, replica int) string {
	return fmt.Sprintf("host=%v port=%d user=%s dbname=%s sslmode=disable connect_timeout=%d", c.Nodes[replica].Address, port, role, database, connectTimeout)
}

// connConfig is how a connection from a region to the server of a replica is made.
func connConfig(c system.Cluster, region, replica int) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(settingsOf(c, replica))
	if err != nil {
		return nil, err
	}
	config.DialFunc = pgconn.DialFunc(c.Dial(region))
	return config, nil
}

func open(c system.Cluster, region, replica int) (*client, error) {
	config, err := pgxpool.ParseConfig(settingsOf(c, replica))
	if err != nil {
		return nil, err
	}
	config.ConnConfig.DialFunc = pgconn.DialFunc(c.Dial(region))
	config.MaxConns, config.HealthCheckPeriod = poolMost, time.Second
	if replica == primary(c) {
		config.MinIdleConns = poolIdle
	}
	// Preparing a statement takes a round trip of its own.
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		for _, statement := range []string{upsert, lookUp, follow} {
			if _, err := conn.Prepare(ctx, statement, statement); err != nil {
				return err
			}
		}
		return nil
	}
	// By default a connection that was not used for a second is tried first, which takes a round trip, too. Whether the server has
	// closed it can be told without one.
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	config.PrepareConn = func(_ context.Context, conn *pgx.Conn) (bool, error) { return isOpen(conn.PgConn().Conn()), nil }
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("opening a client of %v: %w", c.Nodes[replica].Address, err)
	}
	return &client{cluster: c, replica: replica, pool: pool}, nil
}

// isOpen tells whether the other side has left a connection open, without sending anything.
func isOpen(conn net.Conn) bool {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	open := true
	err = raw.Read(func(fd uintptr) bool {
		n, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		open = err == syscall.EAGAIN || err == nil && n > 0
		return true
	})
	return open && err == nil
}

// Put implements system.Client.
func (c *client) Put(ctx context.Context, key, value []byte) error {
	_, err := c.pool.Exec(ctx, upsert, key, value)
	if err != nil && certainlyRefused(err) {
		return errors.Join(system.ErrRefused, err)
	}
	return err
}

// Get implements system.Client. A read that fails has no effect.
func (c *client) Get(ctx context.Context, key []byte) ([]byte, error) {
	var standby bool
	var value []byte
	err := c.pool.QueryRow(ctx, lookUp, key).Scan(&standby, &value)
	if err == nil && standby {
		err = errors.New("this server is a standby")
	}
	if err != nil {
		return nil, errors.Join(system.ErrRefused, err)
	}
	return value, nil
}

// The errors of PostgreSQL (https://www.postgresql.org/docs/current/errcodes-appendix.html) with which a write is refused or rolled
// back. Others, such as that of a server that is shut down, may come when a commit is already on its disk.
var refusals = []string{
	"25006", // read_only_sql_transaction: this server is a standby
	"40001", // serialization_failure
	"40P01", // deadlock_detected
	"53300", // too_many_connections
	"57P03", // cannot_connect_now: the server starts
}

// certainlyRefused tells whether the error of a write says that it was never sent, or that it was rolled back.
func certainlyRefused(err error) bool {
	var connecting *pgconn.ConnectError
	var told *pgconn.PgError
	return errors.As(err, &connecting) || pgconn.SafeToRetry(err) || errors.As(err, &told) && slices.Contains(refusals, told.Code)
}

// Leader implements system.Client: the server itself if it is no standby, or the one from which it streams.
func (c *client) Leader(ctx context.Context) (int, error) {
	var standby bool
	var from string
	if err := c.pool.QueryRow(ctx, follow).Scan(&standby, &from); err != nil {
		return -1, err
	}
	if !standby {
		return c.replica, nil
	}
	return slices.IndexFunc(c.cluster.Nodes, func(n system.Node) bool { return n.Address.String() == from }), nil
}

// Close implements system.Client. It does not wait for commands that are under way.
func (c *client) Close() error {
	go c.pool.Close() // which waits for them
	return nil
}
