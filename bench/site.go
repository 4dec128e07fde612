package bench

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// world is what a site lives in: real time and QUIC, or virtual time and an event queue.
type world interface {
	// now is the time since the run began.
	now() time.Duration
	// at hands an event back to a site when it is due.
	at(due time.Duration, site int, e event)
	// send carries messages from one site to another. It copies them.
	send(from, to int, messages [][]byte)
}

// event is something that happens at a site.
type event struct {
	kind    eventKind
	from    int           // message: the site that sent it
	data    []byte        // message
	timer   uint64        // timer: which, and which setting of it
	setting uint64        //
	due     time.Duration // arrival: the intended time
}

type eventKind uint8

const (
	startEvent eventKind = iota
	messageEvent
	timerEvent
	arrivalEvent
	stopEvent // ends the site's goroutine in the live world
)

// site is one region of a cluster: a replica, the clients beside it, and the record of what they
// saw. Everything at a site happens in one goroutine, or in the simulator's loop, so that the
// code is the same in both worlds.
type site struct {
	id       int
	node     protocols.Node
	world    world
	load     *Load
	clients  *clients
	out      protocols.Outbox
	settings map[protocols.TimerID]uint64
	setting  uint64
	batches  [][][]byte // by receiver, reused
	stats    siteStats
}

// siteStats count what a replica did, over the whole run.
type siteStats struct {
	Messages  uint64
	Bytes     uint64
	Persisted uint64 // bytes
}

func newSite(id int, config protocols.Config, driver *protocols.Driver, w world, c *clients) *site {
	return &site{
		id: id, node: driver.New(config), world: w, load: c.load, clients: c,
		settings: map[protocols.TimerID]uint64{}, batches: make([][][]byte, config.Replicas),
	}
}

// handle is one batch: a step for each event, then what the steps want, persisted before sent.
func (s *site) handle(events []event) {
	for i := range events {
		s.input(&events[i])
	}
	s.release()
}

func (s *site) input(e *event) {
	in := protocols.Input{Now: s.world.now()}
	switch e.kind {
	case startEvent:
		in.Kind = protocols.InputStart
		for _, due := range s.clients.begin() {
			s.world.at(due, s.id, event{kind: arrivalEvent, due: due})
		}
	case messageEvent:
		in.Kind, in.From, in.Data = protocols.InputMessage, protocols.NodeID(e.from), e.data
	case timerEvent:
		id := protocols.TimerID(e.timer)
		if s.settings[id] != e.setting {
			return // set again or stopped since
		}
		delete(s.settings, id)
		in.Kind, in.Timer = protocols.InputTimer, id
	case arrivalEvent:
		in.Kind = protocols.InputCommand
		in.Command, in.Data = s.clients.issue(e.due, in.Now)
		if next, more := s.clients.nextArrival(); more {
			s.world.at(next, s.id, event{kind: arrivalEvent, due: next})
		}
		if in.Data == nil {
			return // the load is over
		}
	default:
		return
	}
	s.node.Step(&in, &s.out)
}

// release persists, then sends, sets timers and answers. In memory, persisting is counting.
func (s *site) release() {
	out := &s.out
	for _, record := range out.Records {
		s.stats.Persisted += uint64(len(record))
	}
	for _, m := range out.Sends {
		s.batches[m.To] = append(s.batches[m.To], m.Data)
		s.stats.Messages++
		s.stats.Bytes += uint64(len(m.Data))
	}
	for to, messages := range s.batches {
		if len(messages) > 0 {
			s.world.send(s.id, to, messages)
			s.batches[to] = messages[:0]
		}
	}
	now := s.world.now()
	for _, t := range out.Timers {
		if t.Stop {
			delete(s.settings, t.ID)
			continue
		}
		s.setting++
		s.settings[t.ID] = s.setting
		s.world.at(now+t.After, s.id, event{kind: timerEvent, timer: uint64(t.ID), setting: s.setting})
	}
	for _, a := range out.Answers {
		if again, due := s.clients.answered(a.ID, now); again {
			s.world.at(due, s.id, event{kind: arrivalEvent, due: due})
		}
	}
	for _, m := range out.Marks {
		s.clients.mark(m)
	}
	out.Reset()
}

// encodeCommand appends an encoded command to buffer.
func encodeCommand(buffer []byte, c *kv.Command) []byte {
	data, err := proto.MarshalOptions{}.MarshalAppend(buffer, c)
	if err != nil {
		panic(fmt.Sprintf("bench: encoding a command: %v", err)) // an invalid message type: a programming error
	}
	return data
}
