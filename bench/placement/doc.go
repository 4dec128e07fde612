// Package placement computes, without running anything, the floors of writes under every protocol, set of replicas
// and leader, and ranks them. A floor is a sum of one-way delays (see protocols.Driver), so hundreds of sets of
// regions are compared at once. What processing and transport add is measured by a run.
package placement
