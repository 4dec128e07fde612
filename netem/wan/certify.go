package wan

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"sync"
	"time"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"quorumbench/netem"
	"quorumbench/netem/emulator"
)

// Budget is by how much the realised one-way delay of a link may exceed the intended one.
type Budget struct {
	P50   time.Duration // of the median
	P99   time.Duration // of the 99th percentile, and how late the router may release packets at its 99th; 0: not judged
	Share float64       // of the intended delay, if that is more than P50: what the median may be off by instead
}

// Exact is the budget of a network that is to be believed in all that is measured over it.
var Exact = Budget{P50: 300 * time.Microsecond, P99: time.Millisecond}

// unlikely is how improbable a number of losses is that the link's configuration does not explain.
const unlikely = 1e-4

// Certificate tells what the network does, beside what it should do.
type Certificate struct {
	Network  string // what carries the packets; see WAN.String
	Links    []CertifiedLink
	Lateness Lateness // of all packets that the router released meanwhile
	Dropped  uint64   // packets that the router could not read in time
	Problems []string // why the network must not be believed; empty if it is within the budget
}

// CertifiedLink is what was found out about the link from one region to another.
type CertifiedLink struct {
	From, To string
	Intended netem.LinkConfig
	// Sent and Received count the probes.
	Sent, Received int
	// P50, P99 and Jitter, the standard deviation, are of the time from before a program in From sends a probe to after a program
	// in To has it: the kernel's work and the programs' waking up are part of it. 0 if nothing was received.
	P50, P99, Jitter time.Duration
}

// Lateness is how late packets were released.
type Lateness struct{ P50, P99, Max time.Duration }

// A probe is a datagram with the place of its sender, from 0, and the time when it was sent, in nanoseconds of the scheduler's clock.
const probeSize = 16

// Between two probes of a link passes this time, or so many standard deviations of its delay, whichever is longer: a link that
// keeps the order of packets makes them wait for late ones before them.
const (
	probeEvery       = 2 * time.Millisecond
	probeEveryJitter = 4
)

// probeRest is how long probes may be late before they count as lost.
const probeRest = 250 * time.Millisecond

// Certify sends probes over each link and tells what became of them, against what the links are configured to do. Nothing
// else should be sent meanwhile. A certificate has a problem for all that exceeds the budget. The probes are among the packets that the links count and draw for. A link that is cut, or whose
// rate is limited, is probed like any other; probes are small.
func (w *WAN) Certify(ctx context.Context, probes int, budget Budget) (*Certificate, error) {
	if probes < 1 {
		return nil, fmt.Errorf("found %d probes; accepted: 1 or more", probes)
	}
	n := len(w.regions)
	intended := make([][]netem.LinkConfig, n)
	var longest time.Duration
	every := probeEvery
	for from := range n {
		for to := range n {
			config := w.network.Config(from, to)
			intended[from] = append(intended[from], config)
			longest = max(longest, config.Delay+6*config.Jitter)
			every = max(every, probeEveryJitter*config.Jitter)
		}
	}
	sockets := make([]net.PacketConn, n)
	defer func() {
		for _, s := range sockets {
			if s != nil {
				_ = s.Close()
			}
		}
	}()
	for i, region := range w.regions {
		var err error
		if sockets[i], err = w.ListenPacket(region, "udp4", net.JoinHostPort(address(i).String(), "0")); err != nil {
			return nil, fmt.Errorf("probing the links: %w", err)
		}
	}
	w.scheduler.TakeLateness(emulator.Packets) // what was before does not count
	dropped := w.Dropped()

	delays := make([][][]time.Duration, n) // [to][from]
	var receiving sync.WaitGroup
	for to := range n {
		delays[to] = make([][]time.Duration, n)
		receiving.Go(func() {
			probe := make([]byte, probeSize)
			for {
				size, _, err := sockets[to].ReadFrom(probe)
				now := w.scheduler.Now()
				if err != nil {
					return
				}
				if from := binary.BigEndian.Uint64(probe); size == probeSize && from < uint64(n) {
					sent := time.Duration(binary.BigEndian.Uint64(probe[8:]))
					delays[to][from] = append(delays[to][from], now-sent)
				}
			}
		})
	}
	err := w.sendProbes(ctx, sockets, probes, every)
	if err == nil {
		err = pause(ctx, longest+probeRest)
	}
	for _, s := range sockets {
		_ = s.SetReadDeadline(time.Unix(1, 0)) // long past
	}
	receiving.Wait()
	if err != nil {
		return nil, fmt.Errorf("probing the links: %w", err)
	}

	late := w.scheduler.TakeLateness(emulator.Packets)
	c := &Certificate{Network: w.String(), Dropped: w.Dropped() - dropped, Lateness: Lateness{
		P50: time.Duration(late.ValueAtPercentile(50)), P99: time.Duration(late.ValueAtPercentile(99)), Max: time.Duration(late.Max()),
	}}
	for from := range n {
		for to := range n {
			if from != to {
				c.Links = append(c.Links, certified(w.regions[from], w.regions[to], intended[from][to], probes, delays[to][from]))
			}
		}
	}
	c.judge(budget)
	return c, nil
}

