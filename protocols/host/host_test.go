package host_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"quorumbench/protocols"
	"quorumbench/protocols/host"
	"quorumbench/protocols/kv"
)

// world notes what a host does, in order, and holds the clock.
type world struct {
	now   time.Duration
	did   []string
	wakes []host.Timer
}

func (w *world) Now() time.Duration { return w.now }

func (w *world) Send(messages []protocols.Send) {
	for _, m := range messages {
		w.did = append(w.did, fmt.Sprintf("send to %d", m.To))
	}
}

func (w *world) Wake(at time.Duration, id protocols.TimerID, setting uint64) {
	w.did = append(w.did, fmt.Sprintf("timer %d", id))
	w.wakes = append(w.wakes, host.Timer{ID: id, Setting: setting, At: at})
}

func (w *world) Commit(c protocols.Commit) { w.did = append(w.did, fmt.Sprintf("commit %v", c.Slot)) }

func (w *world) Mark(m protocols.Mark, arrived time.Duration) {
	w.did = append(w.did, fmt.Sprintf("mark %s of %v", m.Event, arrived))
}

func (w *world) Answer(to protocols.NodeID, a protocols.Answer) {
	w.did = append(w.did, fmt.Sprintf("answer %d", a.ID.Seq))
	if to != clientNode {
		w.did = append(w.did, fmt.Sprintf("to %d", to))
	}
}

// disk is a MemoryDisk that notes its writes among what the world does.
type disk struct {
	host.MemoryDisk
	w *world
}

func (d *disk) Write(records []protocols.Record) bool {
	d.w.did = append(d.w.did, fmt.Sprintf("persist %d", len(records)))
	return d.MemoryDisk.Write(records)
}

func (d *disk) Crash() {
	d.w.did = append(d.w.did, "crash of the disk")
	d.MemoryDisk.Crash()
}

// script is a node that does what a test says.
type script func(in *protocols.Input, out *protocols.Outbox)

func (s script) Step(in *protocols.Input, out *protocols.Outbox) { s(in, out) }

// encoded is a command of client 1.
func encoded(seq uint64) []byte {
	data, err := protocols.Append(nil, &kv.Command{Client: 1, Seq: seq, Key: []byte("k")})
	if err != nil {
		panic(err)
	}
	return data
}

// clientNode is the node that hands commands over.
const clientNode = protocols.NodeID(9)

func start(w *world, node script) (*host.Host, *disk) {
	d := &disk{w: w}
	h := host.New(host.Config{World: w, Disk: d, New: func(uint64) protocols.Node { return node }})
	h.Restore()
	h.Start()
	h.Release()
	return h, d
}

func TestABatchIsPersistedBeforeItIsReleased(t *testing.T) {
	w := &world{}
	h, _ := start(w, func(in *protocols.Input, out *protocols.Outbox) {
		if in.Kind != protocols.InputCommand {
			return
		}
		out.Send(1, wrapperspb.Bool(true))
		out.SetTimer(7, time.Second)
		out.Persist(wrapperspb.Bool(true))
		out.Mark(in.Command, "seen")
		out.Commit(protocols.Slot{Index: in.Command.Seq}, in.Command, nil)
		out.Answer(in.Command, nil)
	})
	for seq := uint64(1); seq <= 2; seq++ {
		h.Request(clientNode, encoded(seq), time.Duration(seq))
	}
	if len(w.did) > 0 {
		t.Errorf("before the batch is over: %v", w.did)
	}
	h.Release()
	want := []string{"persist 2", "commit 1", "commit 2", "mark seen of 1ns", "mark seen of 2ns", "answer 1", "answer 2",
		"send to 1", "send to 1", "timer 7", "timer 7"}
	if !slices.Equal(w.did, want) {
		t.Errorf("did %v, want %v", w.did, want)
	}
	w.did = nil
	h.Request(clientNode, encoded(3), 3)
	h.Release()
	if !slices.Contains(w.did, "mark seen of 3ns") {
		t.Errorf("in the next batch it did %v, and not mark what came at 3ns", w.did)
	}
}

func TestATimerFiresOnlyAsItWasSetLast(t *testing.T) {
	w := &world{}
	fired := 0
	h, _ := start(w, func(in *protocols.Input, out *protocols.Outbox) {
		switch in.Kind {
		case protocols.InputCommand:
			switch in.Command.Seq {
			case 1:
				out.SetTimer(3, time.Second)
			case 2:
				out.StopTimer(3)
			}
		case protocols.InputTimer:
			fired++
		}
	})
	do := func(seq uint64) {
		h.Input(&protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Seq: seq}}, 0)
	}
	do(1)
	h.Release()
	do(1)
	h.Release()
	h.Fire(3, w.wakes[0].Setting, 0)
	if fired != 0 {
		t.Error("a timer fired that was set again")
	}
	do(2) // stopped by the batch, which is not released yet
	h.Fire(3, w.wakes[1].Setting, 0)
	h.Release()
	h.Fire(3, w.wakes[1].Setting, 0)
	if fired != 0 {
		t.Error("a timer fired that was stopped")
	}
	do(1)
	h.Release()
	h.Fire(3, w.wakes[2].Setting, 0)
	h.Fire(3, w.wakes[2].Setting, 0)
	if fired != 1 {
		t.Errorf("a timer fired %d times", fired)
	}
	do(1)
	h.Release()
	h.Crash()
	h.Restore()
	h.Start()
	h.Fire(3, w.wakes[3].Setting, 0)
	if fired != 1 {
		t.Error("a timer of an earlier incarnation fired")
	}
}

