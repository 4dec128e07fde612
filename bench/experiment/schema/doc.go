// Package schema makes JSON Schemas of experiment and topology files, with which editors complete keys and other programs check
// files before quorumbench sees them. They are made of what the strict reader goes by: the Go types of the files, with the words,
// ranges and patterns of package experiment. What the keys mean is taken from docs/experiments.md and docs/topologies.md.
//
// A file that a schema refuses is refused by the reader, too. The reader refuses more, such as regions that the topology does not
// have, or durations out of range; the test of this package lists what that is.
package schema

//go:generate go run ./generate ../../..
