package prototest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"quorumbench/protocols"
)

// marksItsLeader holds the marks that a driver with a leader owes against who leads: a run whose configured
// leader has not marked that it leads is not believed, and the breakdown of a write's time needs to know who led.
func marksItsLeader(t *testing.T, driver protocols.Driver, delays protocols.Delays) {
	for _, leader := range leaders(driver, delays) {
		c := NewCluster(t, driver, Network{Delays: delays}, leader, 1)
		c.Run(5 * time.Second)
		if err := c.leads(leader); err != nil {
			t.Errorf("replica %d is configured to lead: %v", leader, err)
		}
	}
}

// leads tells, by the marks, whether a replica leads and nobody else does.
func (c *Cluster) leads(leader protocols.NodeID) error {
	switch leaders := c.leading(); {
	case len(leaders) == 0:
		return fmt.Errorf("no replica has marked %q without %q after it; a driver with HasLeader must, in the step in which a replica begins to lead (Outbox.Mark with MarkLeading)",
			protocols.MarkLeading, protocols.MarkDeposed)
	case len(leaders) > 1 || leaders[0] != leader:
		return fmt.Errorf("%v have marked %q without %q after it; accepted: %d alone", leaders, protocols.MarkLeading, protocols.MarkDeposed, leader)
	}
	return nil
}

// leading lists the replicas that are up and whose last mark about it says that they lead.
func (c *Cluster) leading() []protocols.NodeID {
	var leaders []protocols.NodeID
	for _, r := range c.Replicas {
		leads := false
		for _, m := range r.Marks {
			leads = m.Event == protocols.MarkLeading || leads && m.Event != protocols.MarkDeposed
		}
		if leads && r.Alive {
			leaders = append(leaders, r.id)
		}
	}
	return leaders
}

// marksWhenItIsDeposed cuts the leader off until another leads, and lets it come back: in the end one replica
// leads, by the marks.
func marksWhenItIsDeposed(t *testing.T, driver protocols.Driver, delays protocols.Delays) {
	const first = protocols.NodeID(0)
	cut := false
	c := NewCluster(t, driver, Network{Delays: delays, Drop: func(from, to protocols.NodeID, _ []byte) bool {
		return cut && (from == first || to == first)
	}}, first, 1)
	c.Run(5 * time.Second)
	cut = true
	c.Run(c.Now() + 20*time.Second)
	if !slices.ContainsFunc(c.leading(), func(id protocols.NodeID) bool { return id != first }) {
		t.Errorf("the leader is cut off for 20s, and no other has marked %q", protocols.MarkLeading)
	}
	cut = false
	c.Run(c.Now() + 60*time.Second)
	if leaders := c.leading(); len(leaders) != 1 {
		t.Errorf("a minute after the leader came back, %v have marked %q without %q after it; accepted: one replica", leaders, protocols.MarkLeading, protocols.MarkDeposed)
	}
}
