package bench

import (
	"hash/maphash"

	"quorumbench/protocols"
)

// journal notes what a replica has applied, life by life, as a chain of hashes for each of the
// orders that replicas must agree on.
type journal struct {
	lives []map[string]*chain
}

// chain is one order: of the log, or of a key. A link stands for a command and all before it.
type chain struct {
	links    []uint64
	commands []protocols.CommandID
	gap      bool // an index did not follow the one before
}

var chainSeed = maphash.MakeSeed()

func (j *journal) begin() { j.lives = append(j.lives, map[string]*chain{}) }

func (j *journal) add(c protocols.Commit) {
	life := j.lives[len(j.lives)-1]
	order := life[c.Slot.Key]
	if order == nil {
		order = &chain{}
		life[c.Slot.Key] = order
	}
	order.gap = order.gap || c.Slot.Index != uint64(len(order.links))+1
	var before [8]byte
	if n := len(order.links); n > 0 {
		h := order.links[n-1]
		for i := range before {
			before[i] = byte(h >> (8 * i))
		}
	}
	var hash maphash.Hash
	hash.SetSeed(chainSeed)
	hash.Write(before[:])
	hash.Write(c.Command)
	order.links = append(order.links, hash.Sum64())
	order.commands = append(order.commands, c.ID)
}
