// Package components finds the strongly connected components of instances that depend on each other: in each, all depend
// on each other, directly or by way of others. It is for checks and figures; drivers have searches of their own.
package components

// Beyond is above every number of an instance.
const Beyond = ^uint64(0)

// Components are the components of instances that stand in columns. They are numbered from 0, and none depends on one with
// a higher number.
type Components struct {
	Of   [][]int32 // of each instance's component, by column and number
	Size []int     // how many instances each component has

	columns int
	first   []uint64 // see First: by component, and then by column
}

// First returns the least number of an instance of a column that is in a component, Beyond if there is none.
func (c *Components) First(component int32, column int) uint64 {
	return c.first[int(component)*c.columns+column]
}

// Find finds the components of as many instances in each column as ends says. Deps are what an instance depends on: in each
// column the instances below a number, and in its own at least those before it. With nil it counts as depending on all, so
// that of instances with unknown dependencies none are found apart that are not. It takes a time in proportion to the
// instances and uses no recursion (Tarjan, SIAM J. Comput. 1972): a component may have thousands.
func Find(ends []uint64, deps func(column int, number uint64) []uint64) *Components {
	s := &search{ends: ends, deps: deps, found: Components{columns: len(ends)}}
	for c, end := range ends {
		s.found.Of = append(s.found.Of, make([]int32, end))
		s.index, s.low = append(s.index, make([]int32, end)), append(s.low, make([]int32, end))
		for i := range s.found.Of[c] {
			s.found.Of[c][i] = -1
		}
	}
	for c, end := range ends {
		for number := range end {
			if s.index[c][number] == 0 {
				s.from(instance{c, number})
			}
		}
	}
	return &s.found
}

type instance struct {
	column int
	number uint64
}

// search is a search under way. Index counts the instances in the order in which they are visited, from 1, and low is
// the lowest index that is known to be in the component.
type search struct {
	ends       []uint64
	deps       func(column int, number uint64) []uint64
	index, low [][]int32
	visited    int32
	path       []step     // from the first instance to the present one
	open       []instance // visited, and in no component yet
	found      Components
}

// step is an instance on the path, and the column whose dependency is followed next.
type step struct {
	at   instance
	next int
}

func (s *search) begin(at instance) {
	s.visited++
	s.index[at.column][at.number], s.low[at.column][at.number] = s.visited, s.visited
	s.path, s.open = append(s.path, step{at: at}), append(s.open, at)
}

// from visits all that an instance leads to and that was not visited yet.
func (s *search) from(first instance) {
	s.begin(first)
	for len(s.path) > 0 {
		last := &s.path[len(s.path)-1]
		at := last.at
		if last.next <= len(s.ends) {
			to, found := s.dependency(at, last.next)
			last.next++
			switch {
			case !found || s.found.Of[to.column][to.number] >= 0:
			case s.index[to.column][to.number] == 0:
				s.begin(to)
			default:
				s.lower(at, s.index[to.column][to.number])
			}
			continue
		}
		s.path = s.path[:len(s.path)-1]
		lowest := s.low[at.column][at.number]
		if len(s.path) > 0 {
			s.lower(s.path[len(s.path)-1].at, lowest)
		}
		if lowest == s.index[at.column][at.number] {
			s.close(at)
		}
	}
}

func (s *search) lower(at instance, to int32) {
	low := &s.low[at.column][at.number]
	*low = min(*low, to)
}

// dependency returns the last instance of a column that an instance depends on, or, after the last column, the one before it
// in its own. Those depend on all before them in their columns.
func (s *search) dependency(at instance, column int) (instance, bool) {
	if column == len(s.ends) {
		return instance{at.column, at.number - 1}, at.number > 0
	}
	end := s.ends[column]
	if deps := s.deps(at.column, at.number); deps != nil && column == at.column {
		end = 0
	} else if deps != nil {
		end = min(end, deps[column])
	}
	return instance{column, end - 1}, end > 0
}

// close makes a component of the instances from the last open one back to the given one.
func (s *search) close(until instance) {
	number, size := int32(len(s.found.Size)), 0
	for range s.ends {
		s.found.first = append(s.found.first, Beyond)
	}
	first := s.found.first[int(number)*len(s.ends):]
	for {
		x := s.open[len(s.open)-1]
		s.open = s.open[:len(s.open)-1]
		s.found.Of[x.column][x.number] = number
		first[x.column] = min(first[x.column], x.number)
		size++
		if x == until {
			break
		}
	}
	s.found.Size = append(s.found.Size, size)
}
