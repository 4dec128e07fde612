// Package namespaces makes the networks of systems that are run as they are: a network namespace for each region, by package
// netem/wan. Linux only; elsewhere Open returns wan.ErrUnsupported.
package namespaces

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
	"quorumbench/bench/system"
	"quorumbench/netem"
	"quorumbench/netem/wan"
)

// Open returns a function that makes the network of a run, as run.System wants it. The process must be inside; see wan.Inside.
// Spin is for how long before a packet is due the network spins; see emulator.New.
func Open(spin time.Duration) func(plan *experiment.Plan, seed uint64) (run.Network, error) {
	return func(plan *experiment.Plan, seed uint64) (run.Network, error) {
		w, err := wan.Open(plan.Experiment.Regions, plan.Link, wan.Options{Seed: seed, Spin: spin})
		if err != nil {
			return nil, err
		}
		return &network{w, plan.Experiment.Regions}, nil
	}
}

// network is a WAN whose regions have numbers.
type network struct {
	*wan.WAN
	regions []string
}

func (n *network) Address(region int) netip.Addr { return n.WAN.Address(n.regions[region]) }

func (n *network) Dial(region int) system.Dialer { return n.WAN.Dial(n.regions[region]) }

func (n *network) Change(from, to int, config netem.LinkConfig) { n.SetLink(from, to, config) }

// How many probes are sent over each link before a run, and by how much their median may be late: 5 %, as much as the medians of a
// run may be off. Single percentiles above it have bounds of their own, by how late packets were released during the run.
const probes = 100

var budget = wan.Budget{P50: wan.Exact.P50, Share: 0.05}

// Certify probes all links.
func (n *network) Certify(ctx context.Context) (*result.Certificate, error) {
	found, err := n.WAN.Certify(ctx, probes, budget)
	if err != nil {
		return nil, err
	}
	return Certificate(found), nil
}

// Certificate is a certificate as results have it.
func Certificate(found *wan.Certificate) *result.Certificate {
	c := &result.Certificate{Problems: found.Problems}
	for _, l := range found.Links {
		c.Links = append(c.Links, result.CertifiedLink{
			From: l.From, To: l.To, Intended: l.Intended.Delay, Meant: l.Intended.Jitter, Loss: l.Intended.Loss,
			Sent: l.Sent, Received: l.Received, P50: l.P50, P99: l.P99, Jitter: l.Jitter,
		})
	}
	return c
}

// Start starts a process apart from others; see apart.
func (n *network) Start(region int, p system.Process, log string) (run.Process, error) {
	printed, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer printed.Close() // the process has its own
	cmd := n.Command(context.Background(), n.regions[region], p.Argv...)
	cmd.Env = append(cmd.Env, p.Env...)
	cmd.Stdout, cmd.Stderr = printed, printed
	apart(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	started := &process{cmd: cmd, ended: make(chan struct{})}
	go func() {
		defer close(started.ended)
		_ = cmd.Wait() // its state says how it ended
	}()
	return started, nil
}

// process is a program in a region.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// Ended is closed when the process is gone.
func (p *process) Ended() <-chan struct{} { return p.ended }

// How tells how the process ended, when it has.
func (p *process) How() string { return p.cmd.ProcessState.String() }

// endTimeout is how long a process may take to be gone after it was killed.
const endTimeout = 10 * time.Second

func (p *process) Kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing process %d: %w", p.cmd.Process.Pid, err)
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(endTimeout):
		return errors.New("it was killed, and is not gone")
	}
}
