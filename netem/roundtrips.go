package netem

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"quorumbench/configs/strictyaml"
)

// RoundTrips is what stands under rtt. It can be read once the regions are known; see readRoundTrips.
type RoundTrips struct{ node *strictyaml.Node }

// UnmarshalNode implements strictyaml.Unmarshaler.
func (r *RoundTrips) UnmarshalNode(node *strictyaml.Node) error {
	if !node.IsMapping() && !node.IsList() {
		return node.Errorf("found %v; accepted: round trips by pairs of regions, as in {fra-nyc: 82ms, fra-sgp: 160ms}, or a matrix", node)
	}
	r.node = node
	return nil
}

// readRoundTrips takes round trips into the topology, which are the same in both directions. A mapping has pairs of regions,
//
//	fra-nyc: 82ms
//	us-east-1: {eu-west-1: 70ms, ap-northeast-1: 160ms}
//
// and a list is a matrix in the order of the regions, whole or its lower triangle. Root is the whole topology.
func (t *Topology) readRoundTrips(node *strictyaml.Node, mdev *time.Duration, root *strictyaml.Node) error {
	if mdev != nil && (*mdev < 0 || *mdev > maxRoundTrip) {
		return root.At("mdev").Errorf("found %v; accepted: 0s to %v", *mdev, maxRoundTrip)
	}
	r := &tripReader{Topology: t, mdev: mdev, named: t.Regions != nil, lines: map[pair]*strictyaml.Node{}}
	r.known = t.regionAdder(!r.named)
	if node.IsList() {
		return r.matrix(node)
	}
	return r.pairs(node)
}

// tripReader reads round trips.
type tripReader struct {
	*Topology
	mdev  *time.Duration
	named bool                      // the file lists the regions
	known func(region string) error // checks a region, or adds it
	lines map[pair]*strictyaml.Node // where a round trip was read
}

// pairs reads a mapping of pairs to round trips, or of regions to mappings of other regions to round trips.
func (r *tripReader) pairs(node *strictyaml.Node) error {
	for key, value := range node.Pairs() {
		if !value.IsMapping() {
			a, b, err := r.split(key)
			if err != nil {
				return err
			}
			if err := r.add(a, b, key, value); err != nil {
				return err
			}
			continue
		}
		if err := r.known(key.Text()); err != nil {
			return key.Errorf("%w", err)
		}
		for other, trip := range value.Pairs() {
			if err := r.add(key.Text(), other.Text(), other, trip); err != nil {
				return err
			}
		}
	}
	return nil
}

// split reads a pair of regions with - between them. Names may have a - as well; if the file lists its regions, and only one way to
// split the key gives two of them, that is meant.
func (r *tripReader) split(key *strictyaml.Node) (a, b string, err error) {
	text := key.Text()
	var ways []pair
	for i, sign := range text {
		if sign != '-' {
			continue
		}
		way := pair{strings.TrimSpace(text[:i]), strings.TrimSpace(text[i+1:])}
		if !r.named || slices.Contains(r.Regions, way.from) && slices.Contains(r.Regions, way.to) {
			if !slices.Contains(ways, pair{way.to, way.from}) { // of a-a-a, both ways are the same round trip
				ways = append(ways, way)
			}
		}
	}
	switch {
	case len(ways) == 1:
		return ways[0].from, ways[0].to, nil
	case len(ways) == 0 && !r.named:
		return "", "", key.Errorf("found %q; accepted: two regions with - between them, as in fra-nyc: 82ms", text)
	case len(ways) == 0:
		return "", "", key.Errorf("found %q; accepted: two of %s, with - between them%s", text, strings.Join(r.Regions, ", "), r.nearestPair(text))
	case !r.named:
		return "", "", key.Errorf("found %q, in which more than one - may be between two regions; accepted: with a list of regions, or by region, as in us-east-1: {eu-west-1: 82ms}", text)
	}
	return "", "", key.Errorf("found %q, which may mean %s and %s, or %s and %s; accepted: by region, as in %s: {%s: 82ms}",
		text, ways[0].from, ways[0].to, ways[1].from, ways[1].to, ways[0].from, ways[0].to)
}

