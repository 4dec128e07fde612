//go:build !unix

package namespaces

import (
	"os/exec"

	"quorumbench/netem/wan"
)

func ownGroup(*exec.Cmd) {}

func killGroup(int) error { return wan.ErrUnsupported }
