// Command example is quorumbench with one more driver.
package main

import (
	"quorumbench/cmd/cli"
	"quorumbench/protocols/registry"

	"example/primarybackup"
)

func main() { cli.Main(append(registry.Drivers, &primarybackup.Driver)...) }
