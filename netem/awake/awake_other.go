//go:build !linux

package awake

import (
	"errors"
	"os/exec"
)

func allowed() error { return errors.New("this system has no threads of the lowest priority") }

func detach(*exec.Cmd) {}

func (r *rest) spin(int) {}

// Realtime fails: this system has no such priority that a process could give itself.
func Realtime() (restore func(), err error) {
	return nil, errors.New("this system has no real-time priority")
}
