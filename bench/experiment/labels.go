package experiment

import (
	"fmt"
	"slices"
	"strings"

	"quorumbench/configs/glyphs"
	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
)

// checkLabels refuses regions whose names figures cannot draw, unless they have a label, and labels that they cannot draw or that are
// of no region or of two.
func (p *Plan) checkLabels(doc *strictyaml.Document, _ *netem.Topology) error {
	e := &p.Experiment
	for i, region := range p.Places {
		if _, labelled := e.Labels[region]; labelled {
			continue
		}
		if err := glyphs.Check(region); err != nil {
			at := p.at(i)
			if doc.At("regions").IsList() {
				at = fmt.Sprintf("regions[%d]", i)
			}
			return doc.Errorf(at, "%w; accepted: letters that they can, or a label for them, as in labels: {%s: %s}", err, region, "Somewhere")
		}
	}
	of := map[string]string{} // regions, by their labels
	var regions []string
	for region := range e.Labels {
		regions = append(regions, region)
	}
	slices.Sort(regions)
	for _, region := range regions {
		label := e.Labels[region]
		switch at := "labels." + region; {
		case !slices.Contains(p.Places, region):
			return doc.Errorf("labels", "found the region %q; accepted: %s", region, strings.Join(p.Places, ", "))
		case strings.TrimSpace(label) == "":
			return doc.Errorf(at, "found an empty label for %s; accepted: a word or more", region)
		case of[label] != "":
			return doc.Errorf(at, "found the label %q for %s and %s; accepted: one of its own for each", label, of[label], region)
		default:
			if err := glyphs.Check(label); err != nil {
				return doc.Errorf(at, "%w; accepted: letters that they can", err)
			}
			of[label] = region
		}
	}
	return nil
}
