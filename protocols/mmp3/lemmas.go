package mmp3

import (
	"fmt"

	"quorumbench/protocols"
	"quorumbench/protocols/components"
)

// lemmas holds the dependencies of all committed instances of a run against what the order of rule 7 rests on; see
// docs/mmp3-order.md. Here A → B says that A depends on B. Any two instances are related: A → B, or B → A, or both.
//
//  1. A was proposed after B's commit: A.Deps holds B and all of B.Deps.
//  2. A → B, and they are in different components of the graph of all instances: A.Deps holds all of B.Deps.
//  3. A → B, both are heads, and no dependencies lead from B to A by way of heads: n(A) > n(B), where n is that of
//     rule 7.
//
// It implements protocols.InstanceWatcher.
type lemmas struct {
	columns   [replicas][]noted // by LSN
	committed vector            // the Deps of all that is committed so far, and these instances
	count     uint64            // of the instances that are committed so far
	first     protocols.Lemma   // lemma 1, which is checked as instances are committed
}

// noted is what is known of an instance. Of a crashed replica, a commit may never be heard.
type noted struct {
	proposed, committed bool
	deps                vector // if committed
	after               vector // if proposed: what was committed then, with its Deps
	afterCount          uint64 // how many instances that were
}

func newLemmas() protocols.InstanceWatcher { return &lemmas{} }

// The statements, as they are shown.
const (
	statementRelated = "any two instances: A → B or B → A"
	statementLater   = "A proposed after B's commit: A.Deps ⊃ B.Deps"
	statementApart   = "A → B, in different components: A.Deps ⊃ B.Deps"
	statementFewer   = "A → B, both heads, B does not lead to A: n(A) > n(B)"
	statementMutual  = "A → B, both heads, whether or not B → A: n(A) > n(B)"
	statementCycle   = "A → B, both heads, not B → A: n(A) > n(B)"
)

// at returns the place of an instance, and makes room for it.
func (l *lemmas) at(column int, lsn uint64) *noted {
	l.extend(column, lsn+1)
	return &l.columns[column][lsn]
}

func (l *lemmas) extend(column int, end uint64) {
	for uint64(len(l.columns[column])) < end {
		l.columns[column] = append(l.columns[column], noted{})
	}
}

// Note implements protocols.InstanceWatcher.
func (l *lemmas) Note(e protocols.InstanceEvent) {
	if e.Kind == protocols.InstanceApplied {
		return
	}
	x := l.at(e.ID.Column, e.ID.Number)
	switch {
	case x.committed:
	case e.Kind == protocols.InstanceProposed: // once more if a crash has lost the first time, which nobody knows of
		x.proposed, x.after, x.afterCount = true, l.committed, l.count
	default:
		x.committed, x.deps = true, vectorOf(e.Deps)
		l.checkLater(position{e.ID.Column, e.ID.Number}, x)
		l.committed.raise(x.deps)
		l.committed[e.ID.Column] = max(l.committed[e.ID.Column], e.ID.Number+1)
		l.count++
		for c, end := range x.deps {
			l.extend(c, end)
		}
	}
}

// checkLater holds an instance that is committed against lemma 1.
func (l *lemmas) checkLater(at position, x *noted) {
	if !x.proposed {
		return
	}
	l.first.Pairs += x.afterCount
	if x.deps.covers(x.after) {
		return
	}
	l.first.Broken++
	if l.first.Example == "" {
		l.first.Example = fmt.Sprintf("%v was proposed when what was committed depended on %v, and has deps %v", at, x.after, x.deps)
	}
}

// Lemmas implements protocols.InstanceWatcher. Lemma 3 is checked for the heads that a replica meets that applies all that was
// noted.
func (l *lemmas) Lemmas() []protocols.Lemma {
	l.first.Statement = statementLater
	of := l.components()
	return append([]protocols.Lemma{l.related(), l.first, l.apart(of)}, l.heads()...)
}

// components returns the components of all that was noted.
func (l *lemmas) components() *components.Components {
	var ends [replicas]uint64
	for c := range ends {
		ends[c] = uint64(len(l.columns[c]))
	}
	return components.Find(ends[:], func(column int, lsn uint64) []uint64 {
		if x := &l.columns[column][lsn]; x.committed {
			return x.deps[:]
		}
		return nil
	})
}

// related holds all pairs of instances of different columns against each other.
func (l *lemmas) related() protocols.Lemma {
	found := protocols.Lemma{Statement: statementRelated}
	for c := range replicas {
		for k := c + 1; k < replicas; k++ {
			// least is, for each instance of column k, that from there on which depends on the least of column c.
			least, best := make([]int, len(l.columns[k])+1), -1
			least[len(l.columns[k])] = -1
			for i := len(l.columns[k]) - 1; i >= 0; i-- {
				if y := &l.columns[k][i]; y.committed && (best < 0 || y.deps[c] < l.columns[k][best].deps[c]) {
					best = i
				}
				least[i] = best
			}
			for i := range l.columns[c] {
				x := &l.columns[c][i]
				if !x.committed {
					continue
				}
				found.Pairs += uint64(len(l.columns[k]))
				if y := least[x.deps[k]]; y >= 0 && l.columns[k][y].deps[c] <= uint64(i) {
					found.Broken++
					if found.Example == "" {
						found.Example = fmt.Sprintf("%v (deps %v) and %v (deps %v): neither depends on the other",
							position{c, uint64(i)}, x.deps, position{k, uint64(y)}, l.columns[k][y].deps)
					}
				}
			}
		}
	}
	return found
}

