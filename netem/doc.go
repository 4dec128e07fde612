// Package netem models the network: the regions and the delays between them ([Topology]), what a link does to a packet
// ([Link]), and a queue of events in the order of time ([Queue]).
//
// Nothing here reads a clock, starts a goroutine or does I/O. Methods get the time since the run began as an argument.
// So both worlds use the same links: package netem/sim advances the time itself, package netem/emulator takes it from
// the machine's clock.
package netem
