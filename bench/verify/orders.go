package verify

import (
	"fmt"

	"quorumbench/protocols"
)

// orders holds what all replicas together have applied, by key; the log has the empty key.
type orders map[string]*order

// whole reports whether the command at every index of every order is known.
func (o orders) whole() bool {
	for _, order := range o {
		if !order.whole() {
			return false
		}
	}
	return true
}

// orders returns what the replicas have applied, and an error if two disagree.
func (r *Record) orders() (orders, error) {
	merged := orders{}
	var disorder error
	for replica, one := range r.Replicas {
		for incarnation, applied := range one.Journal.incarnations {
			first := "" // the least key with an error, so that the error does not depend on the map's sequence
			var found error
			for key, mine := range applied {
				if merged[key] == nil {
					merged[key] = &order{}
				}
				if err := r.merge(merged[key], key, mine, replica, incarnation); err != nil && (found == nil || key < first) {
					first, found = key, err
				}
			}
			if disorder == nil {
				disorder = found
			}
		}
	}
	return merged, disorder
}

// merge adds to an order what an incarnation of a replica has applied of it, and returns the first error.
func (r *Record) merge(all *order, key string, mine *applied, replica, incarnation int) (disorder error) {
	if mine.gap {
		disorder = fmt.Errorf("%s applied commands of %s with a gap", r.Region(replica), LogName(key))
	}
	for i := range mine.stretches {
		mine := part{&mine.stretches[i], replica, incarnation}
		if index, theirs := all.merge(mine); theirs != nil && disorder == nil {
			disorder = fmt.Errorf("at %d of %s, %s applied %v (incarnation %d) and %s %v (incarnation %d)", index, LogName(key),
				r.Region(theirs.replica), CommandName(theirs.at(index)), theirs.incarnation+1,
				r.Region(replica), CommandName(mine.at(index)), incarnation+1)
		}
	}
	return disorder
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
	commands *column // an entry without a hash is unknown, since all replicas adopted a later state there
	own      bool    // commands is not that of a part, and may be changed
	parts    []part
}

// part is a stretch with its replica and incarnation.
type part struct {
	*stretch
	replica, incarnation int
}

func (o *order) len() int {
	if o.commands == nil {
		return 0
	}
	return o.commands.len()
}

// id returns the command at an index, counted from 0.
func (o *order) id(i int) protocols.CommandID { return o.commands.at(i).id() }

// whole reports whether the command at every index is known.
func (o *order) whole() bool { return o.unknown(o.len()) < 0 }

// unknown returns the first of so many indexes, counted from 0, whose command is not known, -1 if there is none.
func (o *order) unknown(before int) int {
	for i := range before {
		if o.commands.at(i).hash == 0 {
			return i
		}
	}
	return -1
}

// merge adds a part. If it disagrees with what is known, index is the first index where it does, and with is the part
// that it disagrees with there. Where a replica has applied everything, its own entries are used and none are copied.
func (o *order) merge(p part) (index uint64, with *part) {
	start, n := int(p.first)-1, p.commands.len()
	news := start+n > o.len()
	for i := range min(n, max(0, o.len()-start)) {
		switch e := o.commands.at(start + i); e.hash {
		case 0:
			news = true
		case p.commands.at(i).hash:
		default:
			if with == nil {
				index, with = uint64(start+i)+1, o.covering(uint64(start+i)+1)
			}
		}
	}
	switch {
	case news && start == 0 && n >= o.len() && with == nil:
		o.commands, o.own = &p.commands, false
	case news:
		o.fill(start, &p.commands)
	}
	o.parts = append(o.parts, p)
	return index, with
}

// fill enters commands from an index on, counted from 0, where none are known.
func (o *order) fill(start int, commands *column) {
	switch {
	case o.commands == nil:
		o.commands = &column{}
	case !o.own:
		o.commands = o.commands.clone()
	}
	o.own = true
	for o.len() < start {
		o.commands.add(entry{})
	}
	for i := range commands.len() {
		if at := start + i; at == o.len() {
			o.commands.add(commands.at(i))
		} else if o.commands.at(at).hash == 0 {
			o.commands.set(at, commands.at(i))
		}
	}
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
func (p *part) at(index uint64) protocols.CommandID { return p.commands.at(int(index - p.first)).id() }
