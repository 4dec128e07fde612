package experiment

import (
	"fmt"
	"slices"
	"strings"

	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
)

// IsRanked reports whether keys are drawn by their rank, in proportion to a power of it.
func (k *Keys) IsRanked() bool { return k.Distribution == Zipf || k.Distribution == Latest }

// hotByDefault is how many keys are hot if the file does not say so.
func (k *Keys) hotByDefault() int { return max(1, k.Count/5) }

// checkKeys checks the settings of keys, and fills in the defaults that depend on the distribution.
func (p *Plan) checkKeys(doc *strictyaml.Document, _ *netem.Topology) error {
	k := &p.Experiment.Load.Keys
	hot := k.Distribution == Hotspot
	for _, c := range conditionsOf("load.keys.distribution") {
		if doc.Has(c.Path) && !slices.Contains(c.With, string(k.Distribution)) {
			return doc.Errorf(c.Path, "found it with keys of distribution: %s; accepted: with distribution: %s", k.Distribution, strings.Join(c.With, ", "))
		}
	}
	if k.IsRanked() && !doc.Has("load.keys.exponent") {
		setDefault(&k.Exponent, 1.01)
	}
	if hot && !doc.Has("load.keys.hot_keys") {
		k.HotKeys = k.hotByDefault()
	}
	if hot && !doc.Has("load.keys.hot_share") {
		k.HotShare = 0.8
	}
	for _, c := range []struct {
		path     string
		ok       bool
		found    any
		accepted string
	}{
		{"load.keys.count", Ranges["load.keys.count"].Has(k.Count), k.Count, "1 to 1000000000"},
		{"load.keys.count", !hot || k.Count >= 2, k.Count, "2 to 1000000000, some of them hot"},
		{"load.keys.exponent", !k.IsRanked() || Ranges["load.keys.exponent"].Has(k.Exponent), k.Exponent, "above 0, up to 10"},
		{"load.keys.hot_keys", !hot || k.HotKeys >= 1 && k.HotKeys < k.Count, k.HotKeys, fmt.Sprintf("1 to %d, fewer than there are keys", k.Count-1)},
		{"load.keys.hot_share", !hot || k.HotShare > 0, k.HotShare, "above 0%, up to 100%"},
		{"load.keys.foreign", k.Foreign == nil || *k.Foreign == 0 || len(p.Experiment.Clients) > 1, k.Foreign, "0%, since no other region has clients"},
	} {
		if !c.ok {
			return doc.Errorf(c.path, "found %v; accepted: %s", c.found, c.accepted)
		}
	}
	switch {
	case k.Conflicts != nil && k.Foreign != nil:
		return doc.Errorf("load.keys.foreign", "found it beside conflicts; accepted: one of the two")
	case k.Distribution == Latest && k.Conflicts != nil:
		return doc.Errorf("load.keys.conflicts", "found it with distribution: latest, where each write has a key of its own; accepted: with another distribution")
	case k.Distribution == Latest && k.Foreign != nil:
		return doc.Errorf("load.keys.foreign", "found it with distribution: latest, where reads use the newest keys of all regions; accepted: with another distribution")
	}
	return nil
}
