//go:build !linux

package awake

import (
	"errors"
	"os/exec"
)

func allowed() error { return errors.New("this system has no threads of the lowest priority") }

func detach(*exec.Cmd) {}

func (r *rest) spin(int) {}
