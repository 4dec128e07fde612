package result_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
)

func ExampleWrite() {
	folder, err := os.MkdirTemp("", "example-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	folder = filepath.Join(folder, "mine")
	found := &result.Result{
		Schema: result.SchemaVersion,
		Experiment: experiment.Experiment{
			Regions: []string{"a"}, Protocols: []experiment.Protocol{{Name: "mmp3", Label: "mmp3"}}, Repeats: 1,
			Load: experiment.Load{Duration: 10 * time.Second, Timeout: time.Second},
		},
		Runs: []result.Run{{Protocol: "mmp3", Started: time.Unix(0, 0), Measured: 10 * time.Second, Regions: []result.RegionRun{{Region: "a"}}}},
	}
	if err := result.Write(found, folder); err != nil {
		log.Fatal(err)
	}
	again, err := result.Read(folder)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.Runs[0].Protocol, again.Runs[0].Measured)
	// Output: mmp3 10s
}

func ExamplePercentile() {
	h := result.NewHistogram()
	for i := range int64(100) {
		_ = h.RecordValue((i + 1) * int64(time.Millisecond)) // up to a minute, none is refused
	}
	fmt.Println(result.Percentile(h, 99).Round(time.Millisecond))
	// Output: 99ms
}
