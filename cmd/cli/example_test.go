package cli_test

import (
	"context"
	"fmt"
	"os"

	"quorumbench/cmd/cli"
	"quorumbench/protocols/registry"
)

// A command line as it is typed, without the program's name.
func ExampleRun() {
	args := []string{"topology", "list"}
	code := cli.Run(context.Background(), registry.Drivers, args, os.Stdin, os.Stdout, os.Stderr)
	fmt.Println("exit code", code)
	// Output:
	// aws-2020-06-05   19 regions, measured 2020-06-05; https://github.com/vitorenesduarte/fantoch, folder latency_aws/2020_06_05
	// gcp-2020         20 regions, measured 2020 or before; the source gives no date; https://github.com/vitorenesduarte/fantoch, folder latency_gcp
	// exit code 0
}
