package host_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"quorumbench/protocols"
	"quorumbench/protocols/host"
)

// slowDisk takes its time: what is being written is durable when the test says so.
type slowDisk struct {
	host.MemoryDisk
	w       *world
	writing []protocols.Record
}

func (d *slowDisk) Write(records []protocols.Record) bool {
	d.w.did = append(d.w.did, fmt.Sprintf("write %d", len(records)))
	d.writing = records
	return false
}

func (d *slowDisk) Crash() { d.writing = nil }

func (d *slowDisk) durable(h *host.Host) {
	d.MemoryDisk.Write(d.writing)
	d.writing = nil
	h.Durable()
}

// persister persists every command and does, by its number, something more.
func persister(in *protocols.Input, out *protocols.Outbox) {
	switch in.Kind {
	case protocols.InputCommand:
		seq := in.Command.Seq
		out.Persist(wrapperspb.UInt64(seq))
		out.Send(protocols.NodeID(10*seq), wrapperspb.UInt64(seq))
		out.SendNow(protocols.NodeID(10*seq+1), wrapperspb.UInt64(seq))
		out.WhenDurable(seq)
		out.SetTimer(protocols.TimerID(seq), time.Second)
		out.Answer(in.Command, nil)
	case protocols.InputDurable:
		out.Mark(protocols.CommandID{}, fmt.Sprint("durable ", in.Notice))
	}
}

func slow(w *world, node script) (*host.Host, *slowDisk) {
	d := &slowDisk{w: w}
	h := host.New(host.Config{World: w, Disk: d, New: func(uint64) protocols.Node { return node }})
	h.Restore()
	h.Start()
	h.Release()
	return h, d
}

func command(h *host.Host, seq uint64) {
	h.Request(clientNode, encoded(seq), 0)
	h.Release()
}

// While the disk is busy the node goes on. Only messages of SendNow and timers do not wait; what waits
// comes in its order.
func TestANodeGoesOnWhileItsDiskIsBusy(t *testing.T) {
	w := &world{}
	h, d := slow(w, persister)
	expect := func(when string, want ...string) {
		t.Helper()
		if !slices.Equal(w.did, want) {
			t.Errorf("%s: %v, want %v", when, w.did, want)
		}
		w.did = nil
	}
	command(h, 1)
	expect("the first command", "write 1", "send to 11", "timer 1")
	command(h, 2)
	command(h, 3)
	expect("two more", "send to 21", "timer 2", "send to 31", "timer 3")
	d.durable(h)
	expect("the first is durable", "answer 1", "send to 10", "write 2")
	d.durable(h)
	expect("the others are durable", "mark durable 1 of 0s", "answer 2", "answer 3", "send to 20", "send to 30",
		"mark durable 2 of 0s", "mark durable 3 of 0s")
	if len(d.Kept) != 3 {
		t.Errorf("%d records are on disk, want 3", len(d.Kept))
	}
}

// A crash between SendNow and the end of the write leaves a message without its record.
func TestACrashWhileTheDiskIsBusy(t *testing.T) {
	w := &world{}
	h, d := slow(w, persister)
	command(h, 1)
	command(h, 2)
	w.did = nil
	h.Crash()
	h.Restore()
	h.Start()
	h.Release()
	if len(w.did) > 0 || len(d.Kept) > 0 {
		t.Errorf("did %v, and %d records are on disk, want nothing", w.did, len(d.Kept))
	}
	command(h, 3)
	d.durable(h)
	if want := []string{"write 1", "send to 31", "timer 3", "answer 3", "send to 30", "mark durable 3 of 0s"}; !slices.Equal(w.did, want) {
		t.Errorf("did %v, want %v", w.did, want)
	}
}

// On a disk that takes no time, messages of SendNow keep their place among the others.
func TestAnInstantDiskKeepsTheOrderOfMessages(t *testing.T) {
	w := &world{}
	h, _ := start(w, persister)
	command(h, 1)
	want := []string{"persist 1", "answer 1", "send to 10", "send to 11", "timer 1", "mark durable 1 of 0s"}
	if !slices.Equal(w.did, want) {
		t.Errorf("did %v, want %v", w.did, want)
	}
}

// A client may repeat a command whose answer waits for the disk, in the batch that is being written or in the next one.
// The node does not get it again, so that it does not answer twice.
func TestACommandWhoseAnswerWaitsForTheDiskIsNotHandedOverAgain(t *testing.T) {
	w := &world{}
	stepped, broken := 0, []string{}
	d := &slowDisk{w: w}
	h := host.New(host.Config{World: w, Disk: d, Breach: func(err error) { broken = append(broken, err.Error()) }, New: func(uint64) protocols.Node {
		return script(func(in *protocols.Input, out *protocols.Outbox) {
			if in.Kind == protocols.InputCommand {
				stepped++
				out.Persist(wrapperspb.UInt64(in.Command.Seq))
				out.Answer(in.Command, nil)
			}
		})
	}})
	h.Restore()
	h.Start()
	for _, seq := range []uint64{1, 1, 2, 2, 1} {
		command(h, seq)
	}
	d.durable(h)
	d.durable(h)
	command(h, 2)
	want := []string{"write 1", "answer 1", "write 1", "answer 2", "answer 2"}
	if !slices.Equal(w.did, want) || stepped != 2 || len(broken) > 0 {
		t.Errorf("did %v in %d steps, found %v; want %v in 2", w.did, stepped, broken, want)
	}
}

// What is not released is what the write under way waits for, and then what has collected since.
func TestCommitsThatAreNotReleased(t *testing.T) {
	h, d := slow(&world{}, func(in *protocols.Input, out *protocols.Outbox) {
		if in.Kind == protocols.InputCommand {
			out.Persist(wrapperspb.Bool(true))
			out.Commit(protocols.Slot{Index: in.Command.Seq}, in.Command, nil)
		}
	})
	expect := func(when string, want ...uint64) {
		t.Helper()
		var got []uint64
		for _, c := range h.Unreleased() {
			got = append(got, c.Slot.Index)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: the commits %v are not released, want %v", when, got, want)
		}
	}
	for seq := range uint64(3) {
		command(h, seq+1)
	}
	expect("the first is being written", 1, 2, 3)
	d.durable(h)
	expect("the others are being written", 2, 3)
	d.durable(h)
	expect("all are durable")
}
