// Command quorumbench measures how long a write takes in each region, under a consensus
// protocol, on a network, and draws the answer. Run it without arguments for help.
package main

import (
	"quorumbench/cmd/cli"
	"quorumbench/protocols/registry"
)

func main() { cli.Main(registry.Drivers...) }
