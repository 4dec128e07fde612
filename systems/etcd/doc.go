// Package etcd runs etcd (https://etcd.io) as it is released, as a system of an experiment: the server is linked into this
// program, which starts itself again as each member, and clients use etcd's own client library.
//
// Settings are etcd's defaults, apart from its two time limits, which follow its tuning guide
// (https://etcd.io/docs/latest/tuning/): a heartbeat once in the longest round trip, an election after ten of them without one,
// and neither less than the default. With durability: memory, members do not sync (--unsafe-no-fsync).
package etcd
