package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
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
	poolMost       = 300  // of a client: three regions leave some for those who ask for the leader
	poolIdle       = 8    // that a client keeps ready, so that commands seldom wait for a connection to be made
	connectTimeout = 5    // seconds
)

// The commands. Of the servers of the adapter, a standby answers no read: what it has may be out of date.
const (
	upsert         = `INSERT INTO kv (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value`
	lookUp         = `SELECT pg_is_in_recovery(), (SELECT value FROM kv WHERE key = $1)`
	lookUpAnywhere = `SELECT false, (SELECT value FROM kv WHERE key = $1)`
	follow         = `SELECT pg_is_in_recovery(), coalesce((SELECT sender_host FROM pg_stat_wal_receiver WHERE status = 'streaming'), '')`
)

// client is a client of one server.
type client struct {
	pool   *pgxpool.Pool
	lookUp string

	cluster system.Cluster // what follows is known of servers of the adapter only
	replica int
}

// connectionOf is the text by which pgx connects to the server at an address; login is the user and the database.
func connectionOf(at netip.AddrPort, login string) string {
	return fmt.Sprintf("host=%v port=%d %s sslmode=disable connect_timeout=%d", at.Addr(), at.Port(), login, connectTimeout)
}

// login is that of servers of the adapter.
const login = "user=" + role + " dbname=" + database

func addressOf(c system.Cluster, replica int) netip.AddrPort {
	return netip.AddrPortFrom(c.Nodes[replica].Address, port)
}

// connConfig is how a connection from a region to the server of a replica is made.
func connConfig(c system.Cluster, region, replica int) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(connectionOf(addressOf(c, replica), login))
	if err != nil {
		return nil, err
	}
	config.DialFunc = pgconn.DialFunc(c.Dial(region))
	return config, nil
}

func open(c system.Cluster, region, replica int) (*client, error) {
	idle := 0
	if replica == primary(c) {
		idle = poolIdle
	}
	pool, err := openPool(c.Dial(region), addressOf(c, replica), login, idle, func(ctx context.Context, conn *pgx.Conn) error {
		return prepareAll(ctx, conn, upsert, lookUp, follow)
	})
	if err != nil {
		return nil, err
	}
	return &client{pool: pool, lookUp: lookUp, cluster: c, replica: replica}, nil
}

// OpenAt returns a client of the server at an address, which may be of any system that speaks PostgreSQL's protocol. login is the user and
// the database, in the words of PostgreSQL's connection strings. The client makes its table where it is missing. It does not know
// who leads, and reads at any server.
func OpenAt(login string, dial system.Dialer, at netip.AddrPort) (system.Client, error) {
	pool, err := openPool(dial, at, login, poolIdle, func(ctx context.Context, conn *pgx.Conn) error {
		var told *pgconn.PgError
		err := prepareAll(ctx, conn, upsert, lookUpAnywhere)
		if !errors.As(err, &told) || told.Code != undefinedTable {
			return err
		}
		_, failed := conn.Exec(ctx, createTable, pgx.QueryExecModeSimpleProtocol)
		if err := prepareAll(ctx, conn, upsert, lookUpAnywhere); err != nil { // another connection may have made it meanwhile
			return cmp.Or(failed, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &client{pool: pool, lookUp: lookUpAnywhere, replica: -1}, nil
}

// prepareAll prepares statements on a connection. Doing that when they are needed would take a round trip more.
func prepareAll(ctx context.Context, conn *pgx.Conn, statements ...string) error {
	for _, statement := range statements {
		if _, err := conn.Prepare(ctx, statement, statement); err != nil {
			return err
		}
	}
	return nil
}

// openPool makes connections to a server, so many of which are kept ready. begin prepares each of them.
func openPool(dial system.Dialer, at netip.AddrPort, login string, idle int, begin func(context.Context, *pgx.Conn) error) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(connectionOf(at, login))
	if err != nil {
		return nil, err
	}
	config.ConnConfig.DialFunc = pgconn.DialFunc(dial)
	config.MaxConns, config.MinIdleConns, config.HealthCheckPeriod = poolMost, int32(idle), time.Second
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		if err := begin(ctx, conn); err != nil {
			return errors.Join(system.ErrRefused, err) // no command has been sent yet
		}
		return nil
	}
	// By default a connection that was not used for a second is tried first, which takes a round trip, too. Whether the server has
	// closed it can be told without one.
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	config.PrepareConn = func(_ context.Context, conn *pgx.Conn) (bool, error) { return isOpen(conn.PgConn().Conn()), nil }
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("opening a client of %v: %w", at, err)
	}
	return pool, nil
}

// isOpen tells whether the other side has left a connection open, without sending anything. It does not wait for readers of the
// connection: when sending takes long, pgx begins to read in the background, and may still be waiting for something to read.
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
	err = raw.Control(func(fd uintptr) {
		n, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		open = err == syscall.EAGAIN || err == nil && n > 0
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
	err := c.pool.QueryRow(ctx, c.lookUp, key).Scan(&standby, &value)
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

// undefinedTable is the error of a statement whose table is not there.
const undefinedTable = "42P01"

// certainlyRefused tells whether the error of a write says that it was never sent, or that it was rolled back.
func certainlyRefused(err error) bool {
	var connecting *pgconn.ConnectError
	var told *pgconn.PgError
	return errors.As(err, &connecting) || pgconn.SafeToRetry(err) || errors.As(err, &told) && slices.Contains(refusals, told.Code)
}

// Leader implements system.Client, for servers of the adapter: the server itself if it is no standby, or the one from which it streams.
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
