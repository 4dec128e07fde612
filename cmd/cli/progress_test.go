package cli

import (
	"os"
	"strings"
	"testing"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/protocols/registry"
)

// On a terminal, one line says which protocol runs, which repeat it is, and how long all runs take yet.
func TestTheLineOfATerminalTellsProtocolRepeatAndTimeLeft(t *testing.T) {
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminal can be opened here: %v", err)
	}
	defer screen.Close()
	plan, err := experiment.Parse("e.yaml", []byte("topology: aws-2020-06-05\nprotocols: [raft]\nrepeats: 3\n"), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	p := newProgress(screen, plan, plan.Runs(), false)
	if p.bar == nil {
		t.Fatal("a terminal gets lines, as a file does")
	}
	p.show(bench.Status{Protocol: "raft", Run: 1, Runs: 3, Repeat: 1, Phase: "measuring", Length: 12 * time.Second, Elapsed: 4 * time.Second, Left: 20 * time.Second})
	for _, want := range []string{"raft", "2/3", "repeat 2 of 3", "measuring", "20 s left"} {
		if line := p.bar.String(); !strings.Contains(line, want) {
			t.Errorf("the line does not say %q: %q", want, line)
		}
	}
	if p := newProgress(screen, plan, plan.Runs(), true); p.bar != nil {
		t.Error("--quiet shows a line")
	}
}
