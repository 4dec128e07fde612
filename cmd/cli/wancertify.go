package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"quorumbench/bench/namespaces"
	"quorumbench/netem/wan"
	"quorumbench/protocols"
	"quorumbench/reports"
)

func wanCertifyCommand(drivers protocols.Drivers) *cobra.Command {
	var o wanOptions
	var probes int
	var format *reports.Format
	cmd := &cobra.Command{
		Use:   "certify EXPERIMENT.yaml",
		Short: "Probe all links, and tell what they do beside what they should do",
		Long: `Send probes over each link, in both directions, and print what became of them: how long they took at the
median and at the 99th percentile, how much that varied, and how many were lost, beside what the
experiment says. Times are from a program in one region to a program in the other, so that the kernel and
the waking up of programs are part of them.

A median may be 0.3 ms late and a 99th percentile 1 ms, apart from what jitter explains; losses may be as many
as chance makes likely. If a link is beyond that, the exit code is 1. Runs of systems are certified in the same
way before their load, with fewer probes; docs/wan.md tells how these are judged.`,
		Example: `  quorumbench wan certify three-regions
  quorumbench wan certify lossy.yaml --probes 5000`,
		Args:              arguments(cobra.ExactArgs(1), "an experiment file"),
		ValidArgsFunction: experimentFirst,
		RunE: func(cmd *cobra.Command, args []string) error {
			if probes < 1 || probes > mostProbes {
				return usage(fmt.Errorf("--probes: found %d; accepted: 1 to %d", probes, mostProbes))
			}
			return o.inside(cmd, args[0], drivers, func(ctx context.Context, w *wan.WAN) error {
				c, err := w.Certify(ctx, probes, wan.Exact)
				if err != nil {
					return err
				}
				return printCertificate(cmd, *format, c)
			})
		},
	}
	cmd.Flags().IntVar(&probes, "probes", 1000, "how many probes each link carries")
	o.flags(cmd)
	format = formatFlag(cmd)
	return cmd
}

// mostProbes bounds how long a certificate takes: with 2 ms between two probes of a link, half an hour.
const mostProbes = 1_000_000

// printCertificate prints a row for each link, and then the problems, which are also the error.
func printCertificate(cmd *cobra.Command, format reports.Format, c *wan.Certificate) error {
	var rows []table.Row
	for _, l := range c.Links {
		row := table.Row{l.From, l.To, inMillis(l.Intended.Delay), inMillis(l.P50), inMillis(l.P99), inMillis(l.Intended.Jitter), inMillis(l.Jitter),
			fmt.Sprintf("%.3g %%", 100*l.Intended.Loss), fmt.Sprintf("%d of %d", l.Sent-l.Received, l.Sent)}
		if l.Received == 0 {
			row[3], row[4], row[6] = "-", "-", "-"
		}
		rows = append(rows, row)
	}
	header := table.Row{"from", "to", "intended ms", "p50 ms", "p99 ms", "jitter ms", "deviation ms", "loss", "lost"}
	if err := printRows(cmd, format, header, rows, namespaces.Certificate(c)); err != nil {
		return err
	}
	fmt.Fprintf(aside(cmd, format), "\nThe router released packets late by %s ms (p50), %s ms (p99), %s ms at most.\n",
		inMillis(c.Lateness.P50), inMillis(c.Lateness.P99), inMillis(c.Lateness.Max))
	if err := c.Err(); err != nil {
		return fmt.Errorf("the network is not what the experiment says, perhaps since this machine is busy:\n%w", err)
	}
	fmt.Fprintln(aside(cmd, format), "All links are as the experiment says.")
	return nil
}

// inMillis writes a time in milliseconds with two decimals.
func inMillis(d time.Duration) string {
	return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond))
}
