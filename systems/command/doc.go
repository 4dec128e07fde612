// Package command runs any program as the nodes of a system, as an experiment describes it: see system.Command.
package command