// sendProbes sends probes from each region to each other, one after the other with pauses.
func (w *WAN) sendProbes(ctx context.Context, sockets []net.PacketConn, probes int, every time.Duration) error {
	probe := make([]byte, probeSize)
	for range probes {
		for from := range sockets {
			for to := range sockets {
				if from == to {
					continue
				}
				binary.BigEndian.PutUint64(probe, uint64(from))
				binary.BigEndian.PutUint64(probe[8:], uint64(w.scheduler.Now()))
				if _, err := sockets[from].WriteTo(probe, sockets[to].LocalAddr()); err != nil {
					return err
				}
			}
		}
		if err := pause(ctx, every); err != nil {
			return err
		}
	}
	return nil
}

// pause waits, unless the context ends.
func pause(ctx context.Context, length time.Duration) error {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// certified sums up the delays of the probes that were received over a link.
func certified(from, to string, intended netem.LinkConfig, sent int, delays []time.Duration) CertifiedLink {
	l := CertifiedLink{From: from, To: to, Intended: intended, Sent: sent, Received: len(delays)}
	if len(delays) == 0 {
		return l
	}
	values := make([]float64, len(delays))
	for i, delay := range delays {
		values[i] = float64(delay)
	}
	slices.Sort(values)
	l.P50 = time.Duration(stat.Quantile(0.5, stat.Empirical, values, nil))
	l.P99 = time.Duration(stat.Quantile(0.99, stat.Empirical, values, nil))
	l.Jitter = time.Duration(stat.PopStdDev(values, nil))
	return l
}

// quantile99 is the 99th percentile of a normal distribution, in standard deviations.
var quantile99 = distuv.UnitNormal.Quantile(0.99)

// judge enters into the certificate what is not within the budget.
func (c *Certificate) judge(budget Budget) {
	for _, l := range c.Links {
		problem := func(format string, arguments ...any) {
			c.Problems = append(c.Problems, l.From+" to "+l.To+": "+fmt.Sprintf(format, arguments...))
		}
		if !l.lossFits() {
			problem("%d of %d probes were lost; the loss is meant to be %.2g %%", l.Sent-l.Received, l.Sent, 100*l.Intended.Loss)
		}
		if l.Received == 0 {
			continue
		}
		// The median of so many draws is itself uncertain: by a standard error of 1.25 σ/√n. Three of them may be by chance.
		jitter := float64(l.Intended.Jitter)
		chance := time.Duration(3 * 1.2533 * jitter / math.Sqrt(float64(l.Received)))
		allowed := max(budget.P50, time.Duration(budget.Share*float64(l.Intended.Delay))) + chance
		if off := l.P50 - l.Intended.Delay; off > allowed || off < -chance {
			problem("the median delay is %v; it is meant to be %v, and may be up to %v more", rounded(l.P50), rounded(l.Intended.Delay), rounded(allowed))
		}
		if most := l.Intended.Delay + time.Duration(quantile99*jitter) + budget.P99 + 2*chance; budget.P99 > 0 && l.P99 > most {
			problem("the 99th percentile of the delay is %v; accepted: at most %v", rounded(l.P99), rounded(most))
		}
	}
	if budget.P99 > 0 && c.Lateness.P99 > budget.P99 {
		c.Problems = append(c.Problems, fmt.Sprintf("the router released packets %v late at the 99th percentile; accepted: at most %v", rounded(c.Lateness.P99), budget.P99))
	}
	if c.Dropped > 0 {
		c.Problems = append(c.Problems, fmt.Sprintf("%d packets were dropped since the router did not read them in time; accepted: none", c.Dropped))
	}
}

// rounded leaves out what nobody reads.
func rounded(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

// lossFits reports whether as many probes were lost as the configuration makes likely.
func (l *CertifiedLink) lossFits() bool {
	lost := l.Sent - l.Received
	switch {
	case l.Intended.Loss == 0:
		return lost == 0
	case l.Intended.IsCut():
		return l.Received == 0
	}
	losses := distuv.Binomial{N: float64(l.Sent), P: l.Intended.Loss}
	return losses.CDF(float64(lost)) >= unlikely && 1-losses.CDF(float64(lost-1)) >= unlikely
}

// Err is nil if the network is within the budget, and otherwise tells all problems.
func (c *Certificate) Err() error {
	var errs []error
	for _, problem := range c.Problems {
		errs = append(errs, errors.New(problem))
	}
	return errors.Join(errs...)
}
