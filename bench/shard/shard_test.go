package shard_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"quorumbench/bench/shard"
)

func TestParse(t *testing.T) {
	for _, text := range []string{"1/1", "2/4", "1000000/1000000"} {
		if s, err := shard.Parse(text); err != nil || s.String() != text {
			t.Errorf("%s: %v, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "2", "0/4", "5/4", "1/0", "-1/2", "1/2/3", "a/b", "1/1000001", "1 / 2"} {
		if s, err := shard.Parse(text); err == nil || !strings.Contains(err.Error(), "accepted: i/n") {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
}

// Each item is done by one shard, whichever way they are divided, and no shard does more than one item more than another.
func TestShardsHaveEachItemOnce(t *testing.T) {
	for _, count := range []int{1, 2, 3, 7, 10} {
		for items := range 25 {
			var dealt, ranges []int
			for i := range count {
				s, size := shard.Shard{Index: i + 1, Count: count}, 0
				for item := range items {
					if s.Has(item) {
						dealt, size = append(dealt, item), size+1
					}
				}
				if size != s.Size(items) || size < items/count || size > items/count+1 {
					t.Errorf("shard %v has %d of %d items; Size says %d", s, size, items, s.Size(items))
				}
				first, length := s.Range(uint64(items))
				for item := first; item < first+length; item++ {
					ranges = append(ranges, int(item))
				}
			}
			slices.Sort(dealt)
			for item := range items {
				if len(dealt) != items || len(ranges) != items || dealt[item] != item || ranges[item] != item {
					t.Fatalf("%d shards of %d items have %v and %v", count, items, dealt, ranges)
				}
			}
		}
	}
}

func TestFoldersSortAsTheShards(t *testing.T) {
	var folders []string
	for i := range 12 {
		folders = append(folders, shard.Shard{Index: i + 1, Count: 12}.Folder())
	}
	if !slices.IsSorted(folders) || folders[1] != "shard-02-of-12" {
		t.Errorf("found %v", folders)
	}
}

func TestEnginesTellTheShard(t *testing.T) {
	for _, c := range []struct{ environment, want string }{
		{"JOB_COMPLETION_INDEX=2 QUORUMBENCH_SHARDS=4", "3/4"},
		{"SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=5 SLURM_ARRAY_TASK_MAX=8", "3/4"},
		{"SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_COUNT=1 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_MAX=3 QUORUMBENCH_SHARDS=4", "4/4"}, // submitted again
		{"AWS_BATCH_JOB_ARRAY_INDEX=0 AWS_BATCH_JOB_ARRAY_SIZE=10000", "1/10000"},
		{"", "found none of JOB_COMPLETION_INDEX, SLURM_ARRAY_TASK_ID and AWS_BATCH_JOB_ARRAY_INDEX"},
		{"QUORUMBENCH_SHARDS=4", "found none of"},
		{"JOB_COMPLETION_INDEX=2", "accepted: the number of shards in QUORUMBENCH_SHARDS"},
		{"JOB_COMPLETION_INDEX=4 QUORUMBENCH_SHARDS=4", `JOB_COMPLETION_INDEX: found "4"; accepted: a whole number from 0 to 3, since there are 4 shards by QUORUMBENCH_SHARDS`},
		{"JOB_COMPLETION_INDEX=x QUORUMBENCH_SHARDS=4", `JOB_COMPLETION_INDEX: found "x"`},
		{"JOB_COMPLETION_INDEX=1 QUORUMBENCH_SHARDS=0", `QUORUMBENCH_SHARDS: found "0"; accepted: a whole number from 1 to 1000000`},
		{"SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=5 SLURM_ARRAY_TASK_MAX=9", "found a job array of 3 tasks from 5 to 9; accepted: one without gaps"},
		{"SLURM_ARRAY_TASK_ID=7", `SLURM_ARRAY_TASK_MIN: found ""`},
		{"AWS_BATCH_JOB_ARRAY_INDEX=10 AWS_BATCH_JOB_ARRAY_SIZE=10", `AWS_BATCH_JOB_ARRAY_INDEX: found "10"`},
	} {
		environment := map[string]string{}
		for _, setting := range strings.Fields(c.environment) {
			name, value, _ := strings.Cut(setting, "=")
			environment[name] = value
		}
		s, err := shard.FromEngine(func(name string) (string, bool) {
			value, set := environment[name]
			return value, set
		})
		found := s.String()
		if err != nil {
			found = err.Error()
		}
		if !strings.Contains(found, c.want) || err == nil && found != c.want {
			t.Errorf("%s: found %s, want %s", c.environment, found, c.want)
		}
	}
}

func ExampleFromEngine() {
	environment := map[string]string{"JOB_COMPLETION_INDEX": "2", "QUORUMBENCH_SHARDS": "4"} // as an Indexed Job of Kubernetes sets the first
	s, err := shard.FromEngine(func(name string) (string, bool) { value, set := environment[name]; return value, set })
	fmt.Println(s, err)
	// Output: 3/4 <nil>
}

func TestFoldersAreThoseGivenOrDirectlyBelow(t *testing.T) {
	root := t.TempDir()
	put := func(names ...string) {
		for _, name := range names {
			path := filepath.Join(root, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
	}
	put("all/2/a", "all/1/a", "all/1/deeper/a", "all/other/c", "one/b")
	at := func(name string) string { return filepath.Join(root, name) }
	folders, file, err := shard.Folders([]string{at("all"), at("all/1")}, "result", "a", "b")
	if want := []string{at("all/1"), at("all/2")}; err != nil || file != "a" || !slices.Equal(folders, want) {
		t.Errorf("%v with %s, %v; want %v with a", folders, file, err, want)
	}
	for text, given := range map[string][]string{
		"found no result in it and none directly below": {at("all/other")}, "found b in it, and a in": {at("all"), at("one")},
	} {
		if _, _, err := shard.Folders(given, "result", "a", "b"); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%v: %v; want an error with %q", given, err, text)
		}
	}
}
