package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// options are what the flags say.
type options struct {
	clients int
	seconds float64
	warmup  float64
	rounds  int
	seed    uint64
	systems string
	profile string
	gogc    int
	child   string // the system that this process measures; empty: it starts processes that do
	folder  string // of a child
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	flag.IntVar(&o.clients, "clients", 300, "how many `clients` have one write under way each; a multiple of three")
	flag.Float64Var(&o.seconds, "seconds", 5, "how many `seconds` are measured of each system in each round")
	flag.Float64Var(&o.warmup, "warmup", 2, "how many `seconds` of warm-up come before")
	flag.IntVar(&o.rounds, "rounds", 3, "how `often` each system is measured")
	flag.Uint64Var(&o.seed, "seed", 1, "decides the order of the systems in each round, keys and values")
	flag.StringVar(&o.systems, "systems", "", "the systems, separated by commas; all of them: "+strings.Join(namesOf(systems), ","))
	flag.StringVar(&o.profile, "cpuprofile", "", "writes CPU profiles of what is measured: for cpu.prof, cpu.SYSTEM.ROUND.prof")
	flag.IntVar(&o.gogc, "gogc", 0, "sets GOGC for all systems alike; 0 leaves it as it is")
	flag.StringVar(&o.child, "child", "", "measures one `system` and prints JSON; used by this program to start itself")
	flag.StringVar(&o.folder, "folder", "", "the folder for files of a child")
	flag.Parse()
	if err := o.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// run does what the flags say.
func (o *options) run(ctx context.Context) error {
	if err := o.validate(); err != nil {
		return err
	}
	if o.child != "" {
		return o.measure(ctx)
	}
	chosen, err := choose(o.systems)
	if err != nil {
		return err
	}
	t := newTable(chosen, o)
	order := rand.New(rand.NewPCG(o.seed, 0))
	for round := range o.rounds {
		for _, i := range order.Perm(len(chosen)) {
			found, err := o.start(ctx, chosen[i].name, round)
			if err != nil {
				return fmt.Errorf("measuring %s: %w", chosen[i].name, err)
			}
			t.add(i, found)
			fmt.Fprintf(os.Stderr, "round %d: %-17s %8.0f writes/s\n", round+1, chosen[i].name, found.rate())
		}
	}
	return t.print(os.Stdout)
}

func (o *options) validate() error {
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("found the argument %q; accepted: none besides flags", flag.Arg(0))
	case o.clients < replicas || o.clients > 9_999 || o.clients%replicas != 0:
		return fmt.Errorf("found %d clients; accepted: a multiple of three up to 9999", o.clients)
	case !(o.seconds >= 0.1 && o.seconds <= 600):
		return fmt.Errorf("found %v seconds; accepted: 0.1 to 600", o.seconds)
	case !(o.warmup >= 0 && o.warmup <= 600):
		return fmt.Errorf("found a warm-up of %v seconds; accepted: 0 to 600", o.warmup)
	case o.rounds < 1 || o.rounds > 100:
		return fmt.Errorf("found %d rounds; accepted: 1 to 100", o.rounds)
	}
	return nil
}

// measure measures the child's system in this process and prints what it found.
func (o *options) measure(ctx context.Context) error {
	chosen, err := choose(o.child)
	if err != nil {
		return err
	}
	found, err := chosen[0].measure(ctx, config{
		clients: o.clients, warmup: seconds(o.warmup), length: seconds(o.seconds),
		seed: o.seed, folder: o.folder, profile: o.profile,
	})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
