// Package metrics serves how an experiment goes to Prometheus, while it goes on.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"quorumbench/bench"
)

// Metrics are the figures of an experiment. Safe for use by several goroutines.
type Metrics struct {
	registry *prometheus.Registry
	status   atomic.Pointer[bench.Status]
}

const namespace = "quorumbench_"

// The figures of the run that goes on. All have the labels of runLabels.
var (
	runLabels = []string{"protocol", "point", "repeat"}

	number   = describe("run", "Number of the run that goes on, from 1.")
	runs     = describe("runs", "Number of runs of the experiment.")
	elapsed  = describe("run_elapsed_seconds", "How long the run has gone on, warm-up included.")
	length   = describe("run_length_seconds", "How long the run is to go on, warm-up included and draining not.")
	left     = describe("left_seconds", "How long the whole experiment still takes, roughly.")
	issued   = describe("commands_issued_total", "Commands that clients have issued in the run, warm-up included.")
	answered = describe("commands_measured_total", "Commands that were measured and answered in the run.")
	response = describe("response_seconds", "Response time of the commands that were measured, so far.", "quantile")
	phase    = describe("phase", "1 for the phase that the run is in: warm-up, measuring or draining.", "phase")
)

func describe(name, help string, more ...string) *prometheus.Desc {
	return prometheus.NewDesc(namespace+name, help, append(more, runLabels...), nil)
}

// New makes the figures of an experiment. Site is the region that this process runs; empty if it runs all.
func New(version, experiment, site string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: namespace + "info", Help: "1, with what runs here.", ConstLabels: prometheus.Labels{"version": version, "experiment": experiment, "site": site},
	})
	info.Set(1)
	m.registry.MustRegister(m, info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Watch takes how the experiment goes.
func (m *Metrics) Watch(s bench.Status) { m.status.Store(&s) }

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(all chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{number, runs, elapsed, length, left, issued, answered, response, phase} {
		all <- d
	}
}

// Collect implements prometheus.Collector. Before the first run it has nothing; figures that cannot be told yet are left out.
func (m *Metrics) Collect(all chan<- prometheus.Metric) {
	s := m.status.Load()
	if s == nil {
		return
	}
	tell := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, more ...string) {
		all <- prometheus.MustNewConstMetric(d, kind, value, append(more, s.Protocol, s.Point, strconv.Itoa(s.Repeat))...)
	}
	gauge, counter := prometheus.GaugeValue, prometheus.CounterValue
	tell(number, gauge, float64(s.Run+1))
	tell(runs, gauge, float64(s.Runs))
	tell(elapsed, gauge, s.Elapsed.Seconds())
	tell(length, gauge, s.Length.Seconds())
	if s.Left != bench.Unknown {
		tell(left, gauge, s.Left.Seconds())
	}
	tell(issued, counter, float64(s.Issued))
	tell(answered, counter, float64(s.Count))
	for quantile, value := range map[string]time.Duration{"0.5": s.P50, "0.99": s.P99} {
		if value > 0 {
			tell(response, gauge, value.Seconds(), quantile)
		}
	}
	tell(phase, gauge, 1, s.Phase)
}

// Serve answers requests for /metrics until the context ends.
func (m *Metrics) Serve(ctx context.Context, listener net.Listener) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, MaxHeaderBytes: 1 << 14}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving metrics: %w", err)
	}
	return nil
}

// Listen listens on an address such as 0.0.0.0:9464. One without a host, such as :9464, is of this machine alone.
func Listen(address string) (net.Listener, error) {
	const accepted = "accepted: an address with a port, such as 127.0.0.1:9464, or 0.0.0.0:9464 for other machines to reach"
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("found the address %q; %s", address, accepted)
	}
	if host == "" || host == "localhost" {
		host = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", address, err)
	}
	return listener, nil
}
