// Package costs computes from live runs what a command, a batch, a message, a byte and a sync cost, in processor time, so
// that a simulated run can be given the same costs; see experiment.Simulation.
//
// A live run counts what its replicas do, and the processor time that the whole process takes meanwhile (result.Work). That
// time is explained as a sum of so much for each command, so much for each batch, and so on, by least squares over many runs,
// with no cost below zero. Runs are weighed alike: what is made small is the sum of squares of the errors relative to the time
// that a run took. What clients, transport and emulator take is part of the costs, as in a live run they take it from the
// same processors.
package costs
