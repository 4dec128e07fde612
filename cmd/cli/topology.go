package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"quorumbench/configs"
	"quorumbench/netem"
	"quorumbench/reports"
)

func topologyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "topology",
		Short: "List the topologies, or show the round trips of one",
		Example: `  quorumbench topology list
  quorumbench topology show aws-2020-06-05 --regions us-east-1,eu-west-1,ap-northeast-1`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(topologyListCommand(), topologyShowCommand())
	return cmd
}

func topologyListCommand() *cobra.Command {
	var format *reports.Format
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the topologies that come with quorumbench",
		Example: `  quorumbench topology list`,
		Args:    arguments(cobra.NoArgs, "none"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			all := []topologyJSON{}
			var rows []table.Row
			for _, name := range configs.Topologies() {
				t, err := findTopology(name)
				if err != nil {
					return err
				}
				if *format != reports.FormatTable {
					all = append(all, topologyJSON{Name: t.Name, Measured: t.Measured, Source: t.Source, Regions: t.Regions})
					rows = append(rows, table.Row{t.Name, len(t.Regions), t.Measured, t.Source})
					continue
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%-16s %d regions, measured %s; %s\n", t.Name, len(t.Regions), t.Measured, t.Source)
			}
			if *format == reports.FormatTable {
				return nil
			}
			return printRows(cmd, *format, table.Row{"topology", "regions", "measured", "source"}, rows, all)
		},
	}
	format = formatFlag(cmd)
	return cmd
}

// topologyJSON is a topology for programs.
type topologyJSON struct {
	Name     string       `json:"name"`
	Measured string       `json:"measured"`
	Source   string       `json:"source"`
	Regions  []string     `json:"regions"`
	RTT      [][]*float64 `json:"rtt_ms,omitempty"` // in the order of the regions; null where the file has none
}

func topologyShowCommand() *cobra.Command {
	var regions []string
	var format *reports.Format
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Show the round trips between the regions of a topology, in ms",
		Long: `Show the round trips between the regions of a topology, in ms: the sum of the two one-way
delays. The argument is the name of a topology that comes with quorumbench, or a file.`,
		Example: `  quorumbench topology show gcp-2020
  quorumbench topology show aws-2020-06-05 --regions us-east-1,eu-west-1,ap-northeast-1`,
		Args: arguments(cobra.ExactArgs(1), "the name of a topology, or a file"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return configs.Topologies(), cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := findTopology(args[0])
			if err != nil {
				return usage(err)
			}
			if len(regions) == 0 {
				regions = t.Regions
			}
			for _, region := range regions {
				if err := t.CheckRegion(region); err != nil {
					return usage(fmt.Errorf("--regions: %w", err))
				}
			}
			about := t.Name + ": round trips in ms"
			if t.Measured != "" {
				about += ", measured " + t.Measured
			}
			if t.Source != "" {
				about += "; " + t.Source
			}
			fmt.Fprintln(aside(cmd, *format), about)
			return roundTrips(cmd, t, regions, *format)
		},
	}
	cmd.Flags().StringSliceVar(&regions, "regions", nil, "only these, separated by commas")
	format = formatFlag(cmd)
	return cmd
}

// roundTrips prints a matrix; its columns are numbered, so that nineteen regions find room.
func roundTrips(cmd *cobra.Command, t *netem.Topology, regions []string, format reports.Format) error {
	out := table.NewWriter()
	out.SetStyle(table.StyleLight)
	out.Style().Options = table.Options{SeparateColumns: false, SeparateHeader: true}
	header := table.Row{"", "region"}
	aligned := []table.ColumnConfig{{Number: 1, Align: text.AlignRight}}
	for i := range regions {
		header = append(header, i+1)
		aligned = append(aligned, table.ColumnConfig{Number: i + 3, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	out.AppendHeader(header)
	out.SetColumnConfigs(aligned)
	var rtts [][]*float64
	for i, from := range regions {
		row := table.Row{i + 1, from}
		rtts = append(rtts, make([]*float64, len(regions)))
		for j, to := range regions {
			there, err := t.Link(from, to)
			if err != nil || there.Assumed {
				row = append(row, "–")
				continue
			}
			back, err := t.Link(to, from)
			if err != nil {
				row = append(row, "–")
				continue
			}
			rtt := float64(there.OneWay+back.OneWay) / float64(time.Millisecond)
			rtts[i][j] = &rtt
			row = append(row, fmt.Sprintf("%.1f", rtt))
		}
		out.AppendRow(row)
	}
	if format == reports.FormatJSON {
		return reports.WriteJSON(cmd.OutOrStdout(), topologyJSON{t.Name, t.Measured, t.Source, regions, rtts})
	}
	page := reports.Page{Output: outputOf(cmd, format)}
	page.Table(out)
	_, err := page.WriteTo(cmd.OutOrStdout())
	return err
}

// findTopology reads a topology that comes with the program, or a file.
func findTopology(name string) (*netem.Topology, error) {
	data, err := configs.Topology(name)
	if err == nil {
		return netem.ParseTopology(name+".yaml", data)
	}
	if !strings.ContainsAny(name, `./\`) {
		return nil, err
	}
	if data, err = configs.ReadFile(name, configs.MaxTopology); err != nil {
		return nil, fmt.Errorf("reading a topology: %w", err)
	}
	return netem.ParseTopology(name, data)
}
