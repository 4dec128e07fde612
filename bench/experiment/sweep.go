package experiment

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"quorumbench/configs/strictyaml"
)

// Sweep runs the experiment with several values of one setting. Each value is a point, at which every protocol
// runs. In a file it reads sweep: {load.rate: [10/s, 100/s]}.
type Sweep struct {
	Path   string   `json:"path"`   // of the setting: load.rate
	Values []string `json:"values"` // as the file has them, in its order
	// Points are the sections with the swept setting, defaults filled in, at each of the values, so that the experiment can be
	// run again without its file. A search for the highest rate has none.
	Points []Swept `json:"points,omitempty"`

	nodes []*strictyaml.Node
}

// Key is the last word of the path.
func (s *Sweep) Key() string { return s.Path[strings.LastIndex(s.Path, ".")+1:] }

// OfLoad reports whether the sweep is over how much load there is, so that saturated points are among what is asked for.
func (s *Sweep) OfLoad() bool { return s.Path == "load.rate" || s.Path == "load.clients" }

// String returns the path and the values, as in "load.rate: 10/s, 100/s".
func (s *Sweep) String() string { return s.Path + ": " + strings.Join(s.Values, ", ") }

// UnmarshalNode implements strictyaml.Unmarshaler: a mapping of one path to a list of values.
func (s *Sweep) UnmarshalNode(node *strictyaml.Node) error {
	var paths map[string][]scalar
	if err := node.Decode(&paths); err != nil {
		return err
	}
	if len(paths) != 1 {
		return node.Errorf("found a sweep over %d settings; accepted: one, as in sweep: {load.rate: [10/s, 100/s]}", len(paths))
	}
	for path, values := range paths {
		s.Path = path
		for _, value := range values {
			s.Values, s.nodes = append(s.Values, value.Text()), append(s.nodes, value.Node)
		}
	}
	return nil
}

// scalar is any single value.
type scalar struct{ *strictyaml.Node }

// UnmarshalNode implements strictyaml.Unmarshaler.
func (s *scalar) UnmarshalNode(node *strictyaml.Node) error {
	if !node.IsScalar() {
		return node.Errorf("found %v; accepted: a single value", node)
	}
	s.Node = node
	return nil
}

// MaxPoints is the greatest number of values of a sweep.
const MaxPoints = 50

// Swept holds the sections of an experiment whose settings may be swept over. All points of a sweep have the
// same protocols, regions, faults and times.
type Swept struct {
	Load       Load       `yaml:"load" json:"load"`
	Network    Network    `yaml:"network" json:"network"`
	Transport  Transport  `yaml:"transport" json:"transport"`
	Durability Durability `yaml:"durability" json:"durability"`
	Simulation Simulation `yaml:"simulation" json:"simulation,omitzero"`

	// OneWay are the one-way delays at a point of a result, if they are not those of its topology.
	OneWay [][]time.Duration `json:"one_way_ns,omitempty"`
}

// sweptOf copies these sections from an experiment.
func sweptOf(e *Experiment) Swept {
	return Swept{Load: e.Load, Network: e.Network, Transport: e.Transport, Durability: e.Durability, Simulation: e.Simulation}
}

// into sets these sections of another experiment.
func (s Swept) into(e *Experiment) {
	e.Load, e.Network, e.Transport, e.Durability, e.Simulation = s.Load, s.Network, s.Transport, s.Durability, s.Simulation
}

// notSwept lists the settings of these sections that must be the same at all points, since they say when runs
// begin and end, those of a search, which has points of its own, mappings, and
// what is there or not.
var notSwept = []string{"load.duration", "load.warmup", "load.timeout", "load.commands", "load.slo.p50", "load.slo.p99", "load.precision", "load.hours", "load.sizes.table", "network.links"}

// Sweepable lists the paths that may be swept over.
func Sweepable() []string {
	var paths []string
	var walk func(prefix string, t reflect.Type)
	walk = func(prefix string, t reflect.Type) {
		for i := range t.NumField() {
			key, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
			if key == "" {
				continue // not from the file
			}
			if field := t.Field(i).Type; field.Kind() == reflect.Struct {
				walk(prefix+key+".", field)
			} else if !slices.Contains(notSwept, prefix+key) {
				paths = append(paths, prefix+key)
			}
		}
	}
	walk("", reflect.TypeFor[Swept]())
	return paths
}

// checkSweep checks the sweep of a file except for its values, which are checked when each point is read as an
// experiment of its own.
func checkSweep(doc *strictyaml.Document, s *Sweep) error {
	paths := Sweepable()
	if !slices.Contains(paths, s.Path) {
		return doc.Errorf("sweep", "found %q; accepted: %s%s", s.Path, strings.Join(paths, ", "), strictyaml.DidYouMean(s.Path, paths))
	}
	if doc.Has(s.Path) {
		return doc.Errorf(s.Path, "found %s beside a sweep over it; accepted: one of the two", s.Path)
	}
	if n := len(s.Values); n < 2 || n > MaxPoints {
		return doc.Errorf("sweep", "found %d values; accepted: 2 to %d", n, MaxPoints)
	}
	for i, value := range s.Values {
		if slices.Contains(s.Values[:i], value) {
			return s.nodes[i].Errorf("found %q a second time; accepted: each value once", value)
		}
	}
	return nil
}

// makePoints makes the plans of the points of the sweep, if there is one.
func (p *Plan) makePoints(file string, doc *strictyaml.Document) error {
	s := p.Experiment.Sweep
	if s == nil {
		return nil
	}
	if err := checkSweep(doc, s); err != nil {
		return err
	}
	for i, node := range s.nodes {
		point, err := planOf(file, doc.With(s.Path, node), p.topologies, p.drivers)
		if err != nil {
			return err
		}
		same := func(other *Plan) bool {
			return reflect.DeepEqual(sweptOf(&other.Experiment), sweptOf(&point.Experiment))
		}
		if j := slices.IndexFunc(p.points, same); j >= 0 {
			return node.Errorf("found %q, which is the same as %q; accepted: each value once", s.Values[i], s.Values[j])
		}
		if t, all := point.Experiment.Load.Traced, p.Experiment.Load.Traced; t != nil && all != nil && t.SHA256 == all.SHA256 {
			point.Experiment.Load.Traced = all // in memory once
		}
		point.Point = s.Values[i]
		if point.Experiment.Network.Jitter {
			p.Topology.Jitter = point.Topology.Jitter
		}
		swept := sweptOf(&point.Experiment)
		if !reflect.DeepEqual(point.Topology.OneWay, p.Topology.OneWay) {
			swept.OneWay = point.Topology.OneWay
		}
		s.Points = append(s.Points, swept)
		p.points = append(p.points, point)
	}
	return nil
}

// At returns the experiment at one point of its sweep: with the point's value, and without the sweep. An
// experiment without a sweep is returned unchanged.
func (e Experiment) At(point string) Experiment {
	sweep := e.Sweep
	if sweep == nil {
		return e
	}
	e.Sweep = nil
	e.Name += fmt.Sprintf(" (%s %s)", sweep.Path, point)
	parts := sweptOf(&e)
	steps := strings.Split(sweep.Path, ".")
	yaml := strings.Join(steps, ": {") + ": " + point + strings.Repeat("}", len(steps)-1)
	if _, err := strictyaml.Decode("sweep", []byte(yaml), &parts); err == nil { // else run.json was changed by hand
		parts.Load.Mix.set(&parts.Load)
		parts.into(&e)
	}
	return e
}
