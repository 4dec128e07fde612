package run

import (
	"io"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/load"
	"quorumbench/bench/result"
	"quorumbench/bench/verify"
	"quorumbench/netem"
	"quorumbench/protocols"
	"quorumbench/protocols/host"
	"quorumbench/protocols/kv"
)

// world is what a site lives in: real time and QUIC, or virtual time and an event queue.
type world interface {
	// now is the time since the run began.
	now() time.Duration
	// at hands an event back to a site when it is due.
	at(due time.Duration, site int, e event)
	// do calls a function when it is due; one such function at a time.
	do(due time.Duration, f func())
	// send carries messages from one site to another. It copies them.
	send(from, to int, messages [][]byte)
	// change gives a link another configuration.
	change(from, to int, config netem.LinkConfig)
}

// event is something that happens at a site.
type event struct {
	kind    eventKind
	from    int                 // message, foreign command: the site that sent it
	data    []byte              // message, command, result
	command protocols.CommandID // foreign command, foreign answer
	timer   uint64              // timer
	setting uint64              // timer, release: which setting, which life; outdated ones are void
	due     time.Duration       // arrival: the intended time; slow: by how much; others: when it came, if it had to wait
	rate    float64             // skew
}

type eventKind uint8

const (
	startEvent   eventKind = iota
	messageEvent           // from another replica
	timerEvent             // of the replica
	arrivalEvent           // a client wants a command done
	timeoutEvent           // a client has waited long enough, for an answer or to give up
	commandEvent           // a client of another site asks here
	answerEvent            // another site answers a client of this one
	releaseEvent           // what the last batch wants is durable now
	crashEvent
	restartEvent
	slowEvent
	skewEvent
	stopEvent // ends the site's goroutine in the live world
)

// ofClients tells whether the event is one of the clients beside the replica, which live on when it
// crashes.
func (k eventKind) ofClients() bool {
	return k == arrivalEvent || k == timeoutEvent || k == answerEvent
}

// site is one region of a cluster: a replica, the clients beside it, its disk, and the record of
// what happened. Everything at a site happens in one goroutine, or in the simulator's loop, so
// that the code is the same in both worlds.
type site struct {
	id      int
	driver  *protocols.Driver
	config  protocols.Config
	world   world
	costs   experiment.Simulation
	clients *load.Clients
	disk    disk
	*verify.Replica

	host    *host.Host
	foreign map[protocols.CommandID]int // commands of other sites' clients, and whose
	batches [][][]byte                  // by receiver, reused
	answers []protocols.Answer          // of the batch that is being released

	busy    bool // until what the last batch wants is durable
	backlog []event
	slow    time.Duration // for each batch

	trace io.Writer // one line for each thing that happens; nil: none
}

func newSite(id int, config protocols.Config, driver *protocols.Driver, w world, costs experiment.Simulation, c *load.Clients, d disk, record *verify.Replica) *site {
	s := &site{
		id: id, driver: driver, config: config, world: w, costs: costs, clients: c, disk: d, Replica: record,
		foreign: map[protocols.CommandID]int{}, batches: make([][][]byte, config.Size()),
	}
	s.host = host.New(host.Config{World: s, Disk: hostDisk{d}, Client: true, New: func(incarnation uint64) protocols.Node {
		config := s.config
		config.Seed += incarnation << 32
		return s.driver.New(config)
	}})
	return s
}

// hostDisk is a disk as hosts have it: what a batch of steps wants to persist is durable at once, when it is
// released.
type hostDisk struct{ disk }

func (d hostDisk) Write(records []protocols.Record) bool { d.write(records); return true }
func (d hostDisk) Crash()                                {}
func (d hostDisk) Records() [][]byte                     { return d.records() }

