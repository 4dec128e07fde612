// Package netem is the network as the experiments see it: which regions there are and how far
// they lie apart ([Topology]), what a link does to a packet ([Link]), and the order in which
// things come due ([Queue]).
//
// Nothing here reads a clock, starts a goroutine or does I/O. Time comes in as a number, the time
// since the run began, and a fate comes out. That is what makes the network the same in both
// worlds: package netem/sim moves the number on by itself, package netem/emulator takes it from
// the machine's clock, and the packets meet the same links.
package netem
