package experiment

import (
	"strings"

	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
)

// Mix names a mix of commands, and how often each key is used.
type Mix string

// ycsb is a core workload of YCSB (Cooper, Silberstein, Tam, Ramakrishnan and Sears, Benchmarking cloud serving systems with
// YCSB, SoCC 2010).
type ycsb struct {
	reads, rmw   Share
	distribution Distribution
}

// ycsbMixes are the core workloads of YCSB that a key-value register has.
var ycsbMixes = map[Mix]ycsb{
	"ycsb-a": {reads: 0.5, distribution: Zipf},
	"ycsb-b": {reads: 0.95, distribution: Zipf},
	"ycsb-c": {reads: 1, distribution: Zipf},
	"ycsb-d": {reads: 0.95, distribution: Latest},
	"ycsb-f": {reads: 0.5, rmw: 0.5, distribution: Zipf},
}

const (
	ycsbScans      Mix  = "ycsb-e"
	ycsbExponent        = 0.99 // of its distributions
	ycsbRecordSize Size = 1000 // ten fields of 100 bytes
)

// set sets what the mix says in a load: the shares of reads and read-modify-writes, and the distribution of keys.
func (m Mix) set(l *Load) {
	if one, found := ycsbMixes[m]; found {
		l.Reads, l.RMW.Share, l.Keys.Distribution = one.reads, one.rmw, one.distribution
	}
}

// checkMix checks the mix, sets what it says, and changes the defaults of what it does not say: exponent and value size.
func (p *Plan) checkMix(doc *strictyaml.Document, _ *netem.Topology) error {
	l, sweep := &p.Experiment.Load, p.Experiment.Sweep
	if l.Mix == "" && !doc.Has("load.mix") {
		if sweep != nil && sweep.Path == "load.mix" { // each point has a mix
			l.Keys.Distribution = Zipf
			l.setRecord(doc)
		}
		return nil
	}
	accepted := strings.Join(l.Mix.Words(), ", ")
	if l.Mix == ycsbScans {
		return doc.Errorf("load.mix", "found ycsb-e, which scans ranges of keys: commands here read or write one key, so that there is no scan; accepted: %s", accepted)
	}
	if _, found := ycsbMixes[l.Mix]; !found {
		return doc.Errorf("load.mix", "found %q; accepted: %s%s", l.Mix, accepted, strictyaml.DidYouMean(string(l.Mix), l.Mix.Words()))
	}
	for _, path := range []string{"load.reads", "load.rmw.share", "load.keys.distribution"} {
		if doc.Has(path) {
			return doc.Errorf(path, "found it beside mix: %s, which sets it; accepted: one of the two", l.Mix)
		}
	}
	l.Mix.set(l)
	l.setRecord(doc)
	return nil
}

// setRecord sets what a mix changes among the defaults, unless the file says otherwise.
func (l *Load) setRecord(doc *strictyaml.Document) {
	if !doc.Has("load.keys.exponent") {
		l.Keys.Exponent = ycsbExponent
	}
	if !doc.Has("load.value_size") && !doc.Has("load.sizes.distribution") {
		l.ValueSize = ycsbRecordSize
	}
}

// checkRMW checks the read-modify-writes.
func (p *Plan) checkRMW(doc *strictyaml.Document, _ *netem.Topology) error {
	l := &p.Experiment.Load
	switch {
	case l.Reads+l.RMW.Share > 1+1e-9: // shares that add up to 1 may be rounded up
		return doc.Errorf("load.rmw.share", "found %v beside %v reads; accepted: up to 100%% together", l.RMW.Share, l.Reads)
	case l.RMW.Atomic && l.RMW.Share == 0:
		return doc.Errorf("load.rmw.atomic", "found it without read-modify-writes; accepted: with a share of them, or mix: ycsb-f")
	}
	return nil
}
