package redis

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"regexp"
	"strconv"
	"sync"

	"quorumbench/bench/system"
)

// Adapter runs Redis; see system.Adapter.
type Adapter struct{}

var _ system.Installed = Adapter{}

// program is the server's name, and port where it listens, Redis' usual one.
const (
	program = "redis-server"
	port    = 6379
)

// Name implements system.Adapter.
func (Adapter) Name() string { return "redis" }

// Find implements system.Installed.
func (Adapter) Find() error {
	_, err := installed()
	return err
}

// server is an installed server.
type server struct {
	path         string
	version      string
	major, minor int
}

var versionPattern = regexp.MustCompile(`v=(([0-9]+)\.([0-9]+)[0-9.]*)`)

// installed looks for the server, once.
var installed = sync.OnceValues(func() (server, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return server{}, fmt.Errorf("found no %s; accepted: with it in the PATH, as after apt-get install redis-server", program)
	}
	said, err := exec.Command(path, "--version").Output()
	found := versionPattern.FindSubmatch(said)
	if err != nil || found == nil {
		return server{}, fmt.Errorf("found a %s that does not tell its version: %q, %w", program, said, err)
	}
	s := server{path: path, version: string(found[1])}
	s.major, _ = strconv.Atoi(string(found[2])) // which are digits
	s.minor, _ = strconv.Atoi(string(found[3]))
	return s, nil
})

// waitsForDisks tells whether the server has WAITAOF.
func (s server) waitsForDisks() bool { return s.major > 7 || s.major == 7 && s.minor >= 2 }

// ackCommand is the command that waits for replicas.
func (s server) ackCommand(durable bool) string {
	if durable && s.waitsForDisks() {
		return "WAITAOF"
	}
	return "WAIT"
}

// replicasToWaitFor is how many replicas make a majority with the primary.
func replicasToWaitFor(c system.Cluster) int { return len(c.Nodes) / 2 }

func appendFsync(c system.Cluster) string {
	if c.Durable {
		return "always"
	}
	return "no"
}

// About implements system.Adapter.
func (Adapter) About(c system.Cluster) []system.Setting {
	s, err := installed()
	if err != nil {
		return nil
	}
	return []system.Setting{
		{Name: "version", Value: s.version},
		{Name: "writes", Value: fmt.Sprintf("SET, %s %d", s.ackCommand(c.Durable), replicasToWaitFor(c))},
		{Name: "reads", Value: "by the primary"},
		{Name: "appendfsync", Value: appendFsync(c)},
		{Name: "repl-diskless-sync-delay", Value: "0"},
	}
}

// Start implements system.Adapter.
func (Adapter) Start(c system.Cluster, replica int) (system.Process, error) {
	s, err := installed()
	if err != nil {
		return system.Process{}, err
	}
	argv := []string{
		s.path, "--port", strconv.Itoa(port), "--bind", c.Nodes[replica].Address.String(), "--protected-mode", "no",
		"--dir", c.Nodes[replica].Folder, "--save", "", "--appendonly", "yes", "--appendfsync", appendFsync(c),
		"--repl-diskless-sync-delay", "0", // how long a primary waits for more replicas before it sends them its data
	}
	if replica != c.Leader {
		argv = append(argv, "--replicaof", c.Nodes[c.Leader].Address.String(), strconv.Itoa(port))
	}
	return system.Process{Argv: argv}, nil
}

// Ready implements system.Adapter: the primary is ready when it answers, a replica when it has all data of the primary.
func (Adapter) Ready(ctx context.Context, c system.Cluster, replica int) error {
	one := openAt(c.Dial(replica), netip.AddrPortFrom(c.Nodes[replica].Address, port), nil)
	defer one.Close()
	return system.Again(ctx, func(ctx context.Context) error {
		role, err := one.role(ctx)
		switch {
		case err != nil:
			return err
		case replica == c.Leader && role.name != "master":
			return fmt.Errorf("it is a %s, and meant to be the primary", role.name)
		case replica != c.Leader && role.link != "connected":
			return errors.New("it has not yet got the primary's data")
		}
		return nil
	})
}

// Lead implements system.Adapter: nothing moves a primary. It leads when as many replicas follow it as there are.
func (Adapter) Lead(ctx context.Context, c system.Cluster, replica int) error {
	one := openAt(c.Dial(replica), netip.AddrPortFrom(c.Nodes[replica].Address, port), nil)
	defer one.Close()
	return system.Again(ctx, func(ctx context.Context) error {
		role, err := one.role(ctx)
		if err == nil && role.followers != len(c.Nodes)-1 {
			err = fmt.Errorf("%d replicas follow, not %d", role.followers, len(c.Nodes)-1)
		}
		return err
	})
}

// Open implements system.Adapter. Clients talk to the primary only (system.Description.NoFailover); a client of another node
// can tell who leads.
func (Adapter) Open(c system.Cluster, region, replica int) (system.Client, error) {
	s, err := installed()
	if err != nil {
		return nil, err
	}
	wait := &acks{command: s.ackCommand(c.Durable), replicas: replicasToWaitFor(c)}
	one := openAt(c.Dial(region), netip.AddrPortFrom(c.Nodes[replica].Address, port), wait)
	one.replica, one.primary = replica, c.Leader
	return one, nil
}
