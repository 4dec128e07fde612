// Command fingerprint prints a hash of everything that virtual time makes reproducible: every shipped
// experiment run in the simulated world, the trace of every scenario, and the traces of random lives of
// every driver. A change that only moves code leaves all of them as they are:
//
//	go run ./bench/internal/fingerprint -lives 2000 > before.txt
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/lives"
	"quorumbench/bench/scenario"
	"quorumbench/configs"
	"quorumbench/protocols"
	"quorumbench/protocols/registry"
)

func main() {
	count := flag.Uint64("lives", 100, "how many lives of each driver")
	some := flag.String("experiments", "", "only these experiments and no scenarios, divided by spaces")
	flag.Parse()
	if err := fingerprint(*count, strings.Fields(*some)); err != nil {
		fmt.Fprintln(os.Stderr, "fingerprint:", err)
		os.Exit(1)
	}
}

func fingerprint(count uint64, some []string) error {
	experiments, scenarios := configs.Experiments(), scenario.Names()
	if len(some) > 0 {
		experiments, scenarios = some, nil
	}
	for _, name := range experiments {
		plan, err := experiment.Read(name, registry.Drivers)
		if err != nil {
			return err
		}
		plan.Experiment.World = experiment.Simulated
		result, err := bench.Execute(context.Background(), plan, bench.Options{})
		if err != nil {
			return err
		}
		fmt.Printf("experiment %-24s %s\n", name, result.Fingerprint)
	}
	for _, name := range scenarios {
		script, err := scenario.Load(name, registry.Drivers)
		if err != nil {
			return err
		}
		run, err := script.Play()
		if err != nil {
			return err
		}
		var trace bytes.Buffer
		if err := run.Trace(&trace); err != nil {
			return err
		}
		fmt.Printf("scenario   %-24s %x\n", name, sha256.Sum256(trace.Bytes()))
	}
	if count == 0 {
		return nil
	}
	for _, d := range registry.Drivers {
		sum, err := lifeTraces(d, count)
		if err != nil {
			return err
		}
		fmt.Printf("lives      %-24s %x\n", fmt.Sprintf("%s 1..%d", d.Name, count), sum)
	}
	return nil
}

// lifeTraces hashes the traces and the checks of the lives of the seeds from 1 to count, in the order
// of the seeds, playing them on all cores.
func lifeTraces(d *protocols.Driver, count uint64) ([]byte, error) {
	sums := make([][sha256.Size]byte, count)
	errs := make([]error, count)
	var next atomic.Uint64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < count; i = next.Add(1) - 1 {
				hash := sha256.New()
				out, err := lives.Draw(d, i+1).Play(context.Background(), hash)
				if err != nil {
					errs[i] = err
					continue
				}
				fmt.Fprintln(hash, out.Checks, out.Commands, out.Unanswered, out.Messages)
				sums[i] = [sha256.Size]byte(hash.Sum(nil))
			}
		})
	}
	workers.Wait()
	all := sha256.New()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("life %d of %s: %w", i+1, d.Name, err)
		}
		all.Write(sums[i][:])
	}
	return all.Sum(nil), nil
}
