// Package cli is the command line of quorumbench, for the drivers that its caller names. A program with
// drivers of its own is
//
//	func main() { cli.Main(append(registry.Drivers, &mydriver.Driver)...) }
//
// and has all commands: run, plan, check, report and the others. [Run] is the same for tests.
package cli
