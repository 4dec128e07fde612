package reports

import (
	"cmp"
	"slices"
	"strings"

	"quorumbench/bench/result"
	"quorumbench/configs/glyphs"
)

// labelled is a text of a figure in which regions have the labels that the experiment gives them: its figures cannot draw all
// letters. Tables have the names.
func labelled(r *result.Result, text string) string {
	if len(r.Experiment.Labels) == 0 {
		return text
	}
	var names []string
	for name := range r.Experiment.Labels {
		names = append(names, name)
	}
	// A name that is part of another comes after it, and the order is always the same.
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	var pairs []string
	for _, name := range names {
		pairs = append(pairs, name, r.Experiment.Labels[name])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// drawable is a text with a square in place of each letter that figures cannot draw, such as those of an experiment's name:
// nothing vanishes.
func drawable(text string) string {
	return strings.Map(func(letter rune) rune {
		if glyphs.Drawable(letter) {
			return letter
		}
		return '□'
	}, text)
}

// labelled is the same view with the labels of regions and protocols in place of their names.
func (v *view) labelled() *view {
	if len(v.Experiment.Labels) == 0 {
		return v
	}
	some := *v
	some.regions = nil
	for _, name := range v.regions {
		some.regions = append(some.regions, labelled(v.Result, name))
	}
	return &some
}

// labelled is the same sweep with labels in place of names.
func (s *sweep) labelled() *sweep {
	some := *s
	some.points = nil
	for _, v := range s.points {
		some.points = append(some.points, v.labelled())
	}
	return &some
}
