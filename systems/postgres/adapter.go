package postgres

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"quorumbench/bench/system"
)

// Adapter runs PostgreSQL; see system.Adapter.
type Adapter struct{}

var _ system.Installed = Adapter{}

const (
	port     = 5432
	role     = "quorumbench" // the database's user
	database = "postgres"    // which initdb makes
)

// The folders of a server, in its node's folder.
const (
	dataFolder     = "data"
	templateFolder = "template" // at replica 0: what initdb has made, of which all servers get a copy
)

// Name implements system.Adapter.
func (Adapter) Name() string { return "postgres" }

// Find implements system.Installed.
func (Adapter) Find() error {
	_, err := find()
	return err
}

// About implements system.Adapter.
func (Adapter) About(c system.Cluster) []system.Setting {
	all := []system.Setting{{Name: "failover", Value: "none"}}
	if i, err := find(); err == nil {
		all = append([]system.Setting{{Name: "version", Value: i.version}}, all...)
	}
	return append(all, settings(c)...)
}

// standbys is how many standbys confirm a commit: with the primary they are a majority.
func standbys(c system.Cluster) int { return len(c.Nodes) / 2 }

// standbyName is the name by which a primary knows the standby of a replica.
func standbyName(replica int) string { return fmt.Sprintf("replica_%d", replica) }

// settings are the servers' settings that are not PostgreSQL's defaults, and those that say when a commit is answered. They are the
// same for all servers: what concerns a primary has no effect at a standby.
func settings(c system.Cluster) []system.Setting {
	var names []string
	for replica := range c.Nodes {
		if replica != primary(c) {
			names = append(names, standbyName(replica))
		}
	}
	waitsFor := ""
	if k := standbys(c); k > 0 {
		waitsFor = fmt.Sprintf("ANY %d (%s)", k, strings.Join(names, ", "))
	}
	fsync := "off"
	if c.Durable {
		fsync = "on"
	}
	return []system.Setting{
		{Name: "synchronous_standby_names", Value: waitsFor},
		{Name: "synchronous_commit", Value: "on"},
		{Name: "fsync", Value: fsync},
		{Name: "max_connections", Value: strconv.Itoa(maxConnections)},
		{Name: "max_wal_senders", Value: strconv.Itoa(max(10, 2*len(c.Nodes)))},
		{Name: "wal_keep_size", Value: "1GB"},                 // so that a standby that was down finds what it lacks
		{Name: "wal_retrieve_retry_interval", Value: "500ms"}, // between a standby's attempts to connect; the default is 5 s
		{Name: "dynamic_shared_memory_type", Value: "mmap"},   // in the server's folder, so that nothing is left elsewhere
	}
}

// primary is the replica whose server is the primary.
func primary(c system.Cluster) int { return max(0, c.Leader) }

// Start implements system.Adapter. All servers begin with the same files: a copy of a fresh database that was shut down is a base
// backup of it.
func (Adapter) Start(c system.Cluster, replica int) (system.Process, error) {
	i, err := find()
	if err != nil {
		return system.Process{}, err
	}
	node := c.Nodes[replica]
	data := filepath.Join(node.Folder, dataFolder)
	if _, err := os.Stat(data); os.IsNotExist(err) {
		if err := prepare(i, c, replica, data); err != nil {
			return system.Process{}, err
		}
	}
	argv := i.asOrdinaryUser(i.postgres, "-D", data)
	own := append(settings(c), system.Setting{Name: "listen_addresses", Value: node.Address.String()}, system.Setting{Name: "port", Value: strconv.Itoa(port)},
		system.Setting{Name: "unix_socket_directories", Value: ""})
	if replica != primary(c) {
		own = append(own, system.Setting{Name: "primary_conninfo", Value: fmt.Sprintf("host=%v port=%d user=%s application_name=%s sslmode=disable gssencmode=disable",
			c.Nodes[primary(c)].Address, port, role, standbyName(replica))})
	}
	for _, s := range own {
		argv = append(argv, "-c", s.Name+"="+s.Value)
	}
	return system.Process{Argv: argv, Env: []string{"LC_ALL=C"}}, nil
}

// prepare makes the folder of a server.
func prepare(i *installation, c system.Cluster, replica int, data string) error {
	template := filepath.Join(c.Nodes[0].Folder, templateFolder)
	if replica == 0 {
		if err := i.initialise(template); err != nil {
			return err
		}
	}
	if err := os.CopyFS(data, os.DirFS(template)); err != nil {
		return fmt.Errorf("copying the fresh database: %w", err)
	}
	if err := os.Chmod(data, 0o700); err != nil { // which PostgreSQL insists on
		return err
	}
	if replica == primary(c) {
		return nil
	}
	return os.WriteFile(filepath.Join(data, "standby.signal"), nil, 0o600)
}

// createTable makes the table.
const createTable = `CREATE TABLE IF NOT EXISTS kv (key bytea PRIMARY KEY, value bytea NOT NULL)`

// Ready implements system.Adapter: the primary is ready when it has the table, a standby when it has it, too, and streams.
func (Adapter) Ready(ctx context.Context, c system.Cluster, replica int) error {
	config, err := connConfig(c, replica, replica)
	if err != nil {
		return err
	}
	return system.Again(ctx, func(ctx context.Context) error {
		conn, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			return err
		}
		defer conn.Close(context.WithoutCancel(ctx))
		if replica == primary(c) {
			// It must not wait for standbys, which may not be there yet.
			_, err := conn.Exec(ctx, "SET synchronous_commit = local; "+createTable, pgx.QueryExecModeSimpleProtocol)
			return err
		}
		return nil
	})
}

// Lead implements system.Adapter. The primary leads from the beginning; Lead waits until all standbys have the table and stream
// from it.
func (Adapter) Lead(ctx context.Context, c system.Cluster, replica int) error {
	for i, node := range c.Nodes {
		one, err := open(c, i, i)
		if err != nil {
			return err
		}
		defer one.Close()
		err = system.Again(ctx, func(ctx context.Context) error {
			switch leader, err := one.Leader(ctx); {
			case err != nil:
				return fmt.Errorf("asking %s: %w", node.Region, err)
			case leader != replica:
				return fmt.Errorf("%s does not stream from %s", node.Region, c.Nodes[replica].Region)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Open implements system.Adapter.
func (Adapter) Open(c system.Cluster, region, replica int) (system.Client, error) {
	return open(c, region, replica)
}
