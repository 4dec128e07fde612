// Package leadertest is a conformance suite for drivers with a leader, beyond that of prototest for every driver:
// leaders crash, restart and are cut off, and followers hand commands to leaders that are deposed.
package leadertest
