package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// table collects what was measured and prints it.
type table struct {
	systems []system
	options *options
	load    string // of the machine, before the first round
	found   [][]*measurement
}

func newTable(systems []system, o *options) *table {
	return &table{systems: systems, options: o, load: loadAverage(), found: make([][]*measurement, len(systems))}
}

// add adds the next round of the system of that index.
func (t *table) add(system int, m *measurement) { t.found[system] = append(t.found[system], m) }

// print writes the machine, the table, and the reasons not to believe some of it.
func (t *table) print(w io.Writer) error {
	fmt.Fprintf(w, "%d CPUs, GOMAXPROCS %d, %s, %s/%s; load average %s before, %s after\n",
		runtime.NumCPU(), runtime.GOMAXPROCS(0), runtime.Version(), runtime.GOOS, runtime.GOARCH, t.load, loadAverage())
	fmt.Fprintf(w, "%s\n", versions())
	fmt.Fprintf(w, "closed loop, %d clients, values of %d B, %d replicas without delay, in memory; %vs measured after %vs of warm-up",
		t.options.clients, valueSize, replicas, t.options.seconds, t.options.warmup)
	if t.options.gogc != 0 {
		fmt.Fprintf(w, "; GOGC=%d", t.options.gogc)
	}
	fmt.Fprint(w, "\n\n")
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(columns, "system\tclients\t%s\tmedian\tCPU µs/write\tCPUs busy\tp50 ms\tp99 ms\terrors\tinvalid\t\n", t.rounds())
	for i, s := range t.systems {
		fmt.Fprintln(columns, row(s, t.found[i]))
	}
	if err := columns.Flush(); err != nil {
		return fmt.Errorf("printing the table: %w", err)
	}
	for i, s := range t.systems {
		for round, m := range t.found[i] {
			for _, reason := range m.Invalid {
				fmt.Fprintf(w, "\n%s, round %d: %s", s.name, round+1, reason)
			}
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

func (t *table) rounds() string {
	var heads []string
	for round := range t.options.rounds {
		heads = append(heads, fmt.Sprintf("writes/s %d", round+1))
	}
	return strings.Join(heads, "\t")
}

func row(s system, found []*measurement) string {
	cells := []string{s.name, s.clients}
	var errors int64
	invalid := 0
	for _, m := range found {
		cells = append(cells, fmt.Sprintf("%.0f", m.rate()))
		errors += m.Errors
		if len(m.Invalid) > 0 {
			invalid++
		}
	}
	verdict := "no"
	if invalid > 0 {
		verdict = fmt.Sprintf("%d of %d", invalid, len(found))
	}
	cells = append(cells,
		fmt.Sprintf("%.0f", median(found, (*measurement).rate)),
		known("%.1f", median(found, func(m *measurement) float64 { return 1e6 * m.CPU.perWrite().Seconds() })),
		known("%.2f", median(found, func(m *measurement) float64 { return m.CPU.processors() })),
		fmt.Sprintf("%.2f", median(found, func(m *measurement) float64 { return milliseconds(m.P50) })),
		fmt.Sprintf("%.2f", median(found, func(m *measurement) float64 { return milliseconds(m.P99) })),
		fmt.Sprint(errors), verdict)
	return strings.Join(cells, "\t") + "\t"
}

// known formats a number, of which 0 says that it is not known.
func known(format string, number float64) string {
	if number == 0 {
		return "unknown"
	}
	return fmt.Sprintf(format, number)
}

func milliseconds(d time.Duration) float64 { return 1e3 * d.Seconds() }

// median is the median of a number of each measurement; of an even number of them the mean of the two in the middle.
func median(found []*measurement, of func(*measurement) float64) float64 {
	var values []float64
	for _, m := range found {
		values = append(values, of(m))
	}
	slices.Sort(values)
	n := len(values)
	if n == 0 {
		return 0
	}
	return (values[(n-1)/2] + values[n/2]) / 2
}

// versions names the systems' modules with their versions.
func versions() string {
	named := []string{"github.com/hashicorp/raft", "github.com/nats-io/nats-server/v2", "github.com/nats-io/nats.go", "go.etcd.io/raft/v3", "github.com/quic-go/quic-go"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "versions unknown"
	}
	var texts []string
	for _, dependency := range info.Deps {
		if slices.Contains(named, dependency.Path) {
			texts = append(texts, dependency.Path+" "+dependency.Version)
		}
	}
	return strings.Join(texts, ", ")
}

// loadAverage is the machine's load average of the last minute.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(text), " ")
	return cmp.Or(one, "unknown")
}
