// Command peers measures this module's protocols beside other systems that replicate writes: hashicorp/raft, and
// JetStream of the NATS server. It is a module of its own, so that quorumbench depends on neither.
//
// The load is a closed loop: each of -clients clients has one write of 128 B under way and issues the next when it is
// answered. Three replicas run in one process, on links without a delay, and keep their state in memory. Every round
// measures every system once, in an order drawn from the seed. Each measurement has a process of its own, so that no
// system inherits the heap or the goroutines of another:
//
//	go run . -seconds 5 -rounds 3
//	go run . -systems hashicorp,raft-leader -cpuprofile cpu.prof
//
// The table has, for each system, the writes answered a second in each round and their median, and medians over the
// rounds of the processor time of the whole process for each write, of how many processors that kept busy, and of
// the service time. Processor time and profiles are those of the measured seconds: starting, warming up and checking
// what was recorded do not count.
//
// Our protocols run as in the program quorumbench: live, over QUIC, with all checks. A run that its own checks declare
// invalid is in the table, with the reason below it. The section "Beside other systems" of docs/measuring.md says what
// is not the same among the systems.
package main
