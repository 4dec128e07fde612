//go:build !linux

package namespaces

import (
	"os/exec"

	"quorumbench/netem/wan"
)

func apart(*exec.Cmd) {}

func (p *process) Pause() error { return wan.ErrUnsupported }

func (p *process) Resume() error { return wan.ErrUnsupported }
