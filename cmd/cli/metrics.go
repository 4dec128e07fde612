package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"quorumbench/bench/metrics"
)

// defaultMetrics is where metrics are served unless another address is given.
const defaultMetrics = "127.0.0.1:9464"

// metricsFlag adds the flag --metrics.
func metricsFlag(cmd *cobra.Command) *string {
	address := cmd.Flags().String("metrics", "", "serve live figures to Prometheus, at an address such as --metrics=0.0.0.0:9464; without one, at "+defaultMetrics+", which is of this machine alone")
	cmd.Flags().Lookup("metrics").NoOptDefVal = defaultMetrics
	return address
}

// serveMetrics serves the figures of an experiment until the end is called. Without an address it does nothing, and returns nil metrics.
// Site is the region that this process runs; empty if it runs all.
func serveMetrics(cmd *cobra.Command, address, experiment, site string) (m *metrics.Metrics, end func(), err error) {
	if !cmd.Flags().Changed("metrics") {
		return nil, func() {}, nil
	}
	listener, err := metrics.Listen(address)
	if err != nil {
		return nil, nil, usage(fmt.Errorf("--metrics: %w", err))
	}
	m = metrics.New(version(), experiment, site)
	ctx, cancel := context.WithCancel(context.WithoutCancel(cmd.Context()))
	served := make(chan error, 1)
	go func() { served <- m.Serve(ctx, listener) }()
	fmt.Fprintf(cmd.ErrOrStderr(), "metrics: http://%s/metrics\n", listener.Addr())
	return m, func() {
		cancel()
		if err := <-served; err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "metrics were not served to the end: %v\n", err)
		}
	}, nil
}
