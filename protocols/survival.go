package protocols

import "strings"

// Faults are the kinds of failure that a driver promises to survive, unless it says otherwise in
// Driver.NotSurvived. To survive a fault means that no answered command is lost, that none takes effect
// twice, and that every command whose client waits is answered in the end, with nobody's help. The
// conformance suite and random lives hold a driver to what it promises, and leave out what it does not.
type Faults struct {
	// DeadMinority: fewer than half of the replicas are down or cut off, for any time. The others answer
	// their clients meanwhile. A driver that does not survive it may stop until all are back, and must go
	// on then.
	DeadMinority bool
	// Restarts: replicas, one or all of them at once, crash and come back with what was durable. A driver
	// that does not survive it may lose what a crashed replica knew.
	Restarts bool
	// Loss: some of the messages between replicas, 0 to 100 % of them for a while, never arrive. Messages
	// that are doubled, late, or overtaken by others are no loss: every driver survives them.
	Loss bool
}

// String lists the faults in words, separated by commas; none is empty.
func (f Faults) String() string {
	var words []string
	for _, kind := range []struct {
		is   bool
		name string
	}{{f.DeadMinority, "a dead minority"}, {f.Restarts, "restarts"}, {f.Loss, "message loss"}} {
		if kind.is {
			words = append(words, kind.name)
		}
	}
	return strings.Join(words, ", ")
}
