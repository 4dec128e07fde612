package nats

import (
	"errors"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"quorumbench/systems/internal/self"
)

// memberName is the first argument of this program as a node of a cluster.
const memberName = "serve-nats"

// The ports of a node, NATS' usual ones: for clients, for the other nodes, and for those that ask how it is.
const (
	clientPort  = 4222
	routePort   = 6222
	monitorPort = 8222
)

// member is the configuration of a node.
type member struct {
	Folder    string
	Addresses []netip.Addr // of all nodes; their names are the numbers from 0
	Self      int          // its number
	Sync      bool         // whether it syncs before it answers
}

// startTimeout is how long a server may take until it accepts connections.
const startTimeout = 30 * time.Second

// BeMember makes this process a node if its arguments say so, and does not return then. Programs with this adapter call it first.
func BeMember() { self.Be(memberName, serve) }

// serve serves as a node until the process is asked to end.
func serve(m member) error {
	one, err := server.NewServer(m.options())
	if err != nil {
		return err
	}
	one.ConfigureLogger() // to the standard error
	one.Start()
	if !one.ReadyForConnections(startTimeout) {
		return errors.New("the server accepts no connections")
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, os.Interrupt, syscall.SIGTERM)
	<-asked
	one.Shutdown()
	one.WaitForShutdown()
	return nil
}

// options is the node's configuration as NATS takes it. A node alone is no cluster.
func (m *member) options() *server.Options {
	own := m.Addresses[m.Self].String()
	o := &server.Options{
		ServerName: nameOf(m.Self), Host: own, Port: clientPort, HTTPHost: own, HTTPPort: monitorPort,
		JetStream: true, StoreDir: m.Folder, SyncAlways: m.Sync, NoSigs: true,
	}
	if len(m.Addresses) == 1 {
		return o
	}
	o.Cluster = server.ClusterOpts{Name: "quorumbench", Host: own, Port: routePort}
	for i, address := range m.Addresses {
		if i != m.Self {
			o.Routes = append(o.Routes, &url.URL{Scheme: "nats", Host: netip.AddrPortFrom(address, routePort).String()})
		}
	}
	return o
}

// nameOf is the name of the server of a replica.
func nameOf(replica int) string { return "replica-" + strconv.Itoa(replica) }
