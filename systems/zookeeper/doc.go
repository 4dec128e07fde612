// Package zookeeper runs ZooKeeper (https://zookeeper.apache.org) as Debian and Ubuntu package it, as a system of an experiment.
// Clients use go-zookeeper.
//
// Each key is a znode of its own. A client has two sessions with the server in its region, or with the nearest one, for writes and for
// reads: commands of one session wait for each other. A write is a create
// or a setData; the server forwards it to the leader. A read is a getData, which the server answers from what it has: as
// ZooKeeper documents, it may be older than what another server has answered, so the promise is sequential consistency.
//
// ZooKeeper elects the server with the longest history, and among equal ones that with the highest number. The server that is to
// lead has the highest number; a bare majority with it starts first, which cannot elect another one, and the rest when it leads.
package zookeeper
