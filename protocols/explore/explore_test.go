package explore_test

import (
	"strings"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/explore"
	"quorumbench/protocols/kv"
)

// toy is a protocol for two replicas: R0 gives each command of its clients the next place, and answers
// when R1 tells that it knows it. What it does wrong is up to the test.
type toy struct {
	id    protocols.NodeID
	wrong string

	places  uint64 // given
	waiting map[uint64]protocols.CommandID
	held    map[uint64]*kv.Command // by place
	applied uint64
	former  *kv.Command
	deaf    bool
}

func toyDriver(wrong string) protocols.Driver {
	return protocols.Driver{
		Name: "toy",
		New: func(c protocols.Config) protocols.Node {
			return &toy{id: c.ID, wrong: wrong, waiting: map[uint64]protocols.CommandID{}, held: map[uint64]*kv.Command{}}
		},
		Describe: func(data []byte) string { return kv.Describe(data) },
	}
}

// Step implements protocols.Node. A command's Version is its place; GET stands for an answer.
func (n *toy) Step(in *protocols.Input, out *protocols.Outbox) {
	var m kv.Command
	if len(in.Data) > 0 && protocols.Decode(in.Data, &m) != nil {
		panic("not a command")
	}
	switch {
	case in.Kind == protocols.InputCommand && (n.deaf || n.waitsFor(in.Command)):
	case in.Kind == protocols.InputRestore:
		n.deaf = n.wrong == "is deaf when it comes back"
		n.places = max(n.places, m.Version)
		n.hold(&m, out)
	case in.Kind == protocols.InputCommand && n.wrong == "puts the latter first":
		out.Answer(in.Command, nil)
		if n.former == nil {
			n.former = &m
			return
		}
		n.place(&m, out)
		n.place(n.former, out)
	case in.Kind == protocols.InputCommand:
		if n.wrong == "begins anew after an hour" && in.Now >= anHour {
			n.places = 0
			n.held = map[uint64]*kv.Command{}
			n.applied = 0
		}
		n.place(&m, out)
		n.waiting[m.Version] = in.Command
	case in.Kind == protocols.InputTimer:
		n.send(uint64(in.Timer), out)
	case in.Kind == protocols.InputMessage && m.Op == kv.Op_GET:
		if id, waits := n.waiting[m.Version]; waits {
			out.Answer(id, nil)
			if n.wrong != "answers every time" {
				delete(n.waiting, m.Version)
			}
			out.StopTimer(protocols.TimerID(m.Version))
		}
	case in.Kind == protocols.InputMessage:
		n.hold(&m, out)
		n.persist(&m, out)
		out.Send(0, &kv.Command{Op: kv.Op_GET, Version: m.Version})
	}
}

func (n *toy) waitsFor(id protocols.CommandID) bool {
	for _, waits := range n.waiting {
		if waits == id {
			return true
		}
	}
	return false
}

func (n *toy) place(m *kv.Command, out *protocols.Outbox) {
	n.places++
	m.Version = n.places
	n.hold(m, out)
	n.persist(m, out)
	n.send(m.Version, out)
}

func (n *toy) send(place uint64, out *protocols.Outbox) {
	if n.wrong == "tells before it is durable" {
		out.SendNow(1, n.held[place])
	} else {
		out.Send(1, n.held[place])
	}
	if n.wrong != "sends once" {
		out.SetTimer(protocols.TimerID(place), time.Second)
	}
}

func (n *toy) persist(m *kv.Command, out *protocols.Outbox) {
	if n.wrong != "forgets" {
		out.Persist(m)
	}
}

// hold applies what is next.
func (n *toy) hold(m *kv.Command, out *protocols.Outbox) {
	if n.held[m.Version] != nil {
		return
	}
	n.held[m.Version] = m
	if n.wrong == "applies as it comes" {
		n.apply(m, out)
		return
	}
	for n.held[n.applied+1] != nil {
		n.apply(n.held[n.applied+1], out)
	}
}

func (n *toy) apply(m *kv.Command, out *protocols.Outbox) {
	n.applied++
	out.Commit(protocols.Slot{Index: n.applied}, protocols.CommandID{Client: m.Client, Seq: m.Seq}, m.Value)
}

func exploreToy(wrong string, timers, crashes int) *explore.Outcome {
	c := explore.Cluster{
		Driver: toyDriver(wrong), Replicas: 2,
		Commands: []explore.Command{{At: 0}, {At: 0}},
		Timers:   timers, Crashes: crashes, States: 100_000,
	}
	return c.Run()
}

// The states of a cluster that does nothing wrong can be counted by hand. R0 has given out no, one or
// two places; R1 has been told of some of them, in any order; and R0 knows of some of those: for no
// place there is one state; for each place given out, a message that is under way, has arrived, or is
// answered: 1 + 3 + 3·3.
func TestEveryStateIsMet(t *testing.T) {
	o := exploreToy("", 0, 0)
	if o.Violation != nil || !o.Complete || o.States != 1+3+9 {
		t.Errorf("found %+v, and not 13 states without a violation", o)
	}
}

// A message that is sent again is the same message, and the timer is set as before.
func TestTimersThatChangeNothingMakeNoStates(t *testing.T) {
	if o := exploreToy("", 3, 0); o.Violation != nil || !o.Complete || o.States != 1+3+9 {
		t.Errorf("found %+v, and not 13 states without a violation", o)
	}
}

func TestCrashesThatForgetNothingDoNoHarm(t *testing.T) {
	if o := exploreToy("", 1, 2); o.Violation != nil || !o.Complete {
		t.Errorf("found %+v", o)
	}
}

func TestWhatIsWrongIsFound(t *testing.T) {
	for _, wrong := range []struct {
		name    string
		crashes int
		rule    string
		events  int    // the fewest that lead there
		last    string // of them
	}{
		{"applies as it comes", 0, explore.ApplyOrder, 3, "R1  from R0: x/2=b  →  to R0: 0B/2?; applies x=b"},
		{"answers every time", 0, explore.AnswerOnce, 4, "R0  from R1: "},
		{"sends once", 0, explore.Stuck, 1, "R0  client: x=a"},
		{"forgets", 1, explore.ApplyOrder, 3, "R0  client: x=b"},
		{"puts the latter first", 0, explore.RealTime, 2, "applies x=b; applies x=a"},
	} {
		t.Run(wrong.name, func(t *testing.T) {
			o := exploreToy(wrong.name, 0, wrong.crashes)
			switch v := o.Violation; {
			case v == nil:
				t.Fatalf("found %+v, and not what is wrong", o)
			case v.Rule != wrong.rule || len(v.Trace) != wrong.events || !strings.Contains(v.Trace[wrong.events-1], wrong.last):
				t.Errorf("found %v\nwant %s by %d events, the last %s", v, wrong.rule, wrong.events, wrong.last)
			}
		})
	}
}

func TestTooManyStatesAreNotComplete(t *testing.T) {
	c := explore.Cluster{Driver: toyDriver(""), Replicas: 2, Commands: []explore.Command{{At: 0}}, States: 2}
	if o := c.Run(); o.Complete {
		t.Errorf("found %+v, with room for two states", o)
	}
}