// handle is one batch: a step for each event, then what the steps want, persisted before sent.
// Where persisting takes time, what happens meanwhile is the next batch.
func (s *site) handle(events []event) {
	var cost time.Duration
	for i := range events {
		e := &events[i]
		if s.busy && e.kind < crashEvent {
			if e.kind == releaseEvent && e.setting == s.host.Incarnation() {
				s.release()
				s.busy = false
				waiting := s.backlog
				s.backlog = nil
				s.handle(waiting)
			} else {
				if e.due == 0 && e.kind != arrivalEvent {
					e.due = s.world.now()
				}
				s.backlog = append(s.backlog, *e)
			}
			continue
		}
		if e.kind == messageEvent {
			cost += s.costs.MessageCost
		}
		s.input(e)
	}
	if s.busy || s.Node == nil {
		return
	}
	out := s.host.Pending()
	cost += s.slow + time.Duration(len(out.Sends))*s.costs.MessageCost
	if len(out.Records) > 0 {
		cost += s.costs.PersistCost
	}
	if cost == 0 {
		s.release()
		return
	}
	s.busy = true
	s.world.at(s.world.now()+cost, s.id, event{kind: releaseEvent, setting: s.host.Incarnation()})
}

func (s *site) input(e *event) {
	now := s.world.now()
	in, came := protocols.Input{}, now
	if e.due != 0 {
		came = e.due
	}
	switch e.kind {
	case startEvent:
		s.start()
		for _, due := range s.clients.Begin() {
			s.world.at(due, s.id, event{kind: arrivalEvent, due: due})
		}
		return
	case messageEvent:
		in.Kind, in.From, in.Data = protocols.InputMessage, protocols.NodeID(e.from), e.data
	case timerEvent:
		id := protocols.TimerID(e.timer)
		if s.host.Due(id, e.setting) {
			in.Kind, in.Timer = protocols.InputTimer, id
			s.traceInput(&in)
			s.host.Fire(id, e.setting, came)
		}
		return
	case arrivalEvent:
		if next, more := s.clients.NextArrival(); more {
			s.world.at(next, s.id, event{kind: arrivalEvent, due: next})
		}
		in.Kind = protocols.InputCommand
		in.Command, in.Data = s.clients.Issue(e.due, now)
		if in.Data == nil {
			return // the load is over
		}
		if wait, some := s.clients.Timeout(in.Command); some {
			s.world.at(now+wait, s.id, event{kind: timeoutEvent, command: in.Command})
		}
	case timeoutEvent:
		s.timedOut(e.command)
		return
	case commandEvent:
		s.foreign[e.command] = e.from
		in.Kind, in.Command, in.Data = protocols.InputCommand, e.command, e.data
	case answerEvent:
		s.answered(e.command, e.data, now)
		return
	case crashEvent:
		s.crash()
		return
	case restartEvent:
		if s.Node == nil {
			s.start()
		}
		return
	case slowEvent:
		s.slow = e.due
		return
	case skewEvent:
		s.host.Clock().Set(now, e.rate)
		return
	default:
		return
	}
	if s.Node == nil {
		return
	}
	s.traceInput(&in)
	s.host.Input(&in, came)
}

// start begins an incarnation of the replica, from what is on its disk.
func (s *site) start() {
	s.tell("start of life %d", s.host.Incarnation()+1)
	begun := s.world.now()
	s.Incarnations = append(s.Incarnations, verify.Incarnation{Began: begun, Ended: result.Never, Served: result.Never})
	s.Journal.Begin(begun)
	s.host.Restore()
	s.host.Start()
	s.Node = s.host.Node()
}

// crash ends the replica's incarnation. What was not durable yet is lost, or part of it.
func (s *site) crash() {
	if s.Node == nil {
		return
	}
	s.tell("crash")
	if s.busy {
		s.disk.tear(s.host.Pending().Records)
	}
	s.host.Crash()
	s.Node = nil
	s.Incarnations[len(s.Incarnations)-1].Ended = s.world.now()
	clear(s.foreign)
	s.clients.Leading.Store(false)
	waiting := s.backlog
	s.busy, s.backlog = false, nil
	for i := range waiting {
		if waiting[i].kind.ofClients() {
			s.input(&waiting[i])
		}
	}
}

