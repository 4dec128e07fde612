// Package experiment reads experiment files: what they may say, what holds if they say nothing, what is
// refused and where, the points of a sweep, and the links between the regions.
//
// [Read] returns a [Plan], which is an [Experiment] that has been checked, with its topology.
package experiment
