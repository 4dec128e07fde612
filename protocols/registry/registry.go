package registry

import (
	"quorumbench/protocols"
	"quorumbench/protocols/async"
	"quorumbench/protocols/epaxos"
	"quorumbench/protocols/etcdraft"
	"quorumbench/protocols/fastpaxos"
	"quorumbench/protocols/mmp3"
	"quorumbench/protocols/multipaxos"
	"quorumbench/protocols/paxos"
	"quorumbench/protocols/paxos1"
	"quorumbench/protocols/raft"
	"quorumbench/protocols/sharded"
	"quorumbench/protocols/zab"
)

// Drivers are all drivers, in the order in which reports list them.
var Drivers = protocols.Drivers{
	&paxos.Driver,
	&paxos1.Driver,
	&multipaxos.Driver,
	&raft.Driver,
	&etcdraft.Driver,
	&zab.Driver,
	&mmp3.Driver,
	&epaxos.Driver,
	&fastpaxos.Driver,
	&sharded.Driver,
	&async.Driver,
}
