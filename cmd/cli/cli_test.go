package cli_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"quorumbench/cmd/cli"
	"quorumbench/protocols"
	"quorumbench/protocols/registry"
)

// run is a command line of a program with the given drivers.
func run(drivers protocols.Drivers, args ...string) (code int, stdout, stderr string) {
	var out, errors bytes.Buffer
	code = cli.Run(context.Background(), drivers, args, strings.NewReader(""), &out, &errors)
	return code, out.String(), errors.String()
}

// mine is a driver of somebody else's: Raft under another name.
func mine() *protocols.Driver {
	d := *registry.Drivers.Find("raft")
	d.Name, d.Summary = "mine", "somebody's own"
	return &d
}

func TestAProgramMayHaveDriversOfItsOwn(t *testing.T) {
	drivers := append(registry.Drivers, mine())
	code, stdout, stderr := run(drivers, "protocols")
	if code != 0 || !strings.Contains(stdout, "\nmine        somebody's own\n") || !strings.HasPrefix(stdout, "paxos ") {
		t.Errorf("protocols: code %d\n%s%s", code, stdout, stderr)
	}
	code, stdout, stderr = run(drivers, "check", "--protocol", "mine", "--seeds", "3")
	if code != 0 || !strings.HasPrefix(stdout, "mine        3 lives, ") {
		t.Errorf("check: code %d\n%s%s", code, stdout, stderr)
	}
	code, stdout, stderr = run(protocols.Drivers{mine()}, "plan", "--choose", "3", "--from", "gcp-2020", "--top", "1")
	if code != 0 || !strings.Contains(stdout, "mine") || strings.Contains(stdout, "paxos") {
		t.Errorf("plan: code %d\n%s%s", code, stdout, stderr)
	}
}

// A baseline that answers before anything is safe would win every comparison of placements.
func TestPlacementsOfBaselinesAreComparedOnlyIfNamed(t *testing.T) {
	for _, c := range []struct {
		named string
		want  string
	}{{"", ""}, {"async", "async"}, {"raft,sharded", "sharded"}} {
		args := []string{"plan", "--choose", "3", "--from", "gcp-2020", "--format", "csv"}
		if c.named != "" {
			args = append(args, "--protocols", c.named)
		}
		code, stdout, stderr := run(registry.Drivers, args...)
		if code != 0 || !strings.Contains(stdout, c.want) || c.named == "" && (strings.Contains(stdout, "async") || strings.Contains(stdout, "sharded")) {
			t.Errorf("--protocols %q: code %d\n%s%s", c.named, code, stdout, stderr)
		}
	}
}

func TestWhatNamesAnAbsentDriverIsToldSo(t *testing.T) {
	code, _, stderr := run(protocols.Drivers{mine()}, "validate", "conflicts")
	if code != 2 || !strings.Contains(stderr, "accepted: mine") {
		t.Errorf("validate: code %d\n%s", code, stderr)
	}
	code, stdout, _ := run(protocols.Drivers{mine()}, "scenario", "list")
	if code != 0 || !strings.Contains(stdout, "\npaxos-duel           not with these drivers: ") {
		t.Errorf("scenario list: code %d\n%s", code, stdout)
	}
}

func TestTwoDriversOfOneNameAreRefused(t *testing.T) {
	code, _, stderr := run(protocols.Drivers{mine(), mine()}, "protocols")
	if code != 2 || !strings.Contains(stderr, `found two drivers called "mine"`) {
		t.Errorf("code %d\n%s", code, stderr)
	}
}

func TestAnInterruptedCommandSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	code := cli.Run(ctx, registry.Drivers, []string{"run", "smoke", "--sim", "-q", "-o", t.TempDir() + "/out"}, strings.NewReader(""), io.Discard, io.Discard)
	if code != 130 {
		t.Errorf("code %d", code)
	}
}
