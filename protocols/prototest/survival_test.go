package prototest_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"quorumbench/protocols"
	standard "quorumbench/protocols/client"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/prototest"
)

// fragile is a protocol that survives no fault: the leader orders commands, answers them at once and tells
// the others. It sends nothing twice and persists nothing.
type fragile struct {
	protocols.Config
	store   *kv.Store
	early   map[uint64][]byte // commands by slot that wait for those before them
	ordered uint64            // the leader's last slot
	applied uint64
	waiting map[protocols.CommandID]bool // commands of this replica's clients
	mute    bool                         // it does not mark that it leads
}

// The kinds of its messages, in their first byte.
const (
	forward = 'F' // the rest is a command
	copied  = 'C' // a slot as an uvarint, and a command
	answer  = 'A' // as the standard client's
)

func fragileDriver(not protocols.Faults) protocols.Driver {
	return protocols.Driver{
		Name: "fragile", Summary: "a leader that answers at once", HasLeader: true, NotSurvived: not,
		Floor: func(c protocols.Config) time.Duration {
			if c.ID == c.Leader {
				return 0
			}
			return c.Delays.RoundTrip(c.ID, c.Leader)
		},
		New: func(c protocols.Config) protocols.Node {
			return &fragile{Config: c, store: kv.NewStore(), early: map[uint64][]byte{}, waiting: map[protocols.CommandID]bool{}}
		},
	}
}

func (r *fragile) Step(in *protocols.Input, out *protocols.Outbox) {
	switch in.Kind {
	case protocols.InputStart:
		if r.ID == r.Leader && !r.mute {
			out.Mark(protocols.CommandID{}, protocols.MarkLeading)
		}
	case protocols.InputCommand:
		r.waiting[in.Command] = true
		if r.ID == r.Leader {
			r.order(r.ID, in.Data, out)
		} else {
			out.SendEncoded(r.Leader, append([]byte{forward}, in.Data...))
		}
	case protocols.InputMessage:
		switch rest := in.Data[1:]; in.Data[0] {
		case forward:
			r.order(in.From, rest, out)
		case copied:
			slot, n := binary.Uvarint(rest)
			r.early[slot] = bytes.Clone(rest[n:])
			r.apply(out)
		case answer:
			if id, result, err := standard.Answer(rest); err == nil {
				r.answer(id, bytes.Clone(result), out) // Answer keeps no copy of its own
			}
		}
	}
}

func (r *fragile) order(from protocols.NodeID, command []byte, out *protocols.Outbox) {
	r.ordered++
	r.early[r.ordered] = bytes.Clone(command)
	id, result := r.apply(out)
	for _, to := range r.Members {
		if to != r.ID {
			out.SendEncoded(to, append(binary.AppendUvarint([]byte{copied}, r.ordered), command...))
		}
	}
	if from == r.ID {
		r.answer(id, result, out)
	} else {
		out.SendEncoded(from, standard.AppendAnswer([]byte{answer}, protocols.Answer{ID: id, Result: result}))
	}
}

func (r *fragile) apply(out *protocols.Outbox) (id protocols.CommandID, result []byte) {
	for command := r.early[r.applied+1]; command != nil; command = r.early[r.applied+1] {
		r.applied++
		delete(r.early, r.applied)
		id, result = r.store.Apply(command)
		out.Commit(protocols.Slot{Index: r.applied}, id, command)
	}
	return id, result
}

func (r *fragile) answer(id protocols.CommandID, result []byte, out *protocols.Outbox) {
	if r.waiting[id] {
		delete(r.waiting, id)
		out.Answer(id, result)
	}
}

// claims says, in the process that plays the suite, which fault the driver falsely promises to survive.
const claims = "PROTOTEST_FRAGILE_CLAIMS"

// TestFragileConformance is played by the test below, in processes of their own: it is to fail there.
func TestFragileConformance(t *testing.T) {
	claim, played := os.LookupEnv(claims)
	if !played {
		t.Skip("played by TestADriverIsHeldToWhatItPromises")
	}
	driver := fragileDriver(protocols.Faults{
		DeadMinority: claim != "a dead minority", Restarts: claim != "restarts", Loss: claim != "message loss",
	})
	if claim == mute {
		made := driver.New
		driver.New = func(c protocols.Config) protocols.Node {
			r := made(c).(*fragile)
			r.mute = true
			return r
		}
	}
	prototest.Conformance(t, driver)
}

// mute is the claim of a driver that has a leader and does not mark who it is.
const mute = "that marks are for others"

// A driver passes that says what it does not survive, and the suite tells what it leaves out. If it
// promises one thing more, it fails the tests of that.
func TestADriverIsHeldToWhatItPromises(t *testing.T) {
	play := func(claim string) (output string, failed bool) {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFragileConformance$", "-test.v", "-seeds=2")
		cmd.Env = append(os.Environ(), claims+"="+claim)
		text, err := cmd.CombinedOutput()
		return string(text), err != nil
	}
	output, failed := play("")
	if failed {
		t.Errorf("the driver does not pass with what it promises:\n%s", output)
	}
	if output, failed := play(mute); !failed || !strings.Contains(output, "--- FAIL: TestFragileConformance/3_replicas/a_leader_marks_that_it_leads") ||
		!strings.Contains(output, `no replica has marked "leading" without "deposed" after it; a driver with HasLeader must`) {
		t.Errorf("a leader does not mark that it leads, and the suite does not tell: failed %t\n%s", failed, output)
	}
	for claim, test := range map[string]string{
		"a dead minority": "a_dead_minority_stops_nobody_else", "restarts": "a_blackout_of_all_loses_nothing_that_was_answered",
		"message loss": "lost,_doubled_and_overtaking_messages_do_no_harm",
	} {
		if !strings.Contains(output, "fragile does not promise to survive "+claim) {
			t.Errorf("what it leaves out of %s is not told", claim)
		}
		if output, failed := play(claim); !failed || !strings.Contains(output, "--- FAIL: TestFragileConformance/3_replicas/"+test) {
			t.Errorf("it promises to survive %s, which it does not, and the suite does not see it: failed %t\n%s", claim, failed, output)
		}
	}
}
