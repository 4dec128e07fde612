// Package load is the load of an experiment: when each command arrives in a region, its key and value, and when
// it is answered. [Clients] are the clients of one region. They keep a [Sample] of each of their commands, from
// which latencies are computed and histories are checked.
package load
