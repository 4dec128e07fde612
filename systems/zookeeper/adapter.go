package zookeeper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"quorumbench/bench/system"
)

// Adapter runs ZooKeeper; see system.Adapter.
type Adapter struct{}

var _ system.Installed = Adapter{}

// The ports of a server, ZooKeeper's usual ones.
const (
	clientPort   = 2181
	peerPort     = 2888
	electionPort = 3888
)

// self is this program, also where its file can no longer be reached by name.
const self = "/proc/self/exe"

// Name implements system.Adapter.
func (Adapter) Name() string { return "zookeeper" }

// Find implements system.Installed.
func (Adapter) Find() error {
	_, err := find()
	return err
}

// The time limits are those of the configuration that ZooKeeper comes with. They are seconds, far longer than any round trip.
const (
	tickTime  = 2000 // milliseconds
	initLimit = 10   // ticks that a follower may take to connect and to get what it lacks
	syncLimit = 5    // ticks that a follower may be silent
	heap      = "1000m"
)

// About implements system.Adapter.
func (Adapter) About(c system.Cluster) []system.Setting {
	var all []system.Setting
	if i, err := find(); err == nil {
		all = append(all, system.Setting{Name: "version", Value: i.version}, system.Setting{Name: "java", Value: i.runtime})
	}
	return append(all,
		system.Setting{Name: "reads", Value: "by the server that is asked (no sync)"},
		system.Setting{Name: "tickTime", Value: strconv.Itoa(tickTime) + "ms"},
		system.Setting{Name: "initLimit", Value: strconv.Itoa(initLimit)},
		system.Setting{Name: "syncLimit", Value: strconv.Itoa(syncLimit)},
		system.Setting{Name: "forceSync", Value: forceSync(c)},
		system.Setting{Name: "heap", Value: heap},
	)
}

// forceSync is ZooKeeper's setting of that name.
func forceSync(c system.Cluster) string {
	if c.Durable {
		return "yes"
	}
	return "no"
}

// number is the number of a replica's server, from 1: the one that is to lead has the highest.
func number(c system.Cluster, replica int) int {
	switch {
	case c.Leader < 0 || replica < c.Leader:
		return replica + 1
	case replica == c.Leader:
		return len(c.Nodes)
	}
	return replica
}

func addressOf(c system.Cluster, replica int) string {
	return netip.AddrPortFrom(c.Nodes[replica].Address, clientPort).String()
}

// Start implements system.Adapter.
func (Adapter) Start(c system.Cluster, replica int) (system.Process, error) {
	i, err := find()
	if err != nil {
		return system.Process{}, err
	}
	node := c.Nodes[replica]
	data, file := filepath.Join(node.Folder, "data"), filepath.Join(node.Folder, "zoo.cfg")
	s := starting{Argv: []string{
		i.java, "-Xmx" + heap, "-XX:-UsePerfData", // which would leave files in /tmp
		"-Djava.net.preferIPv4Stack=true", "-Dzookeeper.admin.enableServer=false", "-Dzookeeper.jmx.log4j.disable=true",
		"-Dzookeeper.forceSync=" + forceSync(c), "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
		"-cp", strings.Join(i.jars, ":"), "org.apache.zookeeper.server.quorum.QuorumPeerMain", file,
	}}
	if err := os.Mkdir(data, 0o700); err == nil { // the first start
		if err := errors.Join(
			os.WriteFile(filepath.Join(data, "myid"), []byte(strconv.Itoa(number(c, replica))), 0o600),
			os.WriteFile(file, []byte(configuration(c, replica, data)), 0o600),
		); err != nil {
			return system.Process{}, err
		}
		if startsLater(c, replica) {
			s.After = addressOf(c, c.Leader)
		}
	} else if !os.IsExist(err) {
		return system.Process{}, err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return system.Process{}, fmt.Errorf("writing how the server is started: %w", err)
	}
	return system.Process{Argv: []string{self, serverName, string(text)}}, nil
}

// startsLater tells whether a server waits for the leader before it starts for the first time: all but a bare majority do.
func startsLater(c system.Cluster, replica int) bool {
	if c.Leader < 0 || replica == c.Leader {
		return false
	}
	before := 1 // of those that start at once, the leader's among them
	for other := range replica {
		if other != c.Leader {
			before++
		}
	}
	return before > len(c.Nodes)/2
}

// configuration is the text of a server's zoo.cfg.
func configuration(c system.Cluster, replica int, data string) string {
	lines := []string{
		fmt.Sprintf("tickTime=%d", tickTime), fmt.Sprintf("initLimit=%d", initLimit), fmt.Sprintf("syncLimit=%d", syncLimit),
		"dataDir=" + data, fmt.Sprintf("clientPort=%d", clientPort), fmt.Sprintf("clientPortAddress=%v", c.Nodes[replica].Address),
		"4lw.commands.whitelist=srvr",
	}
	if len(c.Nodes) > 1 {
		for i, node := range c.Nodes {
			lines = append(lines, fmt.Sprintf("server.%d=%v:%d:%d", number(c, i), node.Address, peerPort, electionPort))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// Ready implements system.Adapter: a server is ready when it leads or follows.
func (Adapter) Ready(ctx context.Context, c system.Cluster, replica int) error {
	return system.Again(ctx, func(ctx context.Context) error {
		_, err := modeOf(ctx, c.Dial(replica), addressOf(c, replica))
		return err
	})
}

// Lead implements system.Adapter. The wanted server leads from the beginning, as the order of the starts sees to; Lead makes sure of
// it. ZooKeeper cannot move its leader.
func (Adapter) Lead(ctx context.Context, c system.Cluster, replica int) error {
	return system.Again(ctx, func(ctx context.Context) error {
		for i, node := range c.Nodes {
			mode, err := modeOf(ctx, c.Dial(i), addressOf(c, i))
			switch {
			case err != nil:
				return fmt.Errorf("asking %s: %w", node.Region, err)
			case (mode == leads || mode == alone) != (i == replica):
				return fmt.Errorf("the server in %s is a %s", node.Region, mode)
			}
		}
		return nil
	})
}

// Open implements system.Adapter.
func (Adapter) Open(c system.Cluster, region, replica int) (system.Client, error) {
	return open(c, region, replica)
}
