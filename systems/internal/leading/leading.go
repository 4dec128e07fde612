// Package leading moves the leadership of systems whose leader can hand it over.
package leading

import (
	"context"
	"fmt"

	"quorumbench/bench/system"
)

// Client is a client of a node that can hand over.
type Client interface {
	system.Client
	// HandOver asks the node, which leads, to let the node of a replica lead. It need not lead yet when HandOver returns.
	HandOver(ctx context.Context, to int) error
}

// Move has the node of a replica lead: it asks each node, in its own region, who leads, and the leader of which one speaks to hand over,
// until all nodes say that the wanted one leads. open opens a client of a replica's node, in its region.
func Move(ctx context.Context, c system.Cluster, to int, open func(replica int) (Client, error)) error {
	clients := make([]Client, len(c.Nodes))
	for i := range c.Nodes {
		one, err := open(i)
		if err != nil {
			return err
		}
		defer one.Close()
		clients[i] = one
	}
	return system.Again(ctx, func(ctx context.Context) error {
		for i, one := range clients {
			leader, err := one.Leader(ctx)
			switch {
			case err != nil:
				return fmt.Errorf("asking %s: %w", c.Nodes[i].Region, err)
			case leader < 0:
				return fmt.Errorf("%s knows of no leader", c.Nodes[i].Region)
			case leader == to:
				continue
			}
			if err := clients[leader].HandOver(ctx, to); err != nil {
				return fmt.Errorf("moving the leader from %s: %w", c.Nodes[leader].Region, err)
			}
			return fmt.Errorf("%s says that %s leads", c.Nodes[i].Region, c.Nodes[leader].Region)
		}
		return nil
	})
}
