// Package kv is the replicated state machine that every driver applies its log to: versioned
// keys, and one session a client, so that a command that is committed twice takes effect once.
//
// A client may name a version too: of a GET it is the one to read, and a PUT takes effect only if it
// becomes that version. Only the latest version of a key is kept. What has become of a PUT that names
// a version depends on the state, as a GET does: a driver that answers a PUT before it is applied must
// ask [Command.DependsOnState], and answer such a PUT when it is applied.
//
// Everything here is deterministic: the same commands in the same order give the same store,
// the same results and the same snapshot, byte for byte.
package kv
