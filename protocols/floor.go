package protocols

import "time"

// Floors returns the least time that a write can take for a client beside each replica of a cluster;
// see Driver.Floor. Of the configuration everything counts but the ID.
func (d *Driver) Floors(c Config) []time.Duration {
	floors := make([]time.Duration, c.Size())
	for i := range floors {
		c.ID = NodeID(i)
		floors[i] = d.Floor(c)
	}
	return floors
}
