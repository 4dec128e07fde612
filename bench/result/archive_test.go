package result_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/result"
)

func TestAResultIsHeldUntilItIsTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "result")
	folder, err := result.Reserve(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, "run.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := result.AwaitWhole(t.Context(), path, 0); err == nil || !strings.Contains(err.Error(), "a run still writes into") {
		t.Errorf("while it is written: %v", err)
	}
	taken := make(chan bool)
	go func() {
		was, err := folder.Hold(t.Context(), time.Hour)
		if err != nil {
			t.Error(err)
		}
		taken <- was
	}()
	if err := result.AwaitWhole(t.Context(), path, time.Hour); err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	if err := result.Archive(&archive, path); err != nil {
		t.Fatal(err)
	}
	if err := result.Taken(path); err != nil {
		t.Fatal(err)
	}
	if !<-taken {
		t.Error("the holder does not know that it was taken")
	}
	if err := result.Taken(path); err != nil {
		t.Errorf("without a holder: %v", err)
	}
}

func TestNobodyHoldsForever(t *testing.T) {
	path := filepath.Join(t.TempDir(), "result")
	folder, err := result.Reserve(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if taken, err := folder.Hold(ctx, time.Hour); taken || err != nil {
		t.Errorf("found %v, %v", taken, err)
	}
	if err := result.AwaitWhole(t.Context(), path, 0); err == nil || !strings.Contains(err.Error(), "has no run.json") {
		t.Errorf("an empty folder: %v", err)
	}
}
