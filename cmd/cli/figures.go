package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"quorumbench/reports"
)

// figureFlags gives a command the flags that say how figures are drawn. Those of several formats have --figures. The options
// are complete after lookOf.
func figureFlags(cmd *cobra.Command, several bool) *reports.FigureOptions {
	look := &reports.FigureOptions{}
	if several {
		formats := choices[reports.FigureFormat]{of: reports.FigureFormats, what: "format", chosen: &look.Formats}
		cmd.Flags().Var(&formats, "figures", "formats of the figures, separated by commas: png (300 dpi), svg, pdf (default png)")
		complete(cmd, "figures", reports.FigureFormats)
	}
	themes := []reports.Theme{reports.Light, reports.Dark}
	cmd.Flags().Var(&choice[reports.Theme]{of: themes, what: "theme", chosen: &look.Theme}, "theme", "light or dark figures (default light)")
	complete(cmd, "theme", themes)
	widths := []reports.FigureWidth{reports.PageWide, reports.ColumnWide}
	cmd.Flags().Var(&choice[reports.FigureWidth]{of: widths, what: "width", chosen: &look.Width}, "width", "of the figures: page (7.25 in) or column (85 mm) (default page)")
	complete(cmd, "width", widths)
	return look
}

func complete[T ~string](cmd *cobra.Command, flag string, of []T) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) (words []string, _ cobra.ShellCompDirective) {
		for _, word := range of {
			words = append(words, string(word))
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}) // fails only for a flag that does not exist
}

// lookOf completes the options of figures with the command that was given: its words and flags, without those that only say
// where something is written, so that the same command gives the same figure in any folder.
func lookOf(cmd *cobra.Command, args []string, look *reports.FigureOptions) reports.FigureOptions {
	words := append([]string{cmd.CommandPath()}, args...)
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains([]string{"out", "quiet", "format", "trace", "profile", "live-page"}, f.Name) {
			words = append(words, "--"+f.Name+"="+f.Value.String())
		}
	})
	complete := *look
	complete.Command = strings.Join(words, " ")
	return complete
}

// choice is a flag that takes one of some words. It implements pflag.Value.
type choice[T ~string] struct {
	of     []T
	what   string
	chosen *T
}

// String implements pflag.Value.
func (c *choice[T]) String() string {
	if c.chosen == nil {
		return ""
	}
	return string(*c.chosen)
}

// Type implements pflag.Value.
func (c *choice[T]) Type() string { return c.what }

// Set implements pflag.Value.
func (c *choice[T]) Set(word string) error {
	if !slices.Contains(c.of, T(word)) {
		return fmt.Errorf("found the %s %q; accepted: %s", c.what, word, oneOf(c.of))
	}
	*c.chosen = T(word)
	return nil
}

// choices is a flag that takes some of some words, separated by commas. It implements pflag.Value.
type choices[T ~string] struct {
	of     []T
	what   string
	chosen *[]T
}

// String implements pflag.Value.
func (c *choices[T]) String() string {
	if c.chosen == nil {
		return ""
	}
	words := make([]string, len(*c.chosen))
	for i, word := range *c.chosen {
		words[i] = string(word)
	}
	return strings.Join(words, ",")
}

// Type implements pflag.Value.
func (c *choices[T]) Type() string { return c.what + "s" }

// Set implements pflag.Value.
func (c *choices[T]) Set(list string) error {
	var chosen []T
	for word := range strings.SplitSeq(list, ",") {
		one := T(strings.TrimSpace(word))
		if !slices.Contains(c.of, one) {
			return fmt.Errorf("found the %s %q; accepted: %s, or several separated by commas", c.what, one, oneOf(c.of))
		}
		chosen = append(chosen, one)
	}
	*c.chosen = chosen
	return nil
}

// oneOf writes words as accepted ones: a, b or c.
func oneOf[T ~string](of []T) string {
	words := make([]string, len(of))
	for i, word := range of {
		words[i] = string(word)
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
