package slab

// Items allocates many structs of one type in few blocks. A block is freed when none of its structs is used any more.
// The zero value is ready for use. Not safe for use by several goroutines.
type Items[E any] struct {
	block []E // what is left of the present block
}

// itemsBlock is the number of structs in a block.
const itemsBlock = 64

// New returns a new struct.
func (s *Items[E]) New() *E {
	if len(s.block) == 0 {
		s.block = make([]E, itemsBlock)
	}
	item := &s.block[0]
	s.block = s.block[1:]
	return item
}