func TestACrashForgetsWhatWasNotReleased(t *testing.T) {
	w := &world{}
	var restored int
	h, d := start(w, func(in *protocols.Input, out *protocols.Outbox) {
		switch in.Kind {
		case protocols.InputRestore:
			restored++
		case protocols.InputCommand:
			out.Persist(wrapperspb.Bool(true))
			out.Send(1, wrapperspb.Bool(true))
		}
	})
	command := &protocols.Input{Kind: protocols.InputCommand}
	h.Input(command, 0)
	h.Release()
	h.Input(command, 0)
	h.Crash()
	if h.Up() || h.Incarnation() != 1 {
		t.Errorf("after a crash: up %t, incarnation %d", h.Up(), h.Incarnation())
	}
	h.Input(command, 0) // it is down
	h.Release()
	h.Restore()
	h.Start()
	h.Release()
	if restored != 1 || len(d.Kept) != 1 {
		t.Errorf("restored %d records, %d on disk, want 1", restored, len(d.Kept))
	}
	if want := []string{"persist 1", "send to 1", "crash of the disk"}; !slices.Equal(w.did, want) {
		t.Errorf("did %v, want %v", w.did, want)
	}
}

func TestANodeThatActsWhileItIsRestoredIsAnError(t *testing.T) {
	w := &world{}
	h, _ := start(w, func(in *protocols.Input, out *protocols.Outbox) {
		switch in.Kind {
		case protocols.InputRestore:
			out.Send(1, wrapperspb.Bool(true))
		case protocols.InputCommand:
			out.Persist(wrapperspb.Bool(true))
		}
	})
	h.Input(&protocols.Input{Kind: protocols.InputCommand}, 0)
	h.Release()
	h.Crash()
	defer func() {
		if recover() == nil {
			t.Error("it may send")
		}
	}()
	h.Restore()
}

// steps notes what a watcher is called for.
type steps []string

func (s *steps) Before(in *protocols.Input) { *s = append(*s, fmt.Sprint("before ", in.Kind)) }

func (s *steps) After(in *protocols.Input, _ *protocols.Outbox) {
	*s = append(*s, fmt.Sprint("after ", in.Kind))
}

func TestAWatcherIsCalledBeforeAndAfterEachStep(t *testing.T) {
	var got steps
	h := host.New(host.Config{World: &world{}, Watch: &got, New: func(uint64) protocols.Node {
		return script(func(*protocols.Input, *protocols.Outbox) { got = append(got, "step") })
	}})
	h.Restore()
	h.Start()
	if want := fmt.Sprintf("[before %v step after %v]", protocols.InputStart, protocols.InputStart); fmt.Sprint([]string(got)) != want {
		t.Errorf("calls %v, want %s", got, want)
	}
}

func TestDisagreementsAreFound(t *testing.T) {
	commit := func(index uint64, command string) protocols.Commit {
		return protocols.Commit{Slot: protocols.Slot{Index: index}, Command: []byte(command)}
	}
	adopt := func(index uint64) protocols.Commit {
		return protocols.Commit{Slot: protocols.Slot{Index: index}, Adopted: true}
	}
	for _, c := range []struct {
		name     string
		one, two []protocols.Commit
		wrong    string
	}{
		{"alike", []protocols.Commit{commit(1, "a"), commit(2, "b")}, []protocols.Commit{commit(1, "a"), commit(2, "b")}, ""},
		{"adopted", []protocols.Commit{commit(1, "a"), commit(2, "b")}, []protocols.Commit{adopt(1), commit(2, "b")}, ""},
		{"adopted again", nil, []protocols.Commit{adopt(5), adopt(5)}, ""},
		{"another", []protocols.Commit{commit(1, "a")}, []protocols.Commit{commit(1, "b")}, "applies another command at 1 than a replica before"},
		{"a gap", nil, []protocols.Commit{commit(1, "a"), commit(3, "c")}, "applies 3 where 2 was next"},
		{"back", nil, []protocols.Commit{adopt(5), adopt(4)}, "adopts the state after 4, which it has left behind"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var a host.Agreement
			wrong := ""
			for _, commits := range [][]protocols.Commit{c.one, c.two} {
				at := host.Position{}
				for _, commit := range commits {
					if err := a.Apply(at, commit); err != nil {
						wrong = err.Error()
					}
				}
			}
			if wrong != c.wrong {
				t.Errorf("found %q, want %q", wrong, c.wrong)
			}
		})
	}
}
