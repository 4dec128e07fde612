package run

import (
	"context"
	"errors"

	"quorumbench/bench/experiment"
	"quorumbench/bench/system"
)

// live refuses a live run: a browser has no sockets, files or threads for it. What live runs need is not built for
// GOOS=js, and .ci/imports checks that the playground links none of it.
func (r *running) live(context.Context) error {
	return errors.New("found world live, which needs UDP sockets and files; accepted in a browser: world sim")
}

// System is what runs a system as it is, which a browser cannot.
type System struct {
	Adapter system.Adapter
	Open    func(plan *experiment.Plan, seed uint64) (Network, error)
}

// Network is an emulated network for programs that know nothing of it, which a browser does not have.
type Network any

func (r *running) system(context.Context) error {
	return errors.New("found a system to be run as it is, which needs processes; accepted in a browser: drivers")
}

// Part is one place of a live run whose others are run by other processes, which a browser does not have.
type Part struct{}

func (r *running) part(context.Context) error {
	return errors.New("found a part of a live run, which needs UDP sockets; accepted in a browser: world sim")
}
