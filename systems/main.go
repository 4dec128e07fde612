// Command systems is quorumbench with adapters of systems that are run as they are, such as etcd: all that quorumbench does,
// and runs of experiments that list systems.
package main

import (
	"quorumbench/bench/system"
	"quorumbench/cmd/cli"
	"quorumbench/protocols/registry"
	"quorumbench/systems/etcd"
)

func main() {
	etcd.BeMember()
	cli.MainWith(registry.Drivers, []system.Adapter{etcd.Adapter{}})
}
