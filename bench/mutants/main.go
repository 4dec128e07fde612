// Command mutants changes drivers by rule, one place at a time, and plays random lives and scenarios on
// each change until a check catches it. What is not caught is either no bug, or a hole in the checks:
//
//	go run ./bench/mutants -of raft -seeds 300 -sample 100
//	go run ./bench/mutants -of keypaxos -at protocols/keypaxos/acceptor.go:57 -seeds 5000
//	go run ./bench/mutants -of raft -shard 2/4 -resume results/mutants
//	go run ./bench/mutants -merge results/mutants
//
// What is mutated is a driver, or a package that drivers share (keypaxos, forward, kv, …); the latter is
// played on each driver that imports it. The rules are in rules.go. All mutants are built into one
// program (package bench/variants); each is played in a process of its own, which ends if a life does not
// end, or memory does. Which mutants a sample holds follows from -seed alone.
//
// docs/mutants.md tells what came out, and judges the survivors.
package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"sync"

	"quorumbench/bench/shard"
	"quorumbench/bench/variants"
	"quorumbench/protocols/registry"
)

// options are what a person asks for.
type options struct {
	of        string
	at        string
	seeds     uint64
	sample    int
	seed      uint64
	scenarios bool
	tests     bool
	list      bool
	parallel  int
	shard     *shard.Shard
	out       string
	resume    string
	merge     string
}

func main() {
	var o options
	flag.StringVar(&o.of, "of", "", "what is mutated: a `package` below protocols")
	flag.StringVar(&o.at, "at", "", "only mutants at these `places`: files, or file:line, with commas between")
	flag.Uint64Var(&o.seeds, "seeds", 300, "how many lives a mutant has to survive")
	flag.IntVar(&o.sample, "sample", 0, "how many mutants are tried, 0: all")
	flag.Uint64Var(&o.seed, "seed", 1, "which ones")
	flag.BoolVar(&o.scenarios, "scenarios", true, "play the scenarios, too")
	flag.BoolVar(&o.tests, "tests", false, "run the package's own tests, but for the long ones, on what survives")
	flag.BoolVar(&o.list, "list", false, "list the mutants, and play none")
	flag.IntVar(&o.parallel, "parallel", runtime.GOMAXPROCS(0), "how many mutants are played at a time")
	flag.Func("shard", "try one of several parts of the mutants, such as 2/4, with a `result` of its own below the folder of -out or -resume, for -merge; auto takes it from Kubernetes, Slurm or AWS Batch", func(text string) (err error) {
		var s shard.Shard
		if text == "auto" {
			s, err = shard.FromEngine(os.LookupEnv)
		} else {
			s, err = shard.Parse(text)
		}
		o.shard = &s
		return err
	})
	flag.StringVar(&o.out, "out", "", "`folder` for "+findingsFile+", which has what became of each mutant")
	flag.StringVar(&o.resume, "resume", "", "the same `folder`, of a search that may have begun or ended")
	flag.StringVar(&o.merge, "merge", "", "put what the shards in these `folders`, with commas between, have found together, and play nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out, progress io.Writer) error {
	switch {
	case o.out != "" && o.resume != "":
		return errors.New("found -out beside -resume; accepted: one of the two")
	case o.shard != nil && o.out == "" && o.resume == "":
		return errors.New("-shard: found neither -out nor -resume; accepted: one of them, with the folder that all shards share")
	case o.merge != "":
		return mergeAll(o, out)
	}
	if o.of == "" {
		return fmt.Errorf("found nothing to mutate; accepted: -of and a driver (%s) or a package that drivers share", strings.Join(registry.Drivers.Names(), ", "))
	}
	s, err := variants.Read(".")
	if err != nil {
		return err
	}
	drivers, err := users(ctx, o.of)
	if err != nil {
		return err
	}
	all, failed, err := compiling(s, o.of)
	if err != nil {
		return err
	}
	total := len(all)
	if o.at != "" {
		all = slices.DeleteFunc(all, func(m mutant) bool { return !isAt(m.Place, strings.Split(o.at, ",")) })
	}
	all = sample(all, o.sample, o.seed)
	if o.list {
		for _, m := range all {
			fmt.Fprintf(out, "%-36s %-20s %-10s  %s\n", m.Place, m.Function, m.Rule, m.Change)
		}
		return nil
	}
	var keep *keeper
	indices, tried := dealt(all, o.shard), len(all)
	if place := cmp.Or(o.out, o.resume); place != "" {
		sources, err := sourcesSum(ctx)
		if err != nil {
			return err
		}
		if keep, err = openKeeper(newFindings(o, total, all, sources), place, o.resume != ""); err != nil {
			return err
		}
		defer keep.folder.Release()
		if !keep.findings.Partial {
			fmt.Fprintf(progress, "%s is whole already\n", keep.folder.Path)
			report(out, o, total, keep.findings.verdicts())
			return nil
		}
	}
	all = chosen(all, indices)
	fmt.Fprintf(progress, "%s: %d mutants, and %d that do not compile; %d of %d are played on %s\n", o.of, total, failed, len(all), tried, strings.Join(drivers, ", "))
	place, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return fmt.Errorf("making a place for the program: %w", err)
	}
	defer os.RemoveAll(place)
	p := &player{drivers: drivers, seeds: o.seeds, scenarios: o.scenarios, indices: indices, keeper: keep}
	if p.program, err = build(ctx, s, all, place); err != nil {
		return err
	}
	if clean, err := p.play(ctx, mutant{}); err != nil || clean.By != "" {
		return errors.Join(fmt.Errorf("what is not mutated fails, too: %s, seed %d: %s", clean.Driver, clean.Seed, clean.By), err)
	}
	verdicts, err := p.playAll(ctx, all, o.parallel, progress)
	if err != nil {
		return err
	}
	if o.tests {
		if err := ownTests(ctx, s, o.of, verdicts, progress); err != nil {
			return err
		}
		for i := range verdicts {
			if err := keep.keep(indices[i], &verdicts[i]); err != nil {
				return err
			}
		}
	}
	if err := keep.end(); err != nil {
		return err
	}
	report(out, o, total, verdicts)
	return nil
}

