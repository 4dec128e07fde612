// Package redis runs Redis (https://redis.io) as it is installed, as a system of an experiment: one primary in the region of the
// leader, which its replicas follow, and no failover.
//
// A write is SET and, in the same request, WAIT for as many replicas as make a majority with the primary; reads ask the primary.
// All clients talk to the primary, since replicas pass no writes on. With durability: fsync, nodes append each write to a file and
// sync it before they answer (appendfsync always), and from Redis 7.2 on WAITAOF in place of WAIT waits until so many replicas have
// synced it, too. With durability: memory they append without syncing (appendfsync no), so that a primary that is killed and
// started again has its data.
package redis
