package result

import "slices"

// Figures and pages tell protocols apart by styles. Two styles have the same hue, and differ in the dashes of lines and in marks.
const (
	mostHues   = 8
	mostStyles = 2 * mostHues
)

// usualStyles are the protocols that have a style of their own, in the order of the styles; empty: nobody has it. Those that are often
// compared have different hues.
var usualStyles = [mostStyles]string{
	"paxos", "multipaxos", "raft", "mmp3", "etcdraft", "paxos1", "epaxos", "zab",
	"", "", "", "", "fastpaxos", "sharded", "async", "",
}

// Styles numbers the styles, from 0 to 15, of the protocols with the given names, which may stand there several times, as with other
// options. A protocol that comes with quorumbench has the same style in every experiment, whatever else runs in it and however it is
// called there; the others, and a protocol's second and later appearances, have those that are free, first of all those of a free hue.
func Styles(names []string) []int {
	styles, taken, hues := make([]int, len(names)), [mostStyles]bool{}, [mostHues]bool{}
	take := func(i, style int) {
		styles[i], taken[style], hues[Hue(style)] = style, true, true
	}
	for i, name := range names {
		styles[i] = -1
		if own := slices.Index(usualStyles[:], name); name != "" && own >= 0 && !taken[own] {
			take(i, own)
		}
	}
	for i := range styles {
		if styles[i] >= 0 {
			continue
		}
		free := slices.Index(hues[:], false)
		if free < 0 {
			free = slices.Index(taken[:], false)
		}
		if free < 0 {
			free = i % mostStyles
		}
		take(i, free)
	}
	return styles
}

// Hue is the number of a style's colour, from 0 to 7.
func Hue(style int) int { return style % mostHues }

// Dashes is the number of the pattern of a style's lines, from 0 to 7.
func Dashes(style int) int { return (style + style/mostHues*mostHues/2) % mostHues }

// Styles are the styles of the result's protocols, in the order of the experiment.
func (r *Result) Styles() []int {
	names := make([]string, len(r.Experiment.Protocols))
	for i, p := range r.Experiment.Protocols {
		names[i] = p.Name
	}
	return Styles(names)
}
