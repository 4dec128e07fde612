// Package nats runs NATS JetStream (https://nats.io) as it is released, as a system of an experiment: the server is linked into this
// program, which starts itself again as each node, and clients use NATS' client library.
//
// The keys are the subjects of one stream, which has a replica in every node and keeps the last message of each subject. A bucket of
// NATS' key-value store is such a stream, too, but for its reads: those of a bucket may be answered by any replica (direct gets),
// and those here by the stream's leader alone.
//
// All settings are NATS' defaults. With durability: fsync, sync_interval is "always", so that a node syncs what it has written before
// it answers; its default is two minutes.
package nats