// nearestPair is the end of a message about a key that is no pair of regions.
func (r *tripReader) nearestPair(text string) string {
	var pairs []string
	for _, a := range r.Regions {
		for _, b := range r.Regions {
			pairs = append(pairs, a+"-"+b)
		}
	}
	return strictyaml.DidYouMean(text, pairs)
}

// add takes the round trip between two regions. Key is where the second of them, or both, are in the file.
func (r *tripReader) add(a, b string, key, value *strictyaml.Node) error {
	for _, region := range []string{a, b} {
		if err := r.known(region); err != nil {
			return key.Errorf("%w", err)
		}
	}
	trip, err := tripOf(value)
	if err != nil {
		return err
	}
	if _, twice := r.lines[pair{a, b}]; twice {
		return key.Errorf("found the round trip between %s and %s twice; accepted: once, for both directions", a, b)
	}
	return r.take(a, b, trip, value)
}

// tripOf reads a round trip.
func tripOf(value *strictyaml.Node) (trip time.Duration, err error) {
	if err := value.Decode(&trip); err != nil {
		return 0, err
	}
	if trip < 0 || trip > maxRoundTrip {
		return 0, value.Errorf("found %v; accepted: a round trip from 0s to %v", trip, maxRoundTrip)
	}
	return trip, nil
}

// take notes a round trip. One of 0s from a region to itself says no more than none.
func (r *tripReader) take(a, b string, trip time.Duration, value *strictyaml.Node) error {
	r.lines[pair{a, b}], r.lines[pair{b, a}] = value, value
	if a == b && trip == 0 {
		return nil
	}
	if _, err := r.Topology.add(LinkLine{From: a, To: b, Avg: trip, Mdev: r.mdev}); err != nil {
		return value.Errorf("%w", err)
	}
	return nil
}

// matrix reads round trips as a list of rows.
func (r *tripReader) matrix(node *strictyaml.Node) error {
	rows, n := node.Items(), len(r.Regions)
	if !r.named {
		return node.Errorf("found a matrix without a list of regions; accepted: with regions, in the order of the rows, or by pairs, as in {fra-nyc: 82ms}")
	}
	if len(rows) != n {
		return node.Errorf("found %d rows; accepted: %d, one for each region", len(rows), n)
	}
	whole := n > 1 && len(rows[0].Items()) > 1
	for i, row := range rows {
		wanted, why := i+1, "in row %d of a lower triangle, which ends with the region itself"
		if whole {
			wanted, why = n, "in row %d of a whole matrix, one for each region"
		}
		if cells := row.Items(); len(cells) != wanted || !row.IsList() {
			found := row.String()
			if row.IsList() {
				found = fmt.Sprintf("%d round trips", len(cells))
			}
			return row.Errorf("found %s; accepted: %d "+why, found, wanted, i+1)
		}
		for j, cell := range row.Items() {
			from, to := r.Regions[i], r.Regions[j]
			trip, err := tripOf(cell)
			if err != nil {
				return err
			}
			if j <= i {
				if err := r.take(to, from, trip, cell); err != nil {
					return err
				}
			}
		}
	}
	return r.symmetric(rows)
}

// symmetric refuses a whole matrix that has another round trip from a region to another than back.
func (r *tripReader) symmetric(rows []*strictyaml.Node) error {
	for i, row := range rows {
		for j, cell := range row.Items() {
			if j <= i {
				continue
			}
			there, _ := tripOf(cell)
			if back, _ := tripOf(rows[j].Items()[i]); back != there {
				return rows[j].Items()[i].Errorf("found %v between %s and %s, and %v in row %d; accepted: a symmetric matrix, since a round trip is the same both ways, or links",
					back, r.Regions[j], r.Regions[i], there, i+1)
			}
		}
	}
	return nil
}
