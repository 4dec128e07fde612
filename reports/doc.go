// Package reports makes reports of results: tables and sentences for a terminal, figures for a paper, comparisons. It
// reads results only and measures nothing.
//
// # Rules
//
// Every latency is shown beside two computed figures: the floor, which is the least time the protocol can take on
// these links, and the round trip to the nearest quorum, which is what the best protocol takes. Latency ÷ floor judges
// driver, transport and emulator; latency ÷ round trip judges the protocol.
//
// A percentile is shown only if enough samples lie beyond it (result.ConfidenceIn), and faintly if they are few. No
// response percentiles are shown of a saturated run, since they would be those of a growing queue. Repeats are merged
// as histograms; statistics take the run as their unit (statistics.go).
//
// No driver is named here: every sentence follows from what was measured.
package reports
