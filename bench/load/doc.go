// Package load is the clients: when which command arrives in a region, with which key and value, and what
// becomes of it. [Clients] are those of one region; their [Sample]s are all that is known of their commands,
// from which latencies are summed up and histories are checked.
package load