// apart holds each instance against those that it depends on and that are in other components (lemma 2). Of a column these
// are the first ones: each instance depends on all before it in its column, so that the later ones of those it depends on
// are in its component as soon as one before them is.
func (l *lemmas) apart(of *components.Components) protocols.Lemma {
	found := protocols.Lemma{Statement: statementApart}
	var most [replicas][]vector // for each LSN, all that the instances below it depend on
	for k := range replicas {
		most[k] = make([]vector, len(l.columns[k])+1)
		for i := range l.columns[k] {
			most[k][i+1] = most[k][i]
			if y := &l.columns[k][i]; y.committed {
				most[k][i+1].raise(y.deps)
			}
		}
	}
	for c := range replicas {
		for i := range l.columns[c] {
			x := &l.columns[c][i]
			if !x.committed {
				continue
			}
			for k, end := range x.deps {
				end = min(end, of.First(of.Of[c][i], k))
				found.Pairs += end
				if x.deps.covers(most[k][end]) {
					continue
				}
				found.Broken++
				if found.Example == "" {
					found.Example = fmt.Sprintf("%v has deps %v, and those of column %d below %d, in other components, depend on %v",
						position{c, uint64(i)}, x.deps, k, end, most[k][end])
				}
			}
		}
	}
	return found
}

// heads applies all that was noted by rule 7 and holds the heads that it meets against each other: lemma 3, and how often
// it would be false if B might depend on A, or might lead to A by way of the third head. It ends at the first instance of
// which no commit was noted.
func (l *lemmas) heads() []protocols.Lemma {
	fewer, mutual, cycle := protocols.Lemma{Statement: statementFewer}, protocols.Lemma{Statement: statementMutual}, protocols.Lemma{Statement: statementCycle}
	var applied vector
	for {
		met := l.meet(applied)
		for a := range replicas {
			for b := range replicas {
				if a == b || !met.present[a] || !met.present[b] || !met.needs[a][b] {
					continue
				}
				broken := uint64(0)
				if met.n[a] <= met.n[b] {
					broken = 1
				}
				mutual.Pairs, mutual.Broken = mutual.Pairs+1, mutual.Broken+broken
				if met.needs[b][a] {
					continue
				}
				cycle.Pairs, cycle.Broken = cycle.Pairs+1, cycle.Broken+broken
				if c := replicas - a - b; met.needs[b][c] && met.present[c] && met.needs[c][a] {
					continue
				}
				fewer.Pairs, fewer.Broken = fewer.Pairs+1, fewer.Broken+broken
				if broken > 0 && fewer.Example == "" {
					fewer.Example = fmt.Sprintf("with %v applied, the head %v needs %d others, and the head %v, which does not lead to it, %d",
						applied, position{a, applied[a]}, met.n[a], position{b, applied[b]}, met.n[b])
				}
			}
		}
		next := met.next()
		if next < 0 {
			return []protocols.Lemma{fewer, cycle, mutual}
		}
		applied[next]++
	}
}

// meeting is the heads that a replica sees that has applied so much.
type meeting struct {
	present [replicas]bool           // it is committed
	needs   [replicas][replicas]bool // the head of one column needs that of another, also one that is not there
	n       [replicas]int            // how many it needs
}

func (l *lemmas) meet(applied vector) (m meeting) {
	for c := range replicas {
		if applied[c] >= uint64(len(l.columns[c])) || !l.columns[c][applied[c]].committed {
			continue
		}
		m.present[c] = true
		for k, end := range l.columns[c][applied[c]].deps {
			if k != c && end > applied[k] {
				m.needs[c][k] = true
				m.n[c]++
			}
		}
	}
	return m
}

// next returns the column whose head is applied next by rule 7, -1 if there is none.
func (m *meeting) next() int {
	for start := range replicas {
		var reached [replicas]bool
		reached[start] = true
		for range replicas { // as often as needed to reach all
			for c := range replicas {
				for k := range replicas {
					reached[k] = reached[k] || reached[c] && m.needs[c][k]
				}
			}
		}
		best := -1
		for c := range replicas {
			if reached[c] && !m.present[c] {
				best = -1
				break
			}
			if reached[c] && (best < 0 || m.n[c] < m.n[best]) {
				best = c
			}
		}
		if best >= 0 {
			return best
		}
	}
	return -1
}
