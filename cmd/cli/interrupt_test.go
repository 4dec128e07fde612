package cli_test

import (
	"bytes"
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"quorumbench/cmd/cli"
	"quorumbench/protocols"
	"quorumbench/protocols/registry"
)

// Commands that would take minutes end at once when they are interrupted, and tell what they had done.
func TestInterruptedCommandsTellHowFarTheyCame(t *testing.T) {
	for line, want := range map[string]string{
		"check --protocol raft --minutes 60":                          `interrupted after \d+ lives, none of which failed`,
		"check --minutes 60":                                          `interrupted after \d+ lives, none of which failed`,
		"plan --choose 9 --from aws-2020-06-05 --clients all":         `interrupted after \d+ placements were compared`,
		"run three-regions --quiet --out " + t.TempDir() + "/results": "interrupted before anything was measured; nothing was written",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		stop := time.AfterFunc(300*time.Millisecond, cancel)
		var stdout, stderr bytes.Buffer
		code := cli.Run(ctx, registry.Drivers, strings.Fields(line), strings.NewReader(""), &stdout, &stderr)
		if code != 130 || !regexp.MustCompile(`^quorumbench: `+want+"\n$").MatchString(stderr.String()) {
			t.Errorf("%s: code %d, want 130 and %s\n%s%s", line, code, want, &stdout, &stderr)
		}
		stop.Stop()
		cancel()
	}
}

// A life that fails is told with its seed and the command that plays it again, also if the search is interrupted then.
func TestALifeThatFailsIsToldWithItsSeed(t *testing.T) {
	broken := mine()
	for _, interrupted := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		broken.New = func(protocols.Config) protocols.Node {
			if interrupted {
				defer cancel()
			}
			panic("this driver is broken")
		}
		var stdout, stderr bytes.Buffer
		code := cli.Run(ctx, protocols.Drivers{broken}, []string{"check", "--seeds", "3", "--trace", filepath.Join(t.TempDir(), "steps")}, strings.NewReader(""), &stdout, &stderr)
		cancel()
		if want := "quorumbench check --protocol mine --replay "; code != 4 || !strings.Contains(stderr.String(), want) {
			t.Errorf("interrupted %t: code %d, want 4 and %s\n%s%s", interrupted, code, want, &stdout, &stderr)
		}
	}
}
