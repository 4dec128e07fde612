package explore

import (
	"encoding/binary"
	"slices"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// search is an exploration under way. What recurs is kept once and goes by its number: replicas'
// states, messages, and cells.
type search struct {
	cluster  *Cluster
	replicas int
	configs  []protocols.Config // of the replicas
	commands [][]byte
	reads    uint8 // of the commands, as bits
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

// cell is a replica's state, and the messages to it that may arrive at any time: all that were ever sent, or
// of an orderly network those that were kept back.
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
		cluster: c, replicas: c.Replicas, encoder: newEncoder(c),
		localNumbers: map[[16]byte]uint32{}, steps: map[stepKey]step{},
		soupNumbers: map[string]uint32{}, added: map[addition]uint32{}, moves: map[uint32][]move{},
		pairs: map[[2]uint32]struct{}{}, finished: map[ending]bool{},
	}
	if s.replicas > mostReplicas || max(len(c.Commands), len(c.Requests)) > mostCommands {
		panic("explore: there is no room for so many replicas, commands or requests")
	}
	members := protocols.Members(c.Replicas)
	for id := range s.replicas {
		s.configs = append(s.configs, c.configOf(id, members))
	}
	for i, command := range c.Commands {
		s.commands = append(s.commands, command.encode(i))
		if command.Op == kv.Op_GET {
			s.reads |= 1 << i
		}
	}
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
		from := c
		if s.cluster.Network.Orderly {
			from.soup = s.without(c.soup, m)
		}
		if made := s.move(from, event{arrive, m}); made.step.next != c.local || len(made.step.sends) > 0 || made.step.wrong != nil {
			moves = append(moves, made)
		}
	}
	for _, next := range s.nextCommands(s.locals[c.local]) {
		moves = append(moves, s.move(c, event{issue, next}))
	}
	for i, request := range s.cluster.Requests {
		if l := s.locals[c.local]; request.At == l.id && l.asked&(1<<i) == 0 {
			moves = append(moves, s.move(c, event{ask, uint32(i)}))
		}
	}
	s.moves[number] = moves
	return moves
}

func (s *search) move(c cell, e event) move {
	result := s.after(c.local, e)
	return move{e, s.cells.number(cell{result.next, c.soup}), result}
}

// nextCommands are the commands that may be handed to a replica next: the first of its own clients' that
// has not been, and those that are handed over again.
func (s *search) nextCommands(l *local) (numbers []uint32) {
	own := false
	for i, command := range s.cluster.Commands {
		bit := uint8(1) << i
		first := command.At == l.id && l.given&bit == 0
		again := slices.Contains(command.Again, l.id) && l.again&bit == 0 && (command.At != l.id || l.given&bit != 0)
		if first && !own || again {
			numbers = append(numbers, uint32(i))
		}
		own = own || first
	}
	return numbers
}

// withoutTimers reaches the states that come next, unless a timer fires.
func (s *search) withoutTimers(at uint32, timers int) {
	was := s.states.get(at)
	quiet := true
	busy := s.cluster.Network.Calm && len(s.soups[was.queue]) > 0
	for r := range s.replicas {
		if s.down(r) {
			continue
		}
		for _, m := range s.movesOf(was.cells[r]) {
			if busy {
				break
			}
			next := s.moved(&was, r, &m)
			switch {
			case m.event.kind == arrive && next != was:
				quiet = false
			case m.event.kind == issue:
				next.history = s.issuedAfter(&was, m.event.number)
			}
			s.reach(next, at, r, &m)
		}
		h := s.histories.all[was.history]
		if int(h.crashes) < s.cluster.Crashes {
			h.crashes++
			s.strike(at, r, crash, h)
			h.crashes--
		}
		if int(h.pauses) < s.cluster.Pauses {
			h.pauses++
			s.strike(at, r, pause, h)
		}
	}
	if s.cluster.Network.Orderly {
		s.inOrder(at)
	}
	if s.cluster.Clocks || s.violation != nil {
		return
	}
	h := s.histories.all[was.history]
	switch {
	case s.cluster.Network.Orderly:
		s.finish(at, false, timers == 0 && s.cluster.Prompt && was.queue == 0)
	case quiet:
		s.quiet++
		s.finish(at, false, timers == 0 && s.cluster.Prompt && h.crashes == 0)
	}
	s.finish(at, true, false)
}

// strike reaches the state after a crash or a pause of a replica.
func (s *search) strike(at uint32, r int, kind eventKind, h history) {
	was := s.states.get(at)
	m := s.move(s.cells.all[was.cells[r]], event{kind, uint32(r)})
	next := s.moved(&was, r, &m)
	next.history = s.histories.number(h)
	s.reach(next, at, r, &m)
}

// withTimers reaches the states that come next if a timer fires.
func (s *search) withTimers(at uint32) {
	was := s.states.get(at)
	if s.cluster.Network.Calm && len(s.soups[was.queue]) > 0 {
		return
	}
	for r := range s.replicas {
		if s.down(r) {
			continue
		}
		c := s.cells.all[was.cells[r]]
		for i := range s.locals[c.local].timers {
			m := s.move(c, event{fire, uint32(i)})
			s.reach(s.moved(&was, r, &m), at, r, &m)
		}
	}
}

// down tells whether a replica is down for good.
func (s *search) down(r int) bool { return slices.Contains(s.cluster.Down, protocols.NodeID(r)) }

// moved is a state after a move of replica r.
func (s *search) moved(was *state, r int, m *move) state {
	next := *was
	next.cells[r] = m.cell
	return s.post(next, m.step.sends)
}

// post is a state after messages have been sent.
func (s *search) post(x state, sends []uint32) state {
	if !s.cluster.Network.Orderly {
		for _, number := range sends {
			if to := s.letters.all[number].to; !s.down(int(to)) {
				x.cells[to] = s.send(x.cells[to], number)
			}
		}
		return x
	}
	isolated := s.histories.all[x.history].cut
	queue := s.soups[x.queue]
	for _, number := range sends {
		if l := s.letters.all[number]; !s.down(int(l.to)) && (isolated&(1<<l.from|1<<l.to) == 0 || l.from == l.to) {
			queue = append(slices.Clip(queue), number)
		}
	}
	x.queue = s.soupOf(queue)
	return x
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
