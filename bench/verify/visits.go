package verify

import "quorumbench/protocols"

// visits tells which of the clients' commands were seen in passes over them, each of which has a number from 1. It
// holds for each command the last pass that saw it.
type visits [][]uint32

func (r *Record) newVisits() visits {
	v := make(visits, len(r.Clients))
	for i, c := range r.Clients {
		v[i] = make([]uint32, c.Samples.Len())
	}
	return v
}

// first notes that a pass sees a command, and reports whether it is for the first time. The command must have a sample.
func (v visits) first(pass uint32, id protocols.CommandID) bool {
	last := &v[id.Client-1][id.Seq-1]
	if *last == pass {
		return false
	}
	*last = pass
	return true
}

// has reports whether any pass has seen a command.
func (v visits) has(id protocols.CommandID) bool { return v[id.Client-1][id.Seq-1] != 0 }
