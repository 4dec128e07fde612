package explore_test

import (
	"strings"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/explore"
	"quorumbench/protocols/kv"
)

func toyOn(wrong, names string, n explore.Network, change func(*explore.Cluster)) *explore.Outcome {
	c := explore.Cluster{Driver: toyDriver(wrong), Replicas: 2, Network: n, States: 100_000}
	for range names {
		c.Commands = append(c.Commands, explore.Command{At: 0})
	}
	if change != nil {
		change(&c)
	}
	return c.Run()
}

// With one command there are four states: before it, with the message under way, with its answer under way,
// and when all is done. If one of the two may be late, there are as many more: the message is late, its
// answer is under way after that, the answer is late, and all is done after one was late.
func TestOrderlyNetworks(t *testing.T) {
	for _, c := range []struct {
		commands string
		network  explore.Network
		states   int
	}{
		{"a", explore.Network{Orderly: true}, 4},
		{"a", explore.Network{Orderly: true, Late: 1}, 4 + 4},
		// Two commands: two messages and two answers, in this order, where each command may come at any time.
		// With calm, the second comes before the first message or after the first answer.
		{"ab", explore.Network{Orderly: true, Calm: true}, 4 + 3},
	} {
		o := toyOn("", c.commands, c.network, nil)
		if o.Violation != nil || !o.Complete || o.States != c.states {
			t.Errorf("%q, %+v: found %+v, and not %d states without a violation", c.commands, c.network, o, c.states)
		}
	}
}

func TestNetworksThatDoLessFindLess(t *testing.T) {
	for _, c := range []struct {
		wrong   string
		network explore.Network
		found   bool
	}{
		{"applies as it comes", explore.Network{Orderly: true}, false},
		{"applies as it comes", explore.Network{Orderly: true, Late: 1}, true},
		{"applies as it comes", explore.Network{Orderly: true, Cuts: 1}, true}, // the first is lost, and its timer comes late
	} {
		o := toyOn(c.wrong, "ab", c.network, func(c *explore.Cluster) { c.Timers = 1 })
		if found := o.Violation != nil; found != c.found || found && o.Violation.Rule != explore.ApplyOrder || !found && !o.Complete {
			t.Errorf("%s, %+v: found %+v, want %v", c.wrong, c.network, o, c.found)
		}
	}
}

// A place that is told before it is durable is given again after a crash.
func TestSlowDisks(t *testing.T) {
	for _, wrong := range []string{"", "tells before it is durable"} {
		o := toyOn(wrong, "ab", explore.Network{Orderly: true}, func(c *explore.Cluster) { c.SlowDisks, c.Crashes = true, 1 })
		switch found := o.Violation; {
		case !o.Complete && found == nil:
			t.Errorf("%q: found %+v", wrong, o)
		case (wrong != "") != (found != nil):
			t.Errorf("%q: found %v", wrong, found)
		case found != nil && (found.Rule != explore.ApplyOrder || !strings.Contains(found.String(), "writes to its disk")):
			t.Errorf("%q: found %v", wrong, found)
		}
	}
}

// A replica decides by the time only where clocks count, and time passes for it where it pauses.
func TestPauses(t *testing.T) {
	for _, c := range []struct {
		clocks bool
		pauses int
		found  bool
	}{{true, 0, false}, {true, 1, true}, {false, 1, false}} {
		o := toyOn("begins anew after an hour", "ab", explore.Network{}, func(cluster *explore.Cluster) {
			cluster.Clocks, cluster.Pauses = c.clocks, c.pauses
		})
		if found := o.Violation != nil; found != c.found {
			t.Errorf("%+v: found %+v", c, o)
		}
	}
}

// A command is answered once an incarnation: one that is handed over again is not told to the replica
// again, unless it has crashed.
func TestCommandsHandedOverAgain(t *testing.T) {
	o := toyOn("", "a", explore.Network{}, func(c *explore.Cluster) {
		c.Commands[0].Again, c.Crashes = []protocols.NodeID{0}, 1
	})
	if o.Violation != nil || !o.Complete {
		t.Errorf("found %+v", o)
	}
	o = toyOn("is deaf when it comes back", "a", explore.Network{}, func(c *explore.Cluster) {
		c.Commands[0].Again, c.Crashes = []protocols.NodeID{0}, 1
	})
	if o.Violation == nil || o.Violation.Rule != explore.Stuck || !strings.Contains(o.Violation.Trace[0], "client") {
		t.Errorf("found %+v, and not a command that is handed over again and not answered", o)
	}
}

