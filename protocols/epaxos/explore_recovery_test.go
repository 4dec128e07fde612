package epaxos

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/explore"
	"quorumbench/protocols/explore/exploretest"
	"quorumbench/protocols/kv"
)

// This file explores what recovery makes of two writes of one key, A of replica a and B of replica d, of five, when two
// replicas are down for good: from every state that PreAccept can leave, with nothing else under way.

// before is what has arrived at each of the replicas, a letter for each and in that order: "AB,A,,BA,B" says that a has
// submitted A and then pre-accepted B, that b has A only, c nothing, and that d and e had B first.
type before struct {
	arrived    []string
	committedA bool // a has committed A on the fast path
	committedB bool
	down       []protocols.NodeID
}

const (
	submitterA = 0
	submitterB = 3
)

// String names the state.
func (b *before) String() string {
	name := strings.Join(b.arrived, ",")
	if b.committedA {
		name += "-A!"
	}
	if b.committedB {
		name += "-B!"
	}
	name += "-down"
	for _, id := range b.down {
		name += string('a' + rune(id))
	}
	return name
}

// everyBefore returns all states in which one submitter at least is down.
func everyBefore() (all []before) {
	var downs [][]protocols.NodeID
	for i := range protocols.NodeID(5) {
		for j := range i {
			if down := []protocols.NodeID{j, i}; slices.Contains(down, submitterA) || slices.Contains(down, submitterB) {
				downs = append(downs, down)
			}
		}
	}
	any := []string{"", "A", "B", "AB", "BA"}
	for _, atA := range []string{"A", "AB", "BA"} {
		for _, atB := range []string{"B", "BA", "AB"} {
			if atA == "BA" && atB == "AB" {
				continue // each would have been submitted after the other
			}
			for n := range len(any) * len(any) * len(any) {
				arrived := []string{atA, any[n%5], any[n/5%5], atB, any[n/25]}
				for _, down := range downs {
					b := before{arrived: arrived, down: down}
					all = append(all, b)
					if b.agreeing('A') >= 3 {
						b.committedA = true
						all = append(all, b)
					}
					if b.agreeing('B') >= 3 {
						b.committedB = true
						all = append(all, b)
						if b.committedA {
							b.committedA = false
							all = append(all, b)
						}
					}
				}
			}
		}
	}
	return all
}

// place returns where the Deps name a write, and which replica has submitted it.
func place(write byte) int {
	if write == 'A' {
		return submitterA
	}
	return submitterB
}

// deps returns the Deps of a write as a replica has them, nil if it does not know the write.
func (b *before) deps(write byte, at int) []uint64 {
	other := byte('A' + 'B' - write)
	knew := func(at int) bool {
		i, j := strings.IndexByte(b.arrived[at], write), strings.IndexByte(b.arrived[at], other)
		return j >= 0 && j < i
	}
	if !strings.Contains(b.arrived[at], string(write)) {
		return nil
	}
	deps := make([]uint64, 5)
	if knew(at) || knew(place(write)) {
		deps[place(other)] = 1
	}
	return deps
}

// agreeing counts the replicas whose Deps of a write are those of its submitter.
func (b *before) agreeing(write byte) (n int) {
	for at := range b.arrived {
		if deps := b.deps(write, at); deps != nil && slices.Equal(deps, b.deps(write, place(write))) {
			n++
		}
	}
	return n
}

// disks returns what is on the replicas' disks.
func (b *before) disks() [][][]byte {
	disks := make([][][]byte, len(b.arrived))
	for at, writes := range b.arrived {
		for _, write := range []byte(writes) {
			e := &Entry{
				Key: []byte("x"), Column: uint32(place(write)), Phase: preaccepted, Command: commandOnDisk(write),
				Deps: b.deps(write, at), Submitted: true, InitDeps: b.deps(write, place(write)),
			}
			disks[at] = append(disks[at], exploretest.Encode(&Record{Entries: []*Entry{e}}))
			if at == place(write) && (write == 'A' && b.committedA || write == 'B' && b.committedB) {
				e.Phase = committed
				disks[at] = append(disks[at], exploretest.Encode(&Record{Entries: []*Entry{e}}))
			}
		}
	}
	return disks
}

// commandOnDisk returns a write of a client that issues nothing else.
func commandOnDisk(value byte) []byte {
	return exploretest.Encode(&kv.Command{Client: 90 + uint64(value), Seq: 1, Key: []byte("x"), Value: []byte{value}})
}

// change makes the cluster of the state.
func (b *before) change(c *explore.Cluster) {
	c.Replicas, c.Disks, c.Down = 5, b.disks(), b.down
	c.Done = func(n protocols.Node) bool {
		for _, g := range n.(*replica).registers {
			if !g.allExecuted() {
				return false
			}
		}
		return true
	}
}

// One of 331 states is explored always, and all of them with -explore recovery.
func TestExploreRecovery(t *testing.T) {
	var each []exploretest.Bound
	for i, b := range everyBefore() {
		each = append(each, exploretest.Bound{
			Name: fmt.Sprintf("recovery/%v", &b), Large: i%331 != 0, Timers: 4, Network: late1, Change: b.change,
		})
	}
	exploretest.Run(t, explored, each)
}
