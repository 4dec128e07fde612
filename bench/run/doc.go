// Package run runs one protocol of an experiment once, in real time over QUIC or in virtual time, with the
// experiment's faults, and returns a record of what happened for package verify.
//
// Every region is a place. A place has a replica, a client node, or both. Each node runs on a host of package
// protocols/host; the place gives the host its clock, its network and its timers.
//
// A command takes this way. [load.Clients] say when it arrives. The world, live or simulated, hands the arrival
// to the place, and the place to its client node, which sends a request to a replica: within the place, after
// the region's local delay, or over the link to another place. The replica's host calls Step, persists the
// records and then sends the messages and answers. The answer travels back to the client node, and
// load.Clients note the time.
package run