// mergeAll prints, and with -out stores, what one process would have.
func mergeAll(o options, out io.Writer) error {
	folders, _, err := shard.Folders(strings.Split(o.merge, ","), findingsFile, findingsFile)
	if err != nil {
		return err
	}
	merged, err := merge(folders)
	if err != nil {
		return err
	}
	if o.out != "" {
		keep, err := openKeeper(merged, o.out, false)
		if err != nil {
			return err
		}
		defer keep.folder.Release()
		if err := keep.store(); err != nil {
			return err
		}
	}
	report(out, merged.options(), merged.Total, merged.verdicts())
	return nil
}

// dealt are the indices of the mutants that a shard tries; without one, of all.
func dealt(all []mutant, s *shard.Shard) (indices []int) {
	for i := range all {
		if s == nil || s.Has(i) {
			indices = append(indices, i)
		}
	}
	return indices
}

// chosen are the mutants of those indices.
func chosen(all []mutant, indices []int) (some []mutant) {
	for _, i := range indices {
		some = append(some, all[i])
	}
	return some
}

// sourcesSum is a checksum of all Go sources of the module and of what they embed, on which depends what becomes of a mutant.
func sourcesSum(ctx context.Context) (string, error) {
	const format = `{{if not .Standard}}{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}
{{end}}{{range .EmbedFiles}}{{$d}}/{{.}}
{{end}}{{end}}`
	listed, err := exec.CommandContext(ctx, "go", "list", "-deps", "-f", format, variants.SearchProgram).Output()
	if err != nil {
		return "", fmt.Errorf("listing the sources: %w", err)
	}
	root, err := os.Getwd()
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	for _, path := range strings.Fields(string(listed)) {
		name, below := strings.CutPrefix(path, root+"/")
		if !below {
			continue // of another module, whose version go.mod says
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(hash, "%s %x\n", name, sha256.Sum256(content))
	}
	return fmt.Sprintf("%x", hash.Sum(nil)), nil
}

// folder is that of a package below the module's.
func folder(of string) string {
	if of == "protocols" {
		return of
	}
	return "protocols/" + of
}

// compiling returns the mutants of a package that compile, and how many do not.
func compiling(s *variants.Sources, of string) (all []mutant, failed int, err error) {
	p, err := s.Package(folder(of))
	if err != nil {
		return nil, 0, err
	}
	all = mutate(s, p)
	overlay, err := s.Compose(variantsOf(all))
	if err != nil {
		return nil, 0, err
	}
	wrong, err := overlay.Errors()
	if err != nil {
		return nil, 0, err
	}
	if len(wrong[0]) > 0 {
		return nil, 0, fmt.Errorf("mutating %s breaks what is not mutated: %w", of, errors.Join(wrong[0]...))
	}
	before := len(all)
	all = slices.DeleteFunc(all, func(m mutant) bool { return len(wrong[m.ID]) > 0 })
	return all, before - len(all), nil
}

// isAt tells whether a place is one of several, or in one of several files.
func isAt(place string, places []string) bool {
	file, _, _ := strings.Cut(place, ":")
	return slices.Contains(places, place) || slices.Contains(places, file)
}

func variantsOf(all []mutant) []variants.Variant {
	var out []variants.Variant
	for _, m := range all {
		out = append(out, variants.Variant{ID: m.ID, Edits: []variants.Edit{m.edit}})
	}
	return out
}

// sample draws some of the mutants, and keeps their order.
func sample(all []mutant, count int, seed uint64) []mutant {
	if count <= 0 || count >= len(all) {
		return all
	}
	drawn := rand.New(rand.NewPCG(seed, 0)).Perm(len(all))[:count]
	slices.Sort(drawn)
	var out []mutant
	for _, i := range drawn {
		out = append(out, all[i])
	}
	return out
}

func build(ctx context.Context, s *variants.Sources, all []mutant, place string) (string, error) {
	overlay, err := s.Compose(variantsOf(all))
	if err != nil {
		return "", err
	}
	return overlay.Build(ctx, place, variants.SearchProgram, false)
}

// runners are the packages that no driver imports, and that every run needs.
var runners = []string{"host", "client"}

// users returns the drivers that a package is part of: itself, if it is one, those that import it, or all, if
// it is what runs them. The driver that hosts a library of others is not ours to mutate, and takes long.
func users(ctx context.Context, of string) ([]string, error) {
	if registry.Drivers.Find(of) != nil {
		return []string{of}, nil
	}
	path := "quorumbench/" + folder(of)
	var drivers []string
	for _, name := range registry.Drivers.Names() {
		if name == "etcdraft" {
			continue
		}
		listed, err := exec.CommandContext(ctx, "go", "list", "-deps", "./protocols/"+name).Output()
		if err != nil {
			return nil, fmt.Errorf("listing what %s imports: %w", name, err)
		}
		if slices.Contains(runners, of) || slices.Contains(strings.Fields(string(listed)), path) {
			drivers = append(drivers, name)
		}
	}
	if len(drivers) == 0 {
		return nil, fmt.Errorf("no driver imports %s", path)
	}
	return drivers, nil
}

// playAll plays the mutants, several at a time, and returns the verdicts in their order.
func (p *player) playAll(ctx context.Context, all []mutant, parallel int, progress io.Writer) ([]verdict, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	verdicts := make([]verdict, len(all))
	next := make(chan int)
	var workers sync.WaitGroup
	var telling sync.Mutex
	for range max(1, parallel) {
		workers.Go(func() {
			for i := range next {
				v, err := p.playOnce(ctx, p.indices[i], all[i])
				if err != nil {
					cancel(err)
					return
				}
				verdicts[i] = v
				telling.Lock()
				fmt.Fprintln(progress, v.line())
				telling.Unlock()
			}
		})
	}
	for i := range all {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
	return verdicts, context.Cause(ctx)
}
