// Package experiment reads experiment files. It holds what a file may say and the defaults, refuses what is
// wrong with its place in the file, makes the points of a sweep, and takes the links between the regions from
// the topology. docs/experiments.md explains every key.
//
// [Read] returns a [Plan]: a checked [Experiment] with its topology, ready to be run by package bench.
package experiment
