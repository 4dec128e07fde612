// Package postgres runs PostgreSQL (https://www.postgresql.org) as it is installed, with synchronous streaming replication, as a
// system of an experiment. Clients use pgx.
//
// One server is the primary for the whole run; the others stream its log and are standbys. A commit is answered when as many
// standbys have it as make a majority together with the primary (synchronous_standby_names = 'ANY k (…)'). All clients read and
// write at the primary. Nothing here promotes a standby: without a tool of its own beside it, PostgreSQL has no failover.
//
// PostgreSQL refuses to run as root, which programs in an emulated network take themselves for. So each server runs as another
// user, in a user namespace of its own that maps that user to the one it is outside: it can do no more and no less, and its files
// are that user's. Its namespace of System V shared memory is its own, too, so that nothing of it is left after a SIGKILL.
package postgres
