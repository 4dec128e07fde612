package cli

import (
	"context"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"quorumbench/bench"
	"quorumbench/reports/site"
)

// showLive serves a page that shows an experiment while it runs, and lets the options tell it how it goes. End tells the page
// how it ended, and stops serving.
func showLive(cmd *cobra.Command, listener net.Listener, name, folder string, options *bench.Options) (end func(error)) {
	page := site.NewLive(name)
	ctx, cancel := context.WithCancel(context.WithoutCancel(cmd.Context())) // an interrupted run has an end to tell, too
	served := make(chan error, 1)
	go func() { served <- page.Serve(ctx, listener) }()
	fmt.Fprintf(cmd.ErrOrStderr(), "live page: http://%s/\n", listener.Addr())
	options.Watch = both(options.Watch, func(s bench.Status) {
		page.Show(site.Progress{
			Protocol: s.Protocol, Point: s.Point, Repeat: s.Repeat, Run: s.Run, Runs: s.Runs, Phase: s.Phase, Elapsed: s.Elapsed, Length: s.Length,
			Left: s.Left, Issued: s.Issued, Rate: s.Rate, P50: s.P50, P99: s.P99,
		})
	})
	return func(failed error) {
		how := "All runs are over. The result is in " + folder + "; its page is report.html there."
		if failed != nil {
			how = "It ended with: " + failed.Error()
		}
		page.End(ctx, how)
		cancel()
		if err := <-served; err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "the live page was not served to the end: %v\n", err)
		}
	}
}

// both calls two functions, of which the first may be nil.
func both(first, second func(bench.Status)) func(bench.Status) {
	if first == nil {
		return second
	}
	return func(s bench.Status) {
		first(s)
		second(s)
	}
}
