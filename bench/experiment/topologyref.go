package experiment

import (
	"path/filepath"
	"strings"
	"sync"

	"quorumbench/configs"
	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
)

// TopologyRef says which topology an experiment has: a shipped one by its name, or the path of a file. In a file it may be the
// topology itself, a mapping; it then reads Inline.
type TopologyRef string

// Inline stands for a topology that is in the experiment's own file.
const Inline TopologyRef = "inline"

// UnmarshalNode implements strictyaml.Unmarshaler.
func (t *TopologyRef) UnmarshalNode(node *strictyaml.Node) error {
	if node.IsMapping() {
		*t = Inline
		return nil
	}
	if node.IsList() {
		return node.Errorf("found a list; accepted: the name of a topology, the path of a file, or a mapping, as in {rtt: {fra-nyc: 82ms, fra-sgp: 160ms, nyc-sgp: 230ms}}")
	}
	return node.Decode((*string)(t))
}

// shippedTopologies caches the shipped topologies by name, since parsing one takes long.
var shippedTopologies sync.Map

// topology reads the topology of an experiment: one in the experiment's own file, one that is given, a shipped one by its name, or a
// file by its path.
func (e *Experiment) topology(doc *strictyaml.Document, file string, given map[string][]byte) (*netem.Topology, error) {
	if e.Topology == Inline {
		if node := doc.At("topology"); node.IsMapping() {
			return netem.ReadTopology(node, e.Name)
		}
	}
	name := string(e.Topology)
	if data, ok := given[name]; ok {
		return netem.ParseTopology(name, data)
	}
	if known, ok := shippedTopologies.Load(name); ok {
		return known.(*netem.Topology), nil
	}
	if data, err := configs.Topology(name); err == nil {
		topology, err := netem.ParseTopology(name+".yaml", data)
		if err == nil {
			shippedTopologies.Store(name, topology)
		}
		return topology, err
	}
	if !strings.ContainsAny(name, `/\`) && filepath.Ext(name) == "" {
		return nil, doc.Errorf("topology", "found %q; accepted: %s, or the path of a topology file%s",
			name, strings.Join(configs.Topologies(), ", "), strictyaml.DidYouMean(name, configs.Topologies()))
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(file), path)
	}
	data, err := configs.ReadFile(path, configs.MaxTopology)
	if err != nil {
		return nil, doc.Errorf("topology", "found %q, which cannot be read: %w", name, err)
	}
	return netem.ParseTopology(path, data)
}
