package host

import (
	"bytes"
	"fmt"

	"quorumbench/protocols"
)

// Agreement holds what the nodes of a cluster apply against each other while they run: all apply the same
// commands at the same slots, and each applies them without a gap. It remembers every command, so it is
// for tests and scenarios; runs note hashes instead and are checked when they are over. The zero value is
// ready for use. Not safe for use by several goroutines.
type Agreement struct {
	applied map[protocols.Slot][]byte // what any node, in any incarnation, has applied
}

// Position is how far one node has come in its present incarnation, by the key of each order.
type Position map[string]uint64

// Apply notes what a node has applied or adopted and moves its position. An error tells what is wrong
// with it, in words that follow the node's name.
func (a *Agreement) Apply(at Position, c protocols.Commit) error {
	last := at[c.Slot.Key]
	if c.Adopted {
		at[c.Slot.Key] = c.Slot.Index
		if c.Slot.Index < last {
			return fmt.Errorf("adopts the state after %v, which it has left behind", c.Slot)
		}
		return nil
	}
	at[c.Slot.Key] = last + 1
	if a.applied == nil {
		a.applied = map[protocols.Slot][]byte{}
	}
	first, known := a.applied[c.Slot]
	if !known {
		a.applied[c.Slot] = bytes.Clone(c.Command)
	}
	switch {
	case c.Slot.Index != last+1:
		return fmt.Errorf("applies %v where %d was next", c.Slot, last+1)
	case known && !bytes.Equal(first, c.Command):
		return fmt.Errorf("applies another command at %v than a replica before", c.Slot)
	}
	return nil
}

// At returns the command that was applied at a slot, by whatever node did so first.
func (a *Agreement) At(slot protocols.Slot) (command []byte, applied bool) {
	command, applied = a.applied[slot]
	return command, applied
}
