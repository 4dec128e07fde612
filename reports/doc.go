// Package reports tells people what a run has found out: tables and sentences for a terminal,
// figures for a paper, comparisons. It works from results only and never measures anything.
//
// # Rules
//
// Every latency stands beside two figures that need no measuring: the floor, which is the least
// the protocol can take on these links, and the round trip to the nearest quorum, which is what
// the best protocol takes. Latency ÷ floor judges driver, transport and emulator; latency ÷ round
// trip judges the protocol.
//
// A percentile is shown only if enough samples lie beyond it (result.ConfidenceIn); one that rests
// on few is faint. A saturated run has no response percentiles: they are those of a queue that
// grows. Repeats are merged as histograms; statistics take the run as their unit (statistics.go).
//
// No driver is named here: every sentence follows from what was measured.
package reports
