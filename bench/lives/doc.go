// Package lives looks for bugs in protocol drivers by random test runs, called lives. A life is a small cluster in
// virtual time with random links, load and faults, all drawn from a seed. It is checked by package verify and by a
// few checks of its own. A life that fails is shrunk to one that is easier to read.
//
// Each life enables a random part of the kinds of faults only (swarm testing; Groce et al., ISSTA 2012), since some
// bugs show only where other faults are absent. In the same way each has some of the habits, which are named, so that
// lives with one habit alone can be played.
package lives
