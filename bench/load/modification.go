package load

import (
	"time"

	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// Modification is a read-modify-write: a client reads a key and, when it has the answer, writes the same key. Between the two
// another client may write the key, whose write is lost then. If the load asks for atomic ones, the write names the version that
// follows the one that was read: it is refused if another has become that version, and the client reads again.
type Modification struct {
	Intended, Sent time.Duration // of its first read
	Answered       time.Duration // of the write that took effect; result.Never if none was answered so far
	Read, Write    uint64        // the sequence numbers of its last read, and of the write after that; 0 for none

	key     uint64
	size    int    // of the value, in bytes
	version uint64 // that the last read has found; 0 if the key was absent
}

// Modifications returns the read-modify-writes of the clients, in the order of their arrivals. The caller must not change them.
func (c *Clients) Modifications() []Modification { return c.modifications }

// modified notes the answer to a command, if that is part of a read-modify-write, and the version that a read has found. It
// reports whether the read-modify-write goes on: unless it has come to its end, or has taken longer than the load's timeout, which
// makes it an error.
func (c *Clients) modified(seq uint64, s *Sample, version uint64) (continues bool) {
	i, is := c.modifying[seq]
	if !is {
		return false
	}
	m := &c.modifications[i]
	if s.Read {
		m.version = version
	} else if s.Outcome != kv.Outcome_REFUSED {
		m.Answered = s.Answered
	}
	if m.Answered != result.Never || s.Answered-m.Intended >= c.load.Timeout {
		delete(c.modifying, seq)
		return false
	}
	return true
}

// Continues reports whether a command, which has just been answered, is part of a read-modify-write that goes on. Continue must
// be called then.
func (c *Clients) Continues(id protocols.CommandID) bool {
	_, is := c.modifying[id.Seq]
	return is
}

// Continue makes the next command of a read-modify-write after one that was answered: the write after a read, and the read again
// after a write that was refused. It was intended when the answer came. Its bytes are valid until the next call of Continue or
// Issue. It is issued also if the load is over meanwhile.
func (c *Clients) Continue(id protocols.CommandID, now time.Duration) (next protocols.CommandID, data []byte, intended time.Duration) {
	i, last := c.modifying[id.Seq], *c.Samples.At(int(id.Seq) - 1)
	delete(c.modifying, id.Seq)
	c.settle(now)
	m, seq := &c.modifications[i], uint64(c.Samples.Len())+1
	c.modifying[seq] = i
	c.command.Version = 0
	if last.Read {
		m.Read, m.Write = id.Seq, seq
		c.generator.setWrite(&c.command, m.key, m.size, c.generator.later)
		if c.load.RMW.Atomic {
			c.command.Version = m.version + 1
		}
	} else {
		c.generator.setRead(&c.command, m.key)
	}
	if c.Measured(last.Answered) && !c.Measured(last.Intended) { // else Pending still counts the command that was answered
		c.Pending.Add(1)
	}
	next, data = c.add(m.key, last.Answered, now)
	return next, data, last.Answered
}
