// Package result holds the [Result] of an experiment: its runs, with histograms, percentiles, breakdowns, checks and
// crashes. [Write] writes it into a folder and [Read] reads it again. The package also has the data of space-time
// diagrams and of tables of placements.
//
// It computes percentiles from histograms and breakdowns from trace events, and merges runs. It cannot run anything,
// so that package reports, which imports only this package, links no transport and no protocol.
package result