// release lets out what the batch wants. Answers come last: a client may have something more to do.
func (s *site) release() {
	s.traceOutbox()
	s.host.Release()
	now := s.world.now()
	for _, a := range s.answers {
		if s.clients.Owns(a.ID) {
			if one := &s.Incarnations[len(s.Incarnations)-1]; one.Served == result.Never {
				one.Served = now
			}
			s.answered(a.ID, a.Result, now)
		} else if home, known := s.foreign[a.ID]; known {
			delete(s.foreign, a.ID)
			s.world.at(now+s.config.Delays[s.id][home], home, event{kind: answerEvent, command: a.ID, data: a.Result})
		}
	}
	clear(s.answers)
	s.answers = s.answers[:0]
}

// Now implements host.World.
func (s *site) Now() time.Duration { return s.world.now() }

// Send implements host.World.
func (s *site) Send(messages []protocols.Send) {
	for _, m := range messages {
		s.batches[m.To] = append(s.batches[m.To], m.Data)
	}
	s.Messages += uint64(len(messages))
	for to, batch := range s.batches {
		if len(batch) > 0 {
			s.world.send(s.id, to, batch)
			s.batches[to] = batch[:0]
		}
	}
}

// Wake implements host.World.
func (s *site) Wake(at time.Duration, id protocols.TimerID, setting uint64) {
	s.world.at(at, s.id, event{kind: timerEvent, timer: uint64(id), setting: setting})
}

// Commit implements host.World.
func (s *site) Commit(c protocols.Commit) {
	now := s.world.now()
	s.Journal.Add(c, now)
	switch {
	case c.Adopted:
		s.clients.Adopted()
	case s.clients.Owns(c.ID):
		s.clients.Applied(c.ID, now)
	}
}

// Answer implements host.World.
func (s *site) Answer(_ protocols.NodeID, a protocols.Answer) {
	a.Result = append([]byte{}, a.Result...)
	s.answers = append(s.answers, a)
}

// Mark implements host.World.
func (s *site) Mark(m protocols.Mark, came time.Duration) {
	now := s.world.now()
	if s.Events == nil {
		s.clients.Mark(m.Event)
		return
	}
	if m.ID != (protocols.CommandID{}) && s.Events.Add(m.Event, m.ID, came, now) {
		return
	}
	s.clients.Mark(m.Event)
	if s.clients.Measured(now) {
		s.Measures.Add(m.Event, m.Value)
	}
}

// measureVersionRefused counts the writes that named a version and could not become it.
const measureVersionRefused = "writes refused by version"

// answered hands an answer to its client, which may have something more to do.
func (s *site) answered(id protocols.CommandID, result []byte, now time.Duration) {
	c := s.clients.Owned(id)
	before := c.Outcome
	again, due := s.clients.Answered(id, result, now)
	if c.Outcome != before && c.Outcome == kv.Outcome_REFUSED && s.clients.Measured(c.Intended) {
		s.Measures.Add(measureVersionRefused, 0)
	}
	if again {
		s.world.at(due, s.id, event{kind: arrivalEvent, due: due})
	}
}

// timedOut is a client whose command is late: it asks another replica, or gives up.
func (s *site) timedOut(id protocols.CommandID) {
	now := s.world.now()
	data, again := s.clients.Retry(id, now)
	if data != nil {
		to := (s.id + 1 + s.clients.Retries(id)) % s.config.Size()
		e := event{kind: commandEvent, from: s.id, command: id, data: data}
		s.world.at(now+s.config.Delays[s.id][to], to, e)
		if wait, some := s.clients.Timeout(id); some {
			s.world.at(now+wait, s.id, event{kind: timeoutEvent, command: id})
		}
	}
	if again {
		s.world.at(now, s.id, event{kind: arrivalEvent, due: now})
	}
}
