package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
)

// startProfile starts a CPU profile and an execution trace of this process, into files of a folder, which it makes. Stop ends
// them and writes a heap profile.
func startProfile(folder string) (stop func() error, err error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	var files []*os.File
	create := func(name string) (*os.File, error) {
		f, err := os.Create(filepath.Join(folder, name))
		if err == nil {
			files = append(files, f)
		}
		return f, err
	}
	closeAll := func() (err error) {
		for _, f := range files {
			err = errors.Join(err, f.Close())
		}
		return err
	}
	cpu, err := create("cpu.pprof")
	if err == nil {
		err = pprof.StartCPUProfile(cpu)
	}
	if err != nil {
		return nil, errors.Join(err, closeAll())
	}
	steps, err := create("trace.out")
	if err == nil {
		err = trace.Start(steps)
	}
	if err != nil {
		pprof.StopCPUProfile()
		return nil, errors.Join(err, closeAll())
	}
	return func() error {
		trace.Stop()
		pprof.StopCPUProfile()
		heap, err := create("heap.pprof")
		if err == nil {
			runtime.GC() // the profile is that of the last collection
			err = pprof.WriteHeapProfile(heap)
		}
		if err = errors.Join(err, closeAll()); err != nil {
			return fmt.Errorf("writing the profile: %w", err)
		}
		return nil
	}, nil
}
