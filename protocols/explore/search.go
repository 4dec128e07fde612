package explore

import (
	"encoding/binary"
	"reflect"
	"slices"
)

// search is an exploration under way. What recurs is kept once and goes by its number: replicas'
// states, messages, and cells.
type search struct {
	cluster  *Cluster
	replicas int
	commands [][]byte
	copier   copier
	encoder  encoder
	scratch  []byte

	locals       []*local
	localNumbers map[[16]byte]uint32
	letters      numbers[letter]
	steps        map[stepKey]step

	cells       numbers[cell]
	soups       [][]uint32 // sets of messages, sorted
	soupNumbers map[string]uint32
	added       map[addition]uint32
	moves       map[uint32][]move // of a cell, that take no timer
	histories   numbers[history]

	states    states
	quiet     int
	pairs     map[[2]uint32]struct{} // replicas' states that were held against each other
	finished  map[ending]bool
	violation *Violation
}

// numbers gives things numbers, from 0.
type numbers[T comparable] struct {
	all []T
	of  map[T]uint32
}

func (n *numbers[T]) number(thing T) uint32 {
	number, known := n.of[thing]
	if !known {
		number = uint32(len(n.all))
		if n.of == nil {
			n.of = map[T]uint32{}
		}
		n.all = append(n.all, thing)
		n.of[thing] = number
	}
	return number
}

// cell is a replica's state, and the messages ever sent to it.
type cell struct{ local, soup uint32 }

// addition is a message sent to a cell.
type addition struct{ cell, letter uint32 }

// move is an event that changes something: the replica, or what was sent.
type move struct {
	event event
	cell  uint32 // what the replica's becomes
	step  step
}

func newSearch(c *Cluster) *search {
	s := &search{
		cluster: c, replicas: len(c.Nearest),
		localNumbers: map[[16]byte]uint32{}, steps: map[stepKey]step{},
		soupNumbers: map[string]uint32{}, added: map[addition]uint32{}, moves: map[uint32][]move{},
		pairs: map[[2]uint32]struct{}{}, finished: map[ending]bool{},
	}
	if s.replicas > mostReplicas || len(c.Commands) > mostCommands {
		panic("explore: there is no room for so many replicas or commands")
	}
	for i, command := range c.Commands {
		s.commands = append(s.commands, encodeCommand(i, command.Op))
	}
	ignored := map[string]bool{}
	for _, name := range c.Ignored {
		ignored[name] = true
	}
	known := &types{ignored, map[reflect.Type][]int{}, map[reflect.Type]bool{}}
	s.copier = copier{known, map[any]reflect.Value{}, map[reflect.Type]bool{}}
	s.encoder = encoder{known, map[any]int{}}
	s.soupOf(nil)
	s.histories.number(history{})
	return s
}

func (s *search) soupOf(letters []uint32) uint32 {
	key := make([]byte, 0, 4*len(letters))
	for _, m := range letters {
		key = binary.LittleEndian.AppendUint32(key, m)
	}
	number, known := s.soupNumbers[string(key)]
	if !known {
		number = uint32(len(s.soups))
		s.soups = append(s.soups, letters)
		s.soupNumbers[string(key)] = number
	}
	return number
}

// send returns a cell with one message more.
func (s *search) send(to uint32, m uint32) uint32 {
	key := addition{to, m}
	result, known := s.added[key]
	if !known {
		c := s.cells.all[to]
		letters := s.soups[c.soup]
		result = to
		if i, sent := slices.BinarySearch(letters, m); !sent {
			result = s.cells.number(cell{c.local, s.soupOf(slices.Insert(slices.Clone(letters), i, m))})
		}
		s.added[key] = result
	}
	return result
}

// movesOf returns what may happen in a cell, but for timers and crashes.
func (s *search) movesOf(number uint32) []move {
	moves, known := s.moves[number]
	if known {
		return moves
	}
	c := s.cells.all[number]
	for _, m := range s.soups[c.soup] {
		if made := s.move(c, event{arrive, m}); made.step.next != c.local || len(made.step.sends) > 0 || made.step.wrong != nil {
			moves = append(moves, made)
		}
	}
	if next, any := s.nextCommand(s.locals[c.local]); any {
		moves = append(moves, s.move(c, event{issue, next}))
	}
	s.moves[number] = moves
	return moves
}

