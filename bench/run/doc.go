// Package run runs one protocol of an experiment once, in real time over QUIC or in virtual time, while
// faults happen, and leaves a record for package verify.
//
// A command's way: [load.Clients] say when it arrives; the world, live or simulated, hands the arrival to
// the region's site; the site hands it to its replica's Step, persists what the step asks for and then
// sends; messages cross the world; the answer comes back to the site, and the clients note the time.
package run
