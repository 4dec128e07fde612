package placement

import (
	"fmt"

	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// Copies tells how often what a placement with witnesses decides stands somewhere at the moment of the decision.
type Copies struct {
	Told    bool       // the placement has witnesses
	Fewest  int        // in the quorum that has the fewest
	Nearest int        // in the quorum that the leader hears from first
	Quorum  quorum.Set // that quorum, by the numbers of replicas
}

// copiesOf counts the copies under a leader; nothing is told without witnesses.
func copiesOf(p Protocol, config *protocols.Config) (c Copies, err error) {
	if p.Witnesses == 0 {
		return c, nil
	}
	system := config.Quorums[p.Driver.Witnesses]
	var full []quorum.Set
	for _, id := range config.Full() {
		full = append(full, quorum.Of(id))
	}
	// The fewest that are all copies of something are the fewest without whom the others do not meet every quorum.
	_, fewest, err := quorum.Survived(full, p.kept(config.Size(), system))
	if err != nil {
		return c, fmt.Errorf("counting the copies in quorums: %w", err)
	}
	c.Told, c.Fewest = true, len(fewest)
	c.Quorum = quorum.Of(config.Leader)
	for _, peer := range config.Delays.Nearest(config.Leader) {
		if system.IsQuorum(c.Quorum) {
			break
		}
		c.Quorum.Add(int32(peer))
	}
	c.Nearest = c.Quorum.Without(p.Witnesses).Size()
	return c, nil
}

// kept is the system of the sets in which a replica with data is in every quorum of a system of n replicas.
func (p *Protocol) kept(n int, s quorum.System) quorum.System {
	return quorum.Within(quorum.Dual(s), quorum.First(n).Without(p.Witnesses))
}

// told names the replicas.
func (c Copies) told(n *Network, p *Placement) *result.Copies {
	if !c.Told {
		return nil
	}
	told := &result.Copies{Fewest: c.Fewest, Nearest: c.Nearest, Quorum: []string{n.Regions[p.Leader]}} // the leader first
	for id, region := range p.Replicas {
		if c.Quorum.Has(int32(id)) && region != p.Leader {
			told.Quorum = append(told.Quorum, n.Regions[region])
		}
		if p.Protocol.Witnesses.Has(int32(id)) {
			told.Witnesses = append(told.Witnesses, n.Regions[region])
		}
	}
	return told
}
