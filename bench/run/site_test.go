package run

import (
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/load"
	"quorumbench/bench/verify"
	"quorumbench/netem"
	"quorumbench/protocols"
)

// stoppingNode sets two timers when it starts, and with a message changes them both.
type stoppingNode struct{ fired []protocols.TimerID }

func (n *stoppingNode) Step(in *protocols.Input, out *protocols.Outbox) {
	switch in.Kind {
	case protocols.InputStart:
		out.SetTimer(1, time.Second)
		out.SetTimer(2, time.Second)
		out.SetTimer(3, time.Second)
	case protocols.InputMessage:
		out.StopTimer(1)
		out.SetTimer(2, time.Second)
	case protocols.InputTimer:
		n.fired = append(n.fired, in.Timer)
	}
}

// heldWorld keeps the events that are to come.
type heldWorld struct{ events []event }

func (w *heldWorld) now() time.Duration                 { return 0 }
func (w *heldWorld) at(_ time.Duration, _ int, e event) { w.events = append(w.events, e) }
func (w *heldWorld) do(time.Duration, func())           {}
func (w *heldWorld) send(int, int, [][]byte)            {}
func (w *heldWorld) change(int, int, netem.LinkConfig)  {}
func (w *heldWorld) take() (events []event)             { events, w.events = w.events, nil; return events }
func timersOf(n *stoppingNode) (fired []protocols.TimerID) {
	fired, n.fired = n.fired, nil
	return fired
}

// A timer that is stopped or set again does not fire, nor does it when it is due in the batch in which
// that happens.
func TestATimerThatIsChangedInTheSameBatchDoesNotFire(t *testing.T) {
	node, w := &stoppingNode{}, &heldWorld{}
	driver := &protocols.Driver{New: func(protocols.Config) protocols.Node { return node }}
	asked := &experiment.Load{Arrivals: experiment.Poisson, Rate: 1, Keys: experiment.Keys{Count: 1}, Duration: time.Second}
	s := newSite(0, protocols.Config{Members: protocols.Members(1)}, driver, w, experiment.Simulation{}, load.NewClients(asked, 1, 0, 0), noDisk{}, &verify.Replica{})
	s.handle([]event{{kind: restartEvent}})
	due := w.take()
	if len(due) != 3 {
		t.Fatalf("%d timers are set, want 3", len(due))
	}
	s.handle(append([]event{{kind: messageEvent}}, due...))
	if fired := timersOf(node); len(fired) != 1 || fired[0] != 3 {
		t.Errorf("timers %v fire, want 3 alone", fired)
	}
	s.handle(w.take())
	if fired := timersOf(node); len(fired) != 1 || fired[0] != 2 {
		t.Errorf("then timers %v fire, want 2, which was set again", fired)
	}
}
