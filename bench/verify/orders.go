package verify

import (
	"fmt"
	"maps"
	"slices"

	"quorumbench/protocols"
)

// orders holds what all replicas together have applied, by key; the log has the empty key.
type orders map[string]*order

// orders returns what the replicas have applied, and an error if two disagree.
func (r *Record) orders() (orders, error) {
	merged := orders{}
	var disorder error
	for replica, one := range r.Replicas {
		for incarnation, applied := range one.Journal.incarnations {
			for _, key := range slices.Sorted(maps.Keys(applied)) {
				if applied[key].gap && disorder == nil {
					disorder = fmt.Errorf("%s applied commands of %s with a gap", r.Region(replica), LogName(key))
				}
				if merged[key] == nil {
					merged[key] = &order{}
				}
				for i := range applied[key].stretches {
					mine := part{&applied[key].stretches[i], replica, incarnation}
					if index, theirs := merged[key].merge(mine); theirs != nil && disorder == nil {
						disorder = fmt.Errorf("at %d of %s, %s applied %v (incarnation %d) and %s %v (incarnation %d)", index, LogName(key),
							r.Region(theirs.replica), CommandName(theirs.at(index)), theirs.incarnation+1,
							r.Region(replica), CommandName(mine.at(index)), incarnation+1)
					}
				}
			}
		}
	}
	return merged, disorder
}

// LogName names an order in messages: the log, or that of a key.
func LogName(key string) string {
	if key == "" {
		return "the log"
	}
	return fmt.Sprintf("key %q", key)
}

// CommandName names a command in messages: its client and number, or that it is a no-op.
func CommandName(id protocols.CommandID) string {
	if id == (protocols.CommandID{}) {
		return "a no-op"
	}
	return fmt.Sprintf("command %d.%d", id.Client, id.Seq)
}

// order is what all replicas together have applied of one order, by index.
type order struct {
	hashes   []uint64 // of the commands; 0 if unknown, since all replicas adopted a later state there
	commands []protocols.CommandID
	parts    []part
}

// part is a stretch with its replica and incarnation.
type part struct {
	*stretch
	replica, incarnation int
}

// whole reports whether the command at every index is known.
func (o *order) whole() bool {
	for _, hash := range o.hashes {
		if hash == 0 {
			return false
		}
	}
	return true
}

// merge adds a part. If it disagrees with what is known, index is the first index where it does, and with is the part
// that it disagrees with there.
func (o *order) merge(p part) (index uint64, with *part) {
	for missing := int(p.next()) - 1 - len(o.hashes); missing > 0; missing-- {
		o.hashes, o.commands = append(o.hashes, 0), append(o.commands, protocols.CommandID{})
	}
	for i, hash := range p.hashes {
		switch at := p.first - 1 + uint64(i); o.hashes[at] {
		case 0:
			o.hashes[at], o.commands[at] = hash, p.commands[i]
		case hash:
		default:
			if with == nil {
				index, with = at+1, o.covering(at+1)
			}
		}
	}
	o.parts = append(o.parts, p)
	return index, with
}

// covering returns the first part that contains an index.
func (o *order) covering(index uint64) *part {
	for i := range o.parts {
		if p := &o.parts[i]; p.first <= index && index < p.next() {
			return p
		}
	}
	panic(fmt.Sprintf("verify: no part has index %d", index))
}

// at returns the command at an index of the part.
func (p *part) at(index uint64) protocols.CommandID { return p.commands[index-p.first] }
