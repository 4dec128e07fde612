package main

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func small(t *testing.T) config {
	return config{clients: 6, warmup: 100 * time.Millisecond, length: 700 * time.Millisecond, seed: 1, folder: t.TempDir()}
}

func TestEverySystemAnswersWrites(t *testing.T) {
	for _, s := range systems {
		t.Run(s.name, func(t *testing.T) {
			found, err := s.measure(t.Context(), small(t))
			if err != nil {
				t.Fatal(err)
			}
			if found.Writes == 0 || found.Errors != 0 {
				t.Errorf("%d writes were answered and %d failed: %v", found.Writes, found.Errors, found.Invalid)
			}
			if found.P50 <= 0 || found.P99 < found.P50 {
				t.Errorf("service times of p50 %v and p99 %v", found.P50, found.P99)
			}
			if found.CPU.Writes > 0 && found.CPU.Time <= 0 {
				t.Errorf("%d writes took processor time %v", found.CPU.Writes, found.CPU.Time)
			}
			for _, reason := range found.Invalid {
				if strings.HasPrefix(reason, "the check") {
					t.Error(reason)
				}
			}
		})
	}
}

func TestProfileIsWritten(t *testing.T) {
	c := small(t)
	c.profile = filepath.Join(c.folder, "cpu.prof")
	for _, name := range []string{"hashicorp", "raft-leader"} {
		chosen, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := chosen[0].measure(t.Context(), c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if written, err := os.Stat(c.profile); err != nil || written.Size() == 0 {
			t.Errorf("%s: the profile is %v, error %v", name, written, err)
		}
		if err := os.Remove(c.profile); err != nil {
			t.Error(err)
		}
	}
}

func TestClosedLoop(t *testing.T) {
	c := config{clients: 3, length: 50 * time.Millisecond}
	t.Run("each client has one write under way", func(t *testing.T) {
		var busy [3]bool
		found, err := closedLoop(t.Context(), c, func(_ context.Context, client int, _ *rand.Rand) error {
			if busy[client] {
				t.Error("a client issued a second write")
			}
			busy[client] = true
			time.Sleep(time.Millisecond)
			busy[client] = false
			return nil
		})
		if err != nil || found.Errors != 0 || found.Writes > 0 && found.P50 < time.Millisecond {
			t.Errorf("found %+v, error %v", found, err)
		}
	})
	t.Run("a write that fails is counted and told", func(t *testing.T) {
		found, err := closedLoop(t.Context(), c, func(_ context.Context, client int, _ *rand.Rand) error {
			if client == 1 {
				return errors.New("no leader")
			}
			time.Sleep(time.Millisecond)
			return nil
		})
		if err != nil || found.Errors == 0 || len(found.Invalid) != 1 || !strings.Contains(found.Invalid[0], "no leader") {
			t.Errorf("found %+v, error %v", found, err)
		}
	})
	t.Run("it ends with its context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := closedLoop(ctx, config{clients: 3, length: time.Hour}, func(ctx context.Context, _ int, _ *rand.Rand) error {
			<-ctx.Done()
			return ctx.Err()
		}); !errors.Is(err, context.Canceled) {
			t.Errorf("found the error %v", err)
		}
	})
}

func TestPercentile(t *testing.T) {
	var ten []time.Duration
	for i := range 10 {
		ten = append(ten, time.Duration(i+1))
	}
	for p, want := range map[int]time.Duration{1: 1, 50: 5, 51: 6, 99: 10, 100: 10} {
		if got := percentile(ten, p); got != want {
			t.Errorf("p%d of 1 to 10 is %d, want %d", p, got, want)
		}
	}
	if got := percentile(nil, 50); got != 0 {
		t.Errorf("p50 of nothing is %v", got)
	}
}

func TestTable(t *testing.T) {
	chosen, err := choose("raft,hashicorp")
	if err != nil {
		t.Fatal(err)
	}
	made := newTable(chosen, &options{clients: 300, rounds: 2, seconds: 1})
	for _, writes := range []int64{1000, 3000} {
		made.add(0, &measurement{
			Writes: writes, Length: time.Second, P50: time.Millisecond, P99: 2 * time.Millisecond,
			CPU: usage{Length: time.Second, Time: 2 * time.Second, Writes: 1_000_000}, Invalid: []string{"too late"},
		})
		made.add(1, &measurement{Writes: 2 * writes, Length: time.Second})
	}
	var text bytes.Buffer
	if err := made.print(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`(?m)^ *raft +at all replicas +1000 +3000 +2000 +2\.0 +2\.00 +1\.00 +2\.00 +0 +2 of 2$`,
		`(?m)^ *hashicorp +at the leader +2000 +6000 +4000 +unknown +unknown +0\.00 +0\.00 +0 +no$`,
		`raft, round 2: too late`,
	} {
		if !regexp.MustCompile(want).Match(text.Bytes()) {
			t.Errorf("the table does not match %s:\n%s", want, text.String())
		}
	}
}

func TestWhatFlagsSayIsChecked(t *testing.T) {
	fine := options{clients: 300, seconds: 5, warmup: 2, rounds: 3}
	if err := fine.validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}
	for _, change := range []func(*options){
		func(o *options) { o.clients = 100 },
		func(o *options) { o.clients = 0 },
		func(o *options) { o.seconds = 0 },
		func(o *options) { o.warmup = -1 },
		func(o *options) { o.rounds = 0 },
	} {
		o := fine
		change(&o)
		if err := o.validate(); err == nil || !strings.Contains(err.Error(), "accepted") {
			t.Errorf("%+v gives the error %v", o, err)
		}
	}
	if _, err := choose("raft,rafd"); err == nil || !strings.Contains(err.Error(), "accepted: hashicorp, nats") {
		t.Errorf("an unknown system gives the error %v", err)
	}
}

func TestProfileOf(t *testing.T) {
	if got := profileOf("out/cpu.prof", "raft", 0); got != "out/cpu.raft.1.prof" {
		t.Errorf("found %s", got)
	}
	if got := profileOf("", "raft", 0); got != "" {
		t.Errorf("found %q for no profile", got)
	}
}
