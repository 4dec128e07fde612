// Package result is what was found out: the [Result] of an experiment with its runs, which [Write] puts
// into a folder and [Read] reads again, and the plain data of what else is drawn, space-time diagrams and
// tables of placements.
//
// It holds what turns measurements into figures: histograms and their percentiles, the breakdown of a
// write's time by trace events, and the merging of runs. It knows how to run nothing, so that package
// reports, which needs only this package, links no transport and no protocol.
package result
