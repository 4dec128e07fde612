// Command systems is quorumbench with adapters of systems that are run as they are, such as etcd: all that quorumbench does,
// and runs of experiments that list systems.
package main

import (
	"net/netip"

	"quorumbench/bench/system"
	"quorumbench/cmd/cli"
	"quorumbench/protocols/registry"
	"quorumbench/systems/command"
	"quorumbench/systems/etcd"
	"quorumbench/systems/nats"
	"quorumbench/systems/postgres"
	"quorumbench/systems/redis"
	"quorumbench/systems/zookeeper"
)

// described runs what experiments describe themselves, with all kinds of clients.
var described = command.Adapter{Clients: map[system.ClientKind]command.Opener{
	system.HTTPClient: command.OpenHTTP,
	system.EtcdClient: func(_ *system.Command, nodes []system.Node, dial system.Dialer, at netip.AddrPort) (system.Client, error) {
		return etcd.OpenAt(nodes, dial, at)
	},
	system.RESPClient: func(_ *system.Command, _ []system.Node, dial system.Dialer, at netip.AddrPort) (system.Client, error) {
		return redis.OpenAt(dial, at), nil
	},
	system.PostgresClient: func(c *system.Command, _ []system.Node, dial system.Dialer, at netip.AddrPort) (system.Client, error) {
		return postgres.OpenAt(c.Connection, dial, at)
	},
}}

func main() {
	etcd.BeMember()
	nats.BeMember()
	zookeeper.BeServer()
	cli.Program{Drivers: registry.Drivers, Systems: []system.Adapter{
		etcd.Adapter{}, nats.Adapter{}, redis.Adapter{}, postgres.Adapter{}, zookeeper.Adapter{}, described,
	}}.Main()
}
