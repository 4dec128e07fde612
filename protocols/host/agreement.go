package host

import (
	"bytes"
	"fmt"

	"quorumbench/protocols"
)

// Agreement checks, while a cluster runs, that all its nodes apply the same commands at the same slots, and each node
// without a gap. It keeps every command, so it is for tests and scenarios; runs keep hashes and are checked at the
// end. The zero value is ready for use. Not safe for use by several goroutines.
type Agreement struct {
	applied map[protocols.Slot][]byte // what any node, in any incarnation, has applied
}

// Position is the last index that a node has applied in its present incarnation, by the key of each order.
type Position map[string]uint64

// Apply checks what a node has applied or adopted, and moves its position. The text of an error continues a sentence
// that begins with the node's name.
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

// At returns the command that was applied first at a slot, by any node.
func (a *Agreement) At(slot protocols.Slot) (command []byte, applied bool) {
	command, applied = a.applied[slot]
	return command, applied
}
