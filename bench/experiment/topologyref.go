package experiment

import (
	"path/filepath"
	"strings"
	"sync"

	"quorumbench/configs"
	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
)

// TopologyRef says which topology an experiment has: a shipped one by its name, the path of a file, or the topology itself as the
// experiment's own file has it, as a line of YAML that begins with a brace.
type TopologyRef string

// IsInline reports whether it is the topology itself.
func (t TopologyRef) IsInline() bool { return strings.HasPrefix(string(t), "{") }

// UnmarshalNode implements strictyaml.Unmarshaler.
func (t *TopologyRef) UnmarshalNode(node *strictyaml.Node) error {
	switch {
	case node.IsMapping():
		*t = TopologyRef(node.Flow())
		return nil
	case node.IsList() || node.IsScalar() && TopologyRef(node.Text()).IsInline():
		return node.Errorf("found %v; accepted: the name of a topology, the path of a file, or a mapping, as in {rtt: {fra-nyc: 82ms, fra-sgp: 160ms, nyc-sgp: 230ms}}", node)
	}
	return node.Decode((*string)(t))
}

// shippedTopologies caches the shipped topologies by name, since parsing one takes long.
var shippedTopologies sync.Map

// topology reads the topology of an experiment: one in the experiment's own file, one that is given, a shipped one by its name, or a
// file by its path.
func (e *Experiment) topology(doc *strictyaml.Document, file string, given map[string][]byte) (*netem.Topology, error) {
	if e.Topology.IsInline() {
		return netem.ReadTopology(doc.At("topology"), e.Name)
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
		return nil, doc.Errorf("topology", "found %v; accepted: %s, or the path of a topology file%s",
			doc.At("topology"), strings.Join(configs.Topologies(), ", "), strictyaml.DidYouMean(name, configs.Topologies()))
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(file), path)
	}
	data, err := configs.ReadFile(path, configs.MaxTopology)
	if err != nil {
		return nil, doc.Errorf("topology", "found %v, which cannot be read: %w", doc.At("topology"), err)
	}
	return netem.ParseTopology(path, data)
}
