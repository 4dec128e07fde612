// Package verify checks the [Record] of a run. [Check] checks that all replicas applied the same commands in the
// same order, that no answered write is lost, that the order agrees with real time, that the driver's invariants
// hold, and that the clients' history is linearizable. [Conclude] does the same, sums the run up, and decides
// whether its figures may be believed.
package verify
