package result_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/result"
)

// files makes files with a byte each; a name that ends with a slash is a folder's.
func files(t *testing.T, root string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(root, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if strings.HasSuffix(name, "/") {
			err = errors.Join(err, os.MkdirAll(path, 0o755))
		} else {
			err = errors.Join(err, os.WriteFile(path, []byte{1}, 0o644))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func names(t *testing.T, folder string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

func TestAResultFolderIsReservedForOneRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results", "mine")
	first, err := result.Reserve(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := result.Reserve(path); !errors.Is(err, result.ErrTaken) || !strings.Contains(err.Error(), "in use by another run") {
		t.Errorf("reserving it a second time: %v", err)
	}
	first.Release()
	if _, err := os.Stat(path); err == nil {
		t.Error("a folder that nothing was written into is still there")
	}
	again, err := result.Reserve(path)
	if err != nil {
		t.Fatal(err)
	}
	files(t, path, "run.json", ".tmp-1", ".logs-2/replica-0/1")
	again.Release()
	if got := names(t, path); !slices.Equal(got, []string{"run.json"}) {
		t.Errorf("after the run the folder holds %v", got)
	}
	if _, err := result.Reserve(path); !errors.Is(err, result.ErrTaken) || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("reserving what holds a result: %v", err)
	}
}

func TestWhatCanBeAResultFolder(t *testing.T) {
	root := t.TempDir()
	files(t, root, "empty/", "file", "target/", "killed/.in-use", "killed/.logs-1/replica-0/1", "killed/.tmp-7", "full/notes.txt")
	for link, target := range map[string]string{"link": "target", "dangling": "nowhere", "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"empty": "", "new": "", "deep/er/new": "", "link": "", "killed": "",
		"file": "not a directory", "file/below": "not a directory", "full": "is not empty",
		"dangling": "a link to nowhere, which is no folder", "loop": "a link to loop, which is no folder",
		strings.Repeat("x", 300): "too long",
	} {
		folder, err := result.Reserve(filepath.Join(root, name))
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%.20s: %v, want %s", name, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := names(t, folder.Path); !slices.Equal(got, []string{".in-use"}) {
			t.Errorf("%s holds %v", name, got)
		}
		folder.Release()
	}
	if got := names(t, root); !slices.Equal(got, []string{"dangling", "deep", "empty", "file", "full", "killed", "link", "loop", "target"}) {
		t.Errorf("left behind: %v", got)
	}
	if _, err := result.Reserve(""); err == nil {
		t.Error("a folder without a name is reserved")
	}
}

// What a killed run has left goes; what a run uses, and what is not quorumbench's, stays.
func TestRemainsOfKilledRuns(t *testing.T) {
	root := t.TempDir()
	used, err := result.Reserve(filepath.Join(root, "used"))
	if err != nil {
		t.Fatal(err)
	}
	defer used.Release()
	files(t, root, "used/.logs-1/replica-0/1",
		"killed/.in-use", "killed/.logs-1/replica-0/1", "killed/.tmp-2", // before it wrote anything
		"late/.in-use", "late/.tmp-3", "late/latency.hlog", // while it wrote
		"other/.tmp-1", "other/.logs-1/x", // not quorumbench's
		".logs-old/replica-0/1", ".tmp-old/run.json", // of the first edition
		".logs-now/replica-0/1",       // perhaps of the first edition, and in use
		".tmp-else/cache", ".logs-0/", // not quorumbench's
	)
	long := time.Now().Add(-2 * time.Hour)
	for _, old := range []string{".logs-old/replica-0/1", ".logs-old/replica-0", ".tmp-old/run.json", ".tmp-else/cache"} {
		if err := os.Chtimes(filepath.Join(root, old), long, long); err != nil {
			t.Fatal(err)
		}
	}
	removed := result.RemoveRemains(root)
	if want := []string{".logs-now", ".logs-0", ".tmp-else", "late", "other", "used"}; !slices.Equal(sorted(names(t, root)), sorted(want)) {
		t.Errorf("left: %v, want %v", names(t, root), want)
	}
	if got := names(t, filepath.Join(root, "late")); !slices.Equal(got, []string{"latency.hlog"}) {
		t.Errorf("of a run that was killed while it wrote is left %v", got)
	}
	if got := names(t, filepath.Join(root, "used")); !slices.Equal(got, []string{".in-use", ".logs-1"}) {
		t.Errorf("in use is %v", got)
	}
	if got := names(t, filepath.Join(root, "other")); len(got) != 2 {
		t.Errorf("of somebody else's is left %v", got)
	}
	var want []string
	for _, name := range []string{".logs-old", ".tmp-old", "killed", "late/.in-use", "late/.tmp-3"} {
		want = append(want, filepath.Join(root, name))
	}
	if !slices.Equal(sorted(removed), sorted(want)) {
		t.Errorf("it says that it has removed %v, want %v", removed, want)
	}
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}
