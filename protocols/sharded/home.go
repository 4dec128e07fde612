package sharded

import (
	"hash/fnv"

	"quorumbench/protocols"
)

// home returns the home of a key (rule 2): the replica that leads its group.
func home(c protocols.Config, key []byte) protocols.NodeID {
	n := uint64(c.Size())
	if size := uint64(c.Options.(*Options).Partition); size > 0 {
		if number, found := numberOf(key); found {
			return protocols.NodeID(number / size % n)
		}
	}
	h := fnv.New64a()
	h.Write(key) // never fails
	return protocols.NodeID(h.Sum64() % n)
}

// numberOf returns the number at the end of a key, as of key-17, if there is one that fits into 64 bits.
func numberOf(key []byte) (number uint64, found bool) {
	begin := len(key)
	for begin > 0 && '0' <= key[begin-1] && key[begin-1] <= '9' {
		begin--
	}
	const mostDigits = 19 // of which every number fits
	if digits := len(key) - begin; digits == 0 || digits > mostDigits {
		return 0, false
	}
	for _, digit := range key[begin:] {
		number = 10*number + uint64(digit-'0')
	}
	return number, true
}
