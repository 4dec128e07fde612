package etcd

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"go.etcd.io/etcd/server/v3/embed"

	"quorumbench/systems/internal/self"
)

// memberName is the first argument of this program as a member of a cluster.
const memberName = "serve-etcd"

// The ports of a member, etcd's usual ones.
const (
	clientPort = 2379
	peerPort   = 2380
)

// member is the configuration of a member.
type member struct {
	Name      string
	Folder    string
	Addresses []netip.Addr // of all members; their names are the numbers from 0
	Self      int          // its number
	Heartbeat uint         // in milliseconds, as etcd wants it
	Election  uint         // in milliseconds
	NoSync    bool
}

// BeMember makes this process a member if its arguments say so, and does not return then. Programs with this adapter call it first.
func BeMember() { self.Be(memberName, serve) }

// serve serves as a member until the process is asked to end, or fails.
func serve(m member) error {
	server, err := embed.StartEtcd(m.config())
	if err != nil {
		return err
	}
	defer server.Close()
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, os.Interrupt, syscall.SIGTERM)
	select {
	case <-asked:
		return nil
	case err := <-server.Err():
		return err
	case <-server.Server.StopNotify():
		return errors.New("the server has stopped")
	}
}

// config is the member's configuration as etcd takes it. It holds for the first start and for those after a crash: etcd looks
// at the initial cluster only if its folder is empty.
func (m *member) config() *embed.Config {
	c := embed.NewConfig()
	c.Name, c.Dir = m.Name, m.Folder
	own := func(port uint16) []url.URL { return []url.URL{httpURL(m.Addresses[m.Self], port)} }
	c.ListenPeerUrls, c.AdvertisePeerUrls = own(peerPort), own(peerPort)
	c.ListenClientUrls, c.AdvertiseClientUrls = own(clientPort), own(clientPort)
	c.InitialCluster = ""
	for i, address := range m.Addresses {
		if i > 0 {
			c.InitialCluster += ","
		}
		at := httpURL(address, peerPort)
		c.InitialCluster += memberOf(i) + "=" + at.String()
	}
	c.TickMs, c.ElectionMs = m.Heartbeat, m.Election
	c.UnsafeNoFsync = m.NoSync
	c.LogLevel, c.LogOutputs = "warn", []string{"stderr"}
	return c
}

// memberOf is the name of the member of a replica.
func memberOf(replica int) string { return fmt.Sprintf("replica-%d", replica) }

func httpURL(address netip.Addr, port uint16) url.URL {
	return url.URL{Scheme: "http", Host: netip.AddrPortFrom(address, port).String()}
}
