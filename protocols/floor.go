package protocols

import "time"

// FloorAt returns the least time that a write can take for a client with these one-way delays to the replicas,
// and back from them: ClientFloor, or the way to the replica that it asks and back, and that replica's Floor.
// Of the configuration everything counts but the ID.
func (d *Driver) FloorAt(c Config, asked NodeID, there, back []time.Duration) time.Duration {
	if d.ClientFloor != nil {
		c.ID = Nobody
		return d.ClientFloor(c, there, back)
	}
	c.ID = asked
	return there[asked] + d.Floor(c) + back[asked]
}
