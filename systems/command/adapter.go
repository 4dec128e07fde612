package command

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"

	"quorumbench/bench/system"
	"quorumbench/systems/internal/leading"
)

// Opener opens a client of one of the nodes, the one at an address. It need not be connected yet. If it is no leading.Client, its Leader is
// not asked.
type Opener func(c *system.Command, nodes []system.Node, dial system.Dialer, at netip.AddrPort) (system.Client, error)

// Adapter runs the command that an experiment describes; see system.Adapter. The one that a program lists has no command: Of makes
// one for each.
type Adapter struct {
	Clients map[system.ClientKind]Opener // by what they speak
	Command *system.Command
}

var (
	_ system.Describer = Adapter{}
	_ system.Installed = Adapter{}
)

// Of implements system.Describer.
func (a Adapter) Of(c *system.Command) system.Adapter { return Adapter{a.Clients, c} }

// Name implements system.Adapter.
func (Adapter) Name() string { return system.CommandName }

// Find implements system.Installed: it looks for the program, unless its name depends on the node.
func (a Adapter) Find() error {
	if a.Clients[a.Command.Client] == nil {
		return fmt.Errorf("found the client %q, for which this program has nothing", a.Command.Client)
	}
	name := a.Command.Argv[0]
	if strings.Contains(name, "{") {
		return nil
	}
	if _, err := exec.LookPath(name); err != nil && !errors.Is(err, exec.ErrDot) {
		return fmt.Errorf("found no program %q: %w; accepted: a program in the PATH, or the path of one", name, errors.Unwrap(err))
	}
	return nil
}

// About implements system.Adapter.
func (a Adapter) About(c system.Cluster) []system.Setting {
	about := []system.Setting{
		{Name: "argv", Value: quoted(a.Command.Argv)},
		{Name: "client", Value: string(a.Command.Client) + " at port " + strconv.Itoa(a.Command.Port)},
		{Name: "floor", Value: a.Command.Floor},
	}
	if c.Leader >= 0 && a.Command.Client != system.EtcdClient {
		about = append(about, system.Setting{Name: "leader", Value: "as the experiment says; nobody asks the system"})
	}
	return about
}

// quoted writes a list of words so that it can be read as one.
func quoted(argv []string) string {
	words := make([]string, len(argv))
	for i, word := range argv {
		if words[i] = word; word == "" || strings.ContainsAny(word, " \"'\\\n\t") {
			words[i] = strconv.Quote(word)
		}
	}
	return strings.Join(words, " ")
}

// Start implements system.Adapter.
func (a Adapter) Start(c system.Cluster, replica int) (system.Process, error) {
	return a.Command.Process(c, replica), nil
}

// readyKey is the key by which it is asked whether a node is ready. The load has none of that name.
const readyKey = "are-you-ready"

// Ready implements system.Adapter.
func (a Adapter) Ready(ctx context.Context, c system.Cluster, replica int) error {
	if a.Command.Ready == system.Connects {
		return system.Again(ctx, func(ctx context.Context) error {
			connection, err := c.Dial(replica)(ctx, "tcp", a.address(c, replica).String())
			if err != nil {
				return err
			}
			return connection.Close()
		})
	}
	one, err := a.open(c, replica, replica)
	if err != nil {
		return err
	}
	defer one.Close()
	return system.Again(ctx, func(ctx context.Context) error {
		if a.Command.Ready == system.Writes {
			return one.Put(ctx, []byte(readyKey), []byte("yes"))
		}
		_, err := one.Get(ctx, []byte(readyKey))
		return err
	})
}

// Lead implements system.Adapter. If the system cannot be asked who leads, the program has to see to it that the leader is where the
// experiment says.
func (a Adapter) Lead(ctx context.Context, c system.Cluster, replica int) error {
	one, err := a.open(c, replica, replica)
	if err != nil {
		return err
	}
	defer one.Close()
	if _, leads := one.(leading.Client); !leads {
		return nil
	}
	if _, err := one.Leader(ctx); errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return leading.Move(ctx, c, replica, func(i int) (leading.Client, error) {
		one, err := a.open(c, i, i)
		if err != nil {
			return nil, err
		}
		return one.(leading.Client), nil
	})
}

// address is where a replica's node listens for clients.
func (a Adapter) address(c system.Cluster, replica int) netip.AddrPort {
	return netip.AddrPortFrom(c.Nodes[replica].Address, uint16(a.Command.Port))
}

func (a Adapter) open(c system.Cluster, region, replica int) (system.Client, error) {
	return a.Clients[a.Command.Client](a.Command, c.Nodes, c.Dial(region), a.address(c, replica))
}

// Open implements system.Adapter.
func (a Adapter) Open(c system.Cluster, region, replica int) (system.Client, error) {
	one, err := a.open(c, region, replica)
	if _, leads := one.(leading.Client); err != nil || leads {
		return one, err
	}
	return client{one, c.Leader}, nil
}

// client is a client of a node of a system whose leader is where the experiment says.
type client struct {
	system.Client
	leader int
}

// Leader implements system.Client.
func (c client) Leader(context.Context) (int, error) { return c.leader, nil }
