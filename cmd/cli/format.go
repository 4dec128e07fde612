package cli

import (
	"io"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"quorumbench/reports"
)

// formatFlag gives a command the flag --format.
func formatFlag(cmd *cobra.Command) *reports.Format {
	format := reports.FormatTable
	cmd.Flags().Var(&format, "format", "table, markdown, csv, json or latex; all but a table send what else there is to say to standard error")
	_ = cmd.RegisterFlagCompletionFunc("format", func(*cobra.Command, []string, string) (words []string, _ cobra.ShellCompDirective) {
		for _, f := range reports.Formats {
			words = append(words, string(f))
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}) // fails only for a flag that does not exist
	return &format
}

// aside is where sentences go: to standard output, unless that is for tables alone.
func aside(cmd *cobra.Command, format reports.Format) io.Writer {
	if format != reports.FormatTable {
		return cmd.ErrOrStderr()
	}
	return cmd.OutOrStdout()
}

// outputOf is how reports write to the command's output.
func outputOf(cmd *cobra.Command, format reports.Format) reports.Output {
	return reports.Output{Format: format, Width: reports.TerminalWidth(cmd.OutOrStdout()), Aside: cmd.ErrOrStderr()}
}

// printRows prints rows under a header as a table of the format, or, as JSON, the value that they are of.
func printRows(cmd *cobra.Command, format reports.Format, header table.Row, rows []table.Row, value any) error {
	if format == reports.FormatJSON {
		return reports.WriteJSON(cmd.OutOrStdout(), value)
	}
	t := table.NewWriter()
	style := table.StyleLight
	style.Format.Header = text.FormatDefault // as in the tables of reports
	t.SetStyle(style)
	t.AppendHeader(header)
	t.AppendRows(rows)
	page := reports.Page{Output: outputOf(cmd, format)}
	page.Table(t)
	_, err := page.WriteTo(cmd.OutOrStdout())
	return err
}
