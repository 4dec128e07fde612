package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	backoff = 10 * time.Millisecond // how long a client waits after a write that failed
	drain   = 5 * time.Second       // how long the last writes may take when the loop is over
)

// The phases of a closed loop.
const (
	warmingUp int32 = iota
	measuring
	over
)

// client is one client of a closed loop. Its counters are its own until the loop is over, except for answered.
type client struct {
	random   *rand.Rand
	answered atomic.Int64 // warm-up included
	service  []time.Duration
	errors   int64
	failure  error // the first one
}

// writer writes one value for a client and returns when the write is answered.
type writer func(ctx context.Context, client int, random *rand.Rand) error

// closedLoop lets every client write again and again, each when its last write was answered, and returns what was
// measured. Write is called by all clients at the same time. It must return soon when its ctx ends.
func closedLoop(ctx context.Context, c config, write writer) (*measurement, error) {
	meter, err := newMeter(c.profile)
	if err != nil {
		return nil, err
	}
	clients := make([]client, c.clients)
	answered := func() (sum int64) {
		for i := range clients {
			sum += clients[i].answered.Load()
		}
		return sum
	}
	writing, cancel := context.WithCancel(ctx)
	defer cancel()
	var phase atomic.Int32
	var running sync.WaitGroup
	for i := range clients {
		clients[i].random = rand.New(rand.NewPCG(c.seed, uint64(i)))
		running.Go(func() { clients[i].run(writing, i, &phase, write) })
	}
	wait(ctx, c.warmup)
	meter.begin(answered())
	began := time.Now()
	phase.Store(measuring)
	wait(ctx, c.length)
	phase.Store(over)
	length := time.Since(began)
	meter.note(answered())
	defer time.AfterFunc(drain, cancel).Stop()
	running.Wait()
	found := &measurement{Length: length}
	found.CPU, err = meter.end()
	var service []time.Duration
	for i := range clients {
		service = append(service, clients[i].service...)
		found.Errors += clients[i].errors
		if clients[i].failure != nil && found.Invalid == nil {
			found.Invalid = []string{"a write failed: " + clients[i].failure.Error()}
		}
	}
	slices.Sort(service)
	found.Writes, found.P50, found.P99 = int64(len(service)), percentile(service, 50), percentile(service, 99)
	return found, errors.Join(err, ctx.Err())
}

// run writes until the loop is over. Only writes that are sent and answered in the measured phase count.
func (c *client) run(ctx context.Context, number int, phase *atomic.Int32, write writer) {
	for {
		before := phase.Load()
		if before == over {
			return
		}
		sent := time.Now()
		err := write(ctx, number, c.random)
		took := time.Since(sent)
		counts := before == measuring && phase.Load() == measuring
		switch {
		case err == nil:
			c.answered.Add(1)
			if counts {
				c.service = append(c.service, took)
			}
		default:
			if counts {
				c.errors++
			}
			if c.failure == nil {
				c.failure = err
			}
			time.Sleep(backoff)
		}
	}
}

// wait returns after a time, or earlier if ctx ends.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// percentile is the smallest of sorted times that at least p percent of them do not exceed; 0 if there are none.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*p+99)/100-1]
}
