package cli

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAProfileHasThreeFiles(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "deep", "er")
	stop, err := startProfile(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	for name, begins := range map[string]string{"cpu.pprof": "\x1f\x8b", "heap.pprof": "\x1f\x8b", "trace.out": "go 1."} {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if len(data) < len(begins) || string(data[:len(begins)]) != begins {
			t.Errorf("%s begins with %.10q, want %q", name, data, begins)
		}
	}
}