// What is on the disks at the beginning is restored, and needs no command.
func TestDisksToBeginWith(t *testing.T) {
	record, err := protocols.Append(nil, &kv.Command{Client: 9, Seq: 1, Op: kv.Op_PUT, Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	o := toyOn("", "a", explore.Network{}, func(c *explore.Cluster) { c.Disks = [][][]byte{{record}, {record}} })
	if o.Violation != nil || !o.Complete || o.States != 4 {
		t.Errorf("found %+v, and not 4 states without a violation", o)
	}
	o = toyOn("", "a", explore.Network{}, func(c *explore.Cluster) { c.Disks = [][][]byte{{record}, nil} })
	if o.Violation == nil || o.Violation.Rule != explore.Stuck {
		t.Errorf("found %+v, and not that R1 lacks what R0 has on its disk", o)
	}
}

func TestReplicasThatAreNotDeterministic(t *testing.T) {
	steps := uint64(0)
	for _, shared := range []bool{false, true} {
		o := toyOn("", "a", explore.Network{}, func(c *explore.Cluster) {
			c.Verify = true
			inner := c.Driver.New
			c.Driver.New = func(config protocols.Config) protocols.Node {
				return &counting{inner(config), &steps, shared, 0}
			}
		})
		if found := o.Violation != nil && o.Violation.Rule == explore.Replay; found != shared {
			t.Errorf("shared %v: found %+v", shared, o)
		}
	}
}

// counting is a replica that counts steps: its own, or those of all.
type counting struct {
	protocols.Node
	all    *uint64
	shared bool
	count  uint64
}

// Step implements protocols.Node.
func (n *counting) Step(in *protocols.Input, out *protocols.Outbox) {
	n.Node.Step(in, out)
	if n.shared && *n.all < 100 {
		*n.all++
		n.count = *n.all
	}
}

// shelf is a store of two replicas that orders each key by itself: R0 writes and tells R1, and both answer
// reads from what they have.
type shelf struct{ versions, values map[string]uint64 }

// Step implements protocols.Node. A value is a letter.
func (n *shelf) Step(in *protocols.Input, out *protocols.Outbox) {
	var m kv.Command
	if len(in.Data) > 0 && protocols.Decode(in.Data, &m) != nil {
		panic("not a command")
	}
	key := string(m.Key)
	switch {
	case len(in.Data) == 0:
	case m.Op == kv.Op_GET:
		result, err := protocols.Append([]byte{}, &kv.Result{Version: n.versions[key], Value: letters(n.values[key])})
		if err != nil {
			panic(err)
		}
		out.Answer(in.Command, result)
	default:
		n.versions[key]++
		n.values[key] = uint64(m.Value[0])
		out.Commit(protocols.Slot{Key: key, Index: n.versions[key]}, protocols.CommandID{Client: m.Client, Seq: m.Seq}, m.Value)
		if in.Kind == protocols.InputCommand {
			out.Answer(in.Command, kv.PutResult)
			out.Send(1, &m)
		}
	}
}

func letters(value uint64) []byte {
	if value == 0 {
		return nil
	}
	return []byte{byte(value)}
}

func TestReadsOutsideTheOrder(t *testing.T) {
	put, get := kv.Op_PUT, kv.Op_GET
	for _, c := range []struct {
		name     string
		commands []explore.Command
		rule     string
	}{
		{"of the replica that writes", []explore.Command{{At: 0, Op: put}, {At: 0, Op: get}}, ""},
		{"of one that may not have heard", []explore.Command{{At: 0, Op: put}, {At: 1, Op: get}}, explore.RealTime},
		{"of another key", []explore.Command{{At: 0, Op: put}, {At: 1, Op: get, Key: "y"}}, ""},
		{"of two, the later at the other", []explore.Command{{At: 0, Op: put}, {At: 0, Op: get}, {At: 1, Op: get}}, explore.RealTime},
	} {
		t.Run(c.name, func(t *testing.T) {
			cluster := explore.Cluster{
				Replicas: 2, Commands: c.commands, PerKey: true, ReadsAside: true, States: 10_000,
				Network: explore.Network{Orderly: true},
				Driver: protocols.Driver{New: func(protocols.Config) protocols.Node {
					return &shelf{map[string]uint64{}, map[string]uint64{}}
				}},
			}
			o := cluster.Run()
			switch {
			case c.rule == "" && (o.Violation != nil || !o.Complete):
				t.Errorf("found %+v", o)
			case c.rule != "" && (o.Violation == nil || o.Violation.Rule != c.rule):
				t.Errorf("found %+v, want %s", o, c.rule)
			}
		})
	}
}

const anHour = time.Hour
