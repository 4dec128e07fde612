package result

import "slices"

// mostHues is how many colours tell protocols apart in figures and on pages; with more, some are shared.
const mostHues = 8

// usualHues are the protocols that have a hue of their own, in the order of the hues.
var usualHues = []string{"paxos", "multipaxos", "raft", "mmp3", "etcdraft", "paxos1", "epaxos", "zab"}

// Hues numbers the colours, from 0 to 7, of the protocols with the given names, which may stand there several times, as with other
// options. A protocol that comes with quorumbench has the same hue in every experiment, whatever else runs in it and however it is
// called there; the others, and a protocol's second and later appearances, have those that are free.
func Hues(names []string) []int {
	hues, taken := make([]int, len(names)), [mostHues]bool{}
	for i, name := range names {
		hues[i] = slices.Index(usualHues, name)
		if hues[i] >= 0 && taken[hues[i]] {
			hues[i] = -1
		}
		if hues[i] >= 0 {
			taken[hues[i]] = true
		}
	}
	for i := range hues {
		if hues[i] >= 0 {
			continue
		}
		if hues[i] = slices.Index(taken[:], false); hues[i] < 0 {
			hues[i] = i % mostHues
		}
		taken[hues[i]] = true
	}
	return hues
}

// Hues are the hues of the result's protocols, in the order of the experiment.
func (r *Result) Hues() []int {
	names := make([]string, len(r.Experiment.Protocols))
	for i, p := range r.Experiment.Protocols {
		names[i] = p.Name
	}
	return Hues(names)
}
