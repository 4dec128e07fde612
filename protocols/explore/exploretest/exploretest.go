package exploretest

import (
	"flag"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/explore"
	"quorumbench/protocols/kv"
)

var (
	which   = flag.String("explore", "small", "which bounds to explore: small, large, or the name of one")
	outside = flag.Bool("outside", false, "explore without the driver's invariants: judge by what is applied and answered alone")
)

// Bound is how much may happen in what is explored.
type Bound struct {
	// Name tells it from the driver's others. Bounds whose names have the same part before a slash are
	// asked for together by that part.
	Name string
	// Large tells that it is explored on request only.
	Large bool
	// Commands are those of package explore, in one word each or several in a row: the letter of the replica
	// whose client issues it, a capital for a read; the key after a slash; after a plus the replicas to which
	// it is handed again. "aB a/y+bc" is a write at R0, a read at R1, and a write of the key y at R0 that is
	// handed to R1 and R2 as well.
	Commands string
	Timers   int
	Crashes  int
	Pauses   int
	Network  explore.Network
	// Options are those of the driver that differ from the defaults.
	Options protocols.Choices
	// Change, if set, changes the cluster in other ways.
	Change func(*explore.Cluster)
}

// Run explores the bounds that the flags ask for, each in a test of its own. What the cluster holds they
// have in common.
func Run(t *testing.T, common explore.Cluster, bounds []Bound) {
	asked := false
	for _, b := range bounds {
		group, _, _ := strings.Cut(b.Name, "/")
		switch *which {
		case b.Name, group:
		case "small", "large":
			if b.Large != (*which == "large") {
				continue
			}
		default:
			continue
		}
		asked = true
		t.Run(b.Name, func(t *testing.T) { b.run(t, common) })
	}
	if !asked {
		t.Errorf("there is no bound %q", *which)
	}
}

func (b *Bound) run(t *testing.T, c explore.Cluster) {
	b.apply(&c)
	began := time.Now()
	o := c.Run()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	t.Logf("%d states of the cluster, %d quiet; %d of its replicas, %d steps; %.1f s, %d MB of memory",
		o.States, o.Quiet, o.Replicas, o.Steps, time.Since(began).Seconds(), memory.Sys>>20)
	switch {
	case o.Violation != nil:
		t.Error(o.Violation)
	case !o.Complete:
		t.Error("there are more states than there is memory for: the bounds are too wide")
	}
}

// apply makes the bound's cluster.
func (b *Bound) apply(c *explore.Cluster) {
	c.Options, c.Timers, c.Crashes, c.Pauses, c.Network = b.Options, b.Timers, b.Crashes, b.Pauses, b.Network
	c.Commands = Commands(b.Commands)
	if c.States == 0 {
		c.States = 50_000_000
	}
	if *outside {
		c.Driver.Invariants = nil
	}
	if b.Change != nil {
		b.Change(c)
	}
}

// Replays tells whether replicas in a bound are in the same states when the same happens to them again.
func Replays(t *testing.T, common explore.Cluster, b Bound) {
	b.apply(&common)
	common.Verify = true
	if o := common.Run(); o.Violation != nil || !o.Complete {
		t.Errorf("found %+v", o)
	} else {
		t.Logf("%d states of replicas were made again", o.Replicas)
	}
}

// Encode encodes a record, or what is in one. It panics if its type is invalid.
func Encode(m proto.Message) []byte {
	data, err := protocols.Append(nil, m)
	if err != nil {
		panic(fmt.Sprintf("exploretest: encoding %T: %v", m, err))
	}
	return data
}

var command = regexp.MustCompile(`([a-eA-E])(?:/(\w))?(?:\+([a-e]+))?`)

// Commands reads what Bound.Commands says.
func Commands(text string) []explore.Command {
	var commands []explore.Command
	for _, m := range command.FindAllStringSubmatch(text, -1) {
		c := explore.Command{Op: kv.Op_PUT, Key: m[2], At: replica(strings.ToLower(m[1])[0])}
		if m[1] < "a" {
			c.Op = kv.Op_GET
		}
		for _, again := range m[3] {
			c.Again = append(c.Again, replica(byte(again)))
		}
		commands = append(commands, c)
	}
	return commands
}

func replica(letter byte) protocols.NodeID { return protocols.NodeID(letter - 'a') }
