package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagError turns a mistake in the flags into a usage error that tells what is accepted.
func flagError(_ *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	if !errors.As(err, &value) {
		return usage(err)
	}
	switch value.GetFlag().Value.Type() { // these say themselves what is accepted
	case "format", "formats", "theme", "width":
		return usage(fmt.Errorf("--%s: %w", value.GetFlag().Name, value.Unwrap()))
	}
	accepted, known := map[string]string{
		"uint64": "a whole number from 0 to 18446744073709551615", "int": "a whole number", "float64": "a number",
		"duration": "a time with its unit, such as 60us", "bool": "true or false",
	}[value.GetFlag().Value.Type()]
	if !known {
		return usage(err)
	}
	return usage(fmt.Errorf("--%s: found %q; accepted: %s", value.GetFlag().Name, value.GetValue(), accepted))
}

// checkLists refuses lists that are given and empty, as they are by a mistake in a script: without the flag, all is meant.
func checkLists(cmd *cobra.Command, _ []string) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if list, ok := f.Value.(pflag.SliceValue); ok && len(list.GetSlice()) == 0 && err == nil {
			err = usage(fmt.Errorf("--%s: found an empty list; accepted: one or more, separated by commas", f.Name))
		}
	})
	return err
}
