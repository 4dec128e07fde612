package placement

import (
	"fmt"
	"math"

	"quorumbench/bench/result"
)

// AvailabilityOver computes how likely it is that the quorums of placements are missing, over how likely it is that a region or
// a replica fails, from a thousandth of a percent to a half, while the other fails as likely as f says. Of placements that differ in
// the leader only, the first counts; those whose protocols do not tell their quorums are left out.
func AvailabilityOver(n *Network, placements []Placement, f Failures) (*result.Availability, error) {
	all := &result.Availability{Failures: result.Failures(f)}
	known := map[string]bool{}
	for i := range placements {
		p := &placements[i]
		if known[p.system()] || len(p.roles) == 0 {
			continue
		}
		known[p.system()] = true
		one := result.AvailabilityOf{Label: p.Protocol.Label}
		for step := range 24 {
			fails := math.Min(0.5, 1e-5*math.Pow(10, float64(step)/5))
			for _, line := range []struct {
				to *[]result.Unavailable
				f  Failures
			}{{&one.OverRegion, Failures{Replica: f.Replica, Region: fails}}, {&one.OverReplica, Failures{Replica: fails, Region: f.Region}}} {
				s, err := n.survival(p, line.f)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", p.Protocol.Label, err)
				}
				*line.to = append(*line.to, result.Unavailable{Fails: fails, Without: 1 - s.Availability})
			}
		}
		all.Systems = append(all.Systems, one)
	}
	return all, nil
}