func (s *search) move(c cell, e event) move {
	result := s.after(c.local, e)
	return move{e, s.cells.number(cell{result.next, c.soup}), result}
}

// nextCommand is the command that a replica's clients issue next.
func (s *search) nextCommand(l *local) (number uint32, any bool) {
	for i, command := range s.cluster.Commands {
		if command.At == l.id && l.issued&(1<<i) == 0 {
			return uint32(i), true
		}
	}
	return 0, false
}

// withoutTimers reaches the states that come next, unless a timer fires.
func (s *search) withoutTimers(at uint32, timers int) {
	was := s.states.get(at)
	quiet := true
	for r := range s.replicas {
		for _, m := range s.movesOf(was.cells[r]) {
			next := s.moved(&was, r, &m)
			if m.event.kind == arrive && next != was {
				quiet = false
			}
			if m.event.kind == issue {
				if earlier := s.answeredOnly(&was); earlier != 0 {
					h := s.histories.all[was.history]
					h.before[m.event.number] = earlier
					next.history = s.histories.number(h)
				}
			}
			s.reach(next, at, r, &m)
		}
		if h := s.histories.all[was.history]; int(h.crashes) < s.cluster.Crashes {
			m := s.move(s.cells.all[was.cells[r]], event{crash, uint32(r)})
			next := s.moved(&was, r, &m)
			h.crashes++
			next.history = s.histories.number(h)
			s.reach(next, at, r, &m)
		}
	}
	if quiet {
		s.quiet++
		s.finish(at, false, timers == 0 && s.cluster.Prompt && s.histories.all[was.history].crashes == 0)
	}
	s.finish(at, true, false)
}

// withTimers reaches the states that come next if a timer fires.
func (s *search) withTimers(at uint32) {
	was := s.states.get(at)
	for r := range s.replicas {
		c := s.cells.all[was.cells[r]]
		for i := range s.locals[c.local].timers {
			m := s.move(c, event{fire, uint32(i)})
			s.reach(s.moved(&was, r, &m), at, r, &m)
		}
	}
}

// moved is a state after a move of replica r.
func (s *search) moved(was *state, r int, m *move) state {
	next := *was
	next.cells[r] = m.cell
	for _, number := range m.step.sends {
		to := s.letters.all[number].to
		next.cells[to] = s.send(next.cells[to], number)
	}
	return next
}

// answeredOnly returns the commands that are answered, and applied nowhere.
func (s *search) answeredOnly(x *state) uint8 {
	var answered, applied uint8
	for r := range s.replicas {
		l := s.local(x, r)
		answered |= l.answered
		applied |= l.had
	}
	return answered &^ applied
}

// reach enters a state, if it is new, and checks it.
func (s *search) reach(x state, from uint32, replica int, m *move) {
	if s.violation != nil {
		return
	}
	wrong := s.realTime(&x)
	if wrong == "" {
		x.history = s.pastOf(&x)
	}
	at, fresh := s.states.enter(&x, origin{from, packed(replica, m.event)})
	switch {
	case m.step.wrong != nil:
		s.violated(m.step.wrong.rule, m.step.wrong.detail, from)
		s.violation.Trace = append(s.violation.Trace, s.line(from, replica, m.event))
	case !fresh:
	case wrong != "":
		s.violated(RealTime, wrong, at)
	default:
		s.compare(&x, replica, at)
	}
}

// pastOf is a state's history without what is settled.
func (s *search) pastOf(x *state) uint32 {
	h := s.histories.all[x.history]
	if h.before == (before{}) {
		return x.history
	}
	var applied uint8
	for r := range s.replicas {
		applied |= s.local(x, r).had
	}
	for b := range h.before {
		h.before[b] &^= applied
	}
	return s.histories.number(h)
}
