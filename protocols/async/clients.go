package async

import "quorumbench/protocols/kv"

// client is what is known of a client's writes, so that one that is handed over again at the same replica, or where it has
// come meanwhile, is not a second write.
type client struct {
	acked   uint64            // its client wants the answers to writes before this no more
	results map[uint64][]byte // of the others that are applied, by sequence number
}

func (r *replica) client(id uint64) *client {
	c := r.clients[id]
	if c == nil {
		c = &client{results: map[uint64][]byte{}}
		r.clients[id] = c
	}
	return c
}

// finish notes that a write is applied, and returns whether it is for the first time.
func (c *client) finish(command *kv.Command) (first bool) {
	if command.Acked > c.acked {
		c.acked = command.Acked
		for seq := range c.results {
			if seq < c.acked {
				delete(c.results, seq)
			}
		}
	}
	_, again := c.results[command.Seq]
	if !again && command.Seq >= c.acked {
		c.results[command.Seq] = kv.PutResult
		if command.Version > 0 {
			c.results[command.Seq] = kv.WrittenResult(command.Version)
		}
	}
	return !again
}
