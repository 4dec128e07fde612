// Package verify reads the [Record] of a run. [Check] passes the verdicts on what the replicas did: that
// all applied the same commands in the same order, that nothing that was answered is lost, that real time
// is kept, that the driver's invariants hold, and that what the clients saw is linearizable. [Conclude] does
// the same, sums the run up, and tells whether its figures may be believed.
package verify
