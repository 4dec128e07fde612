// Command cost measures what simulated runs cost: processor time and the most memory, against the number of commands
// and of regions. Every run is a process of its own, and its figures are the system's. It prints the tables of
// docs/cost.md:
//
//	go run ./bench/internal/cost
//
// and, with -scale, fills the table behind docs/scale.png and draws it:
//
//	go run ./bench/internal/cost -scale docs/scale.csv
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/configs"
	"quorumbench/netem"
	"quorumbench/protocols/registry"
)

func main() {
	child := flag.String("run", "", "run this experiment and print its commands and messages; what the program starts itself with")
	most := flag.Int("commands", 1_000_000, "the most commands of a run")
	protocols := flag.String("protocols", "multipaxos,raft,paxos,mmp3", "protocols, separated by commas; mmp3 runs with three regions only")
	table := flag.String("scale", "", "measure how runs scale instead: add the rows that this CSV file does not have, and draw the figure of its name beside it")
	profile := flag.String("profile", "", "with -run: write a profile of the processor time to this file")
	flag.Parse()
	var err error
	if *child != "" && *profile != "" {
		err = profiled(*child, *profile)
	} else if *child != "" {
		err = play(*child)
	} else if *table != "" {
		err = scale(*table, strings.Split(*protocols, ","), *most)
	} else {
		err = tables(strings.Split(*protocols, ","), *most)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cost:", err)
		os.Exit(1)
	}
}

// profiled is play with a profile.
func profiled(yaml, file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	err = play(yaml)
	pprof.StopCPUProfile()
	return errors.Join(err, f.Close())
}

// play runs an experiment and prints how many commands were measured and how many messages were sent.
func play(yaml string) error {
	plan, err := experiment.Parse("cost.yaml", []byte(yaml), registry.Drivers)
	if err != nil {
		return err
	}
	found, err := bench.Execute(context.Background(), plan, bench.Options{})
	if err != nil {
		return err
	}
	var commands, messages uint64
	for _, run := range found.Runs {
		messages += run.Network.Messages
		for _, region := range run.Regions {
			commands += uint64(region.Offered)
		}
		if len(run.Invalid)+len(run.Overload) > 0 {
			return fmt.Errorf("the run of %s is invalid: %q", run.Protocol, run.Invalid)
		}
	}
	fmt.Println(commands, messages)
	return nil
}

// cost is what a run took.
type cost struct {
	commands, messages uint64
	memory             uint64 // resident, at most, in bytes
	processor          time.Duration
}

// measure runs an experiment of a protocol in a process of its own: so many commands a second from each region.
func measure(protocol string, regions []string, rate, seconds int) (cost, error) {
	return measureFile(fmt.Sprintf("world: sim\ntopology: aws-2020-06-05\nregions: [%s]\nprotocols: [%s]\nload: {rate: %d/s, duration: %ds, warmup: 1s, value_size: 16B, keys: {count: 10000}}\n",
		strings.Join(regions, ", "), protocol, rate, seconds))
}

// measureFile runs an experiment in a process of its own.
func measureFile(yaml string) (c cost, err error) {
	self, err := os.Executable()
	if err != nil {
		return c, err
	}
	cmd := exec.Command(self, "-run", yaml)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return c, fmt.Errorf("running this experiment: %w\n%s", err, yaml)
	}
	if _, err := fmt.Sscan(string(out), &c.commands, &c.messages); err != nil {
		return c, fmt.Errorf("reading %q: %w", out, err)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	c.memory = uint64(usage.Maxrss) * 1024 // Linux counts KiB
	c.processor = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return c, nil
}

const (
	perSecond  = 1000 // commands from each of three regions
	perRegion  = 100  // commands a second from each of many regions
	tenSeconds = 10
)

// tables prints both tables.
func tables(protocols []string, most int) error {
	three := []string{"us-east-1", "eu-west-1", "ap-northeast-1"}
	fmt.Printf("Three regions, %d commands a second from each:\n\n", perSecond)
	fmt.Println("| protocol | commands | messages | memory (MB) | bytes for each further command | processor time (s) | µs a message |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for _, protocol := range protocols {
		var before cost
		for seconds := 3; seconds*3*perSecond <= most*11/10; seconds *= 10 {
			c, err := measure(protocol, three, perSecond, seconds)
			if err != nil {
				return err
			}
			further := "| "
			if before.commands > 0 {
				further = fmt.Sprintf("%.0f | ", (float64(c.memory)-float64(before.memory))/float64(c.commands-before.commands))
			}
			before = c
			row(protocol, c.commands, c, further)
		}
	}
	file, err := configs.Topology("aws-2020-06-05")
	if err != nil {
		return err
	}
	topology, err := netem.ParseTopology("aws-2020-06-05", file)
	if err != nil {
		return err
	}
	fmt.Printf("\n%d commands a second from each region, %d s:\n\n", perRegion, tenSeconds)
	fmt.Println("| protocol | regions | messages | memory (MB) | processor time (s) | µs a message |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, protocol := range protocols {
		for _, n := range []int{3, 5, 9, 13, 19} {
			if protocol == "mmp3" && n > 3 {
				continue
			}
			c, err := measure(protocol, topology.Regions[:n], perRegion, tenSeconds)
			if err != nil {
				return err
			}
			row(protocol, uint64(n), c, "")
		}
	}
	return nil
}

func row(protocol string, of uint64, c cost, further string) {
	fmt.Printf("| %s | %d | %d | %d | %s%.1f | %.2f |\n", protocol, of, c.messages, c.memory>>20, further, c.processor.Seconds(),
		c.processor.Seconds()*1e6/float64(c.messages))
}
