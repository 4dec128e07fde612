package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/metrics"
	"quorumbench/bench/run"
	"quorumbench/bench/site"
	"quorumbench/bench/site/keys"
	"quorumbench/bench/verify"
	"quorumbench/configs/strictyaml"
	"quorumbench/protocols"
	"quorumbench/reports"
)

// The environment variables that tell a process which site it is, in the order in which they are looked at: our own, that of an Indexed
// Job of Kubernetes, and that of a task of Slurm.
var siteVariables = []string{"QUORUMBENCH_SITE", "JOB_COMPLETION_INDEX", "SLURM_PROCID"}

// sitePort is the UDP port of a site whose address names none.
const sitePort = "4460"

// siteOptions are the flags of quorumbench site.
type siteOptions struct {
	site, peers, listen, keys, coordinator, out string
	join, silence, hold                         time.Duration
	quiet, realtime                             bool
	metrics                                     *string
	format                                      *reports.Format
	look                                        *reports.FigureOptions
}

func siteCommand(drivers protocols.Drivers) *cobra.Command {
	var o siteOptions
	cmd := &cobra.Command{
		Use:   "site EXPERIMENT.yaml",
		Short: "Run one region of an experiment in this process, and the others in processes of their own",
		Long: `Run one region of an experiment in this process, with its replica and its clients, while processes that
are started in the same way run the others: on one machine, or on machines that reach each other by UDP.
Links are emulated: what a site sends is delayed by the experiment's link less what the real link takes,
and a real link that is slower than the experiment's is refused. With network: real in the experiment they
are left as they are and measured; measured.yaml in the result folder is the topology that was found, and
quorumbench predict simulates the experiment over it.

The sites know each other by keys that quorumbench keys has made, and must have the same experiment and the same
version of quorumbench. One of them coordinates: it prints the table and has the result folder. All end
with its exit code. docs/sites.md tells more.

Which site a process is comes from --site, or else from QUORUMBENCH_SITE, JOB_COMPLETION_INDEX (Kubernetes) or
SLURM_PROCID: a region's name or its number, from 0. --peers has the address of each region, as in
us-east-1=10.0.0.1:4460,eu-west-1=10.0.0.2:4460, or one with %d for its number, as in qb-%d.qb:4460.
Names need not resolve yet.

--hold lets the coordinator, before it and all sites end, wait until quorumbench collect has taken its result elsewhere:
in a container, what it has written is gone when it ends.`,
		Example: `  quorumbench keys three-regions --out keys
  quorumbench site three-regions --site us-east-1 --peers 127.0.0.1:446%d --keys keys
  quorumbench site three-regions --site eu-west-1 --peers 127.0.0.1:446%d --keys keys
  quorumbench site three-regions --site ap-northeast-1 --peers 127.0.0.1:446%d --keys keys`,
		Args: arguments(cobra.ExactArgs(1), "one experiment file"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := readExperiment(cmd, args[0], drivers)
			if err != nil {
				return usage(err)
			}
			config, err := o.config(plan, time.Now())
			if err != nil {
				return usage(err)
			}
			keepOnInterrupt(cmd.Context())
			outliveReader(cmd.Context())
			s, err := site.Open(config)
			if err != nil {
				return usage(err)
			}
			defer s.Close()
			served, end, err := serveMetrics(cmd, *o.metrics, plan.Experiment.Name, plan.Experiment.Regions[config.Site])
			if err != nil {
				return err
			}
			defer end()
			if config.Site == config.Coordinator {
				return o.coordinate(cmd, args, plan, s, served)
			}
			return o.serve(cmd, plan, config, s)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.site, "site", "", "which region this process is: its name, or its number from 0 (default by the environment)")
	flags.StringVar(&o.peers, "peers", "", "the address of each region, or a pattern with %d")
	flags.StringVar(&o.listen, "listen", "", "the address to receive at, such as 10.0.0.1:4460 (default any of this machine's, with the port of this region in --peers)")
	flags.StringVar(&o.keys, "keys", keysFolder, "folder with authority.pem and this site's key")
	flags.StringVar(&o.coordinator, "coordinator", "0", "the region that coordinates: its name, or its number from 0; the same in all sites")
	flags.StringVarP(&o.out, "out", "o", "", "folder for the result, of the coordinator, or URL in an object store (default results/NAME-TIME)")
	flags.DurationVar(&o.join, "join", site.DefaultJoin, "how long the sites may take to find each other")
	flags.DurationVar(&o.silence, "silence", site.DefaultSilence, "after how long without a sign a site is lost")
	flags.DurationVar(&o.hold, "hold", 0, "how long the coordinator waits for quorumbench collect to take its result; with a URL, only if it could not be put there")
	flags.BoolVar(&o.realtime, "realtime", true, "let other programs wait during runs with open arrivals, where that is permitted (Linux: as root), and keep the processors awake")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "show no progress")
	o.metrics = metricsFlag(cmd)
	o.format = formatFlag(cmd)
	o.look = figureFlags(cmd, true)
	return cmd
}

// config checks the flags and opens the socket.
func (o *siteOptions) config(plan *experiment.Plan, now time.Time) (c site.Config, err error) {
	if err = run.CheckPart(plan); err != nil {
		return c, err
	}
	regions := plan.Experiment.Regions
	for _, limit := range []struct {
		flag               string
		value, least, most time.Duration
	}{{"join", o.join, time.Second, 24 * time.Hour}, {"silence", o.silence, time.Second, time.Hour}, {"hold", o.hold, 0, 30 * 24 * time.Hour}} {
		if limit.value < limit.least || limit.value > limit.most {
			return c, fmt.Errorf("--%s: found %v; accepted: %v to %v", limit.flag, limit.value, limit.least, limit.most)
		}
	}
	which, from := o.site, "--site"
	if which == "" {
		which, from = siteOfEngine(os.LookupEnv)
	}
	if which == "" {
		return c, fmt.Errorf("found neither --site nor any of %s in the environment; accepted: one of them, with a region or its number", strings.Join(siteVariables, ", "))
	}
	c = site.Config{Plan: plan, JoinTimeout: o.join, Silence: o.silence, Scratch: "."}
	if c.Site, err = siteIndex(regions, which); err != nil {
		return c, fmt.Errorf("%s: %w", from, err)
	}
	if c.Coordinator, err = siteIndex(regions, o.coordinator); err != nil {
		return c, fmt.Errorf("--coordinator: %w", err)
	}
	if c.Peers, err = peersOf(regions, o.peers, c.Site, o.listen != ""); err != nil {
		return c, fmt.Errorf("--peers: %w", err)
	}
	if c.Identity, err = keys.Read(o.keys, regions[c.Site], now); err != nil {
		return c, fmt.Errorf("--keys: %w", err)
	}
	listen := o.listen
	if listen == "" {
		_, port, _ := net.SplitHostPort(c.Peers[c.Site])
		listen = ":" + port
	}
	if o.realtime {
		c.Hurry = hurry(plan)
	}
	address, err := net.ResolveUDPAddr("udp", listen)
	if err != nil {
		return c, fmt.Errorf("--listen: found %q; accepted: an address with a port, such as 10.0.0.1:4460: %w", listen, err)
	}
	if c.Socket, err = net.ListenUDP("udp", address); err != nil {
		return c, fmt.Errorf("--listen: %w", err)
	}
	return c, nil
}

// siteOfEngine is what the environment says of which site this process is, and the variable that says so.
func siteOfEngine(lookup func(string) (string, bool)) (which, variable string) {
	for _, name := range siteVariables {
		if value, _ := lookup(name); value != "" {
			return value, name
		}
	}
	return "", ""
}

// siteIndex is the number of a region that is given by its name or its number.
func siteIndex(regions []string, which string) (int, error) {
	if i := slices.Index(regions, which); i >= 0 {
		return i, nil
	}
	if i, err := strconv.Atoi(which); err == nil && i >= 0 && i < len(regions) {
		return i, nil
	}
	return 0, fmt.Errorf("found %q; accepted: %s, or a number from 0 to %d%s", which, strings.Join(regions, ", "), len(regions)-1, strictyaml.DidYouMean(which, regions))
}

// peersOf reads the addresses of all regions: a list, or a pattern. That of the process itself may be missing if it is told where to
// listen.
func peersOf(regions []string, text string, self int, listens bool) ([]string, error) {
	const accepted = "accepted: REGION=HOST:PORT for each region or its number, separated by commas, or HOST:PORT with %d for the region's number"
	if text == "" {
		return nil, errors.New("found nothing; " + accepted)
	}
	peers := make([]string, len(regions))
	if !strings.Contains(text, "=") {
		if strings.Count(text, "%d") != 1 || strings.Contains(text, ",") {
			return nil, fmt.Errorf("found %q; %s", text, accepted)
		}
		for i := range regions {
			peers[i] = strings.Replace(text, "%d", strconv.Itoa(i), 1)
		}
	} else {
		for _, one := range strings.Split(text, ",") {
			region, address, is := strings.Cut(one, "=")
			if !is {
				return nil, fmt.Errorf("found %q; %s", one, accepted)
			}
			i, err := siteIndex(regions, region)
			switch {
			case err != nil:
				return nil, fmt.Errorf("region: %w", err)
			case peers[i] != "":
				return nil, fmt.Errorf("found %s twice; accepted: once", region)
			}
			peers[i] = address
		}
	}
	for i, address := range peers {
		if address == "" && i == self && listens {
			continue
		}
		if address == "" {
			return nil, fmt.Errorf("found no address of %s; %s", regions[i], accepted)
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			if _, _, err = net.SplitHostPort(net.JoinHostPort(address, sitePort)); err != nil || strings.Contains(address, ":") {
				return nil, fmt.Errorf("found the address %q of %s; %s", address, regions[i], accepted)
			}
			peers[i] = net.JoinHostPort(address, sitePort)
		}
	}
	return peers, nil
}

// coordinate runs the experiment with all sites, and tells them how it has ended. Served, if it is not nil, are the metrics.
func (o *siteOptions) coordinate(cmd *cobra.Command, args []string, plan *experiment.Plan, s *site.Site, served *metrics.Metrics) (failed error) {
	defer func() {
		text := ""
		if failed != nil {
			text = failed.Error()
		}
		s.Finish(exitCode(failed), text)
	}()
	folder, err := reserve(cmd, plan.Experiment.Name, o.out)
	if err != nil {
		return usage(err)
	}
	defer folder.Release()
	s.Scratch = folder.Path
	if err := s.Join(cmd.Context()); err != nil {
		return siteFailure(cmd, err)
	}
	plan = s.Plan // with the links as they were measured, if they are real
	if !o.quiet {
		for _, l := range s.Links() {
			fmt.Fprintf(cmd.ErrOrStderr(), "the real link to %s has a round trip of %v\n", l.To, l.RoundTrip.Round(time.Microsecond))
		}
	}
	outer := cmd.Context()
	ctx, cancel := context.WithCancelCause(outer)
	defer cancel(nil)
	cmd.SetContext(ctx)
	options := bench.Options{Scratch: folder.Path, Hurry: s.Hurry, Play: func(ctx context.Context, config run.Config) (*verify.Record, error) {
		record, err := s.Play(ctx, config)
		var lost *site.LostError
		if errors.As(err, &lost) {
			cancel(lost) // what was measured until then is kept
			return record, ctx.Err()
		}
		return record, err
	}}
	if served != nil {
		options.Watch = served.Watch
	}
	err = runPlan(cmd, plan, folder, options, o.quiet, *o.format, lookOf(cmd, args, o.look))
	if o.hold > 0 && outer.Err() == nil && isFile(filepath.Join(folder.Path, runFile)) && (folder.place == nil || folder.behind) {
		o.holdResult(outer, cmd, folder)
	}
	if lost := context.Cause(ctx); err != nil && outer.Err() == nil && ctx.Err() != nil {
		return fmt.Errorf("%w; %v", lost, err) // with the exit code of an error, not of an interruption
	}
	return err
}

// holdResult waits until the result was taken elsewhere. The other sites wait, too, so that an engine does not end this
// process when one of them has ended with an exit code that is not 0.
func (o *siteOptions) holdResult(ctx context.Context, cmd *cobra.Command, folder *resultFolder) {
	fmt.Fprintf(cmd.ErrOrStderr(), "holding the result for %v, until quorumbench collect %s has written it elsewhere\n", o.hold, folder.Path)
	taken, err := folder.Hold(ctx, o.hold)
	switch {
	case err != nil:
		fmt.Fprintf(cmd.ErrOrStderr(), "the result is not held: %v\n", err)
	case taken:
		fmt.Fprintln(cmd.ErrOrStderr(), "the result was taken")
	default:
		fmt.Fprintln(cmd.ErrOrStderr(), "nobody has taken the result")
	}
}

// serve takes part in the experiment until the coordinator says that it is over, and ends as the coordinator does.
func (o *siteOptions) serve(cmd *cobra.Command, plan *experiment.Plan, config site.Config, s *site.Site) error {
	if err := s.Join(cmd.Context()); err != nil {
		return siteFailure(cmd, err)
	}
	outcome, err := s.Serve(cmd.Context())
	if err != nil {
		return siteFailure(cmd, err)
	}
	by := plan.Experiment.Regions[config.Coordinator]
	if outcome.Code == exitFine {
		fmt.Fprintf(cmd.OutOrStdout(), "%s has the result\n", by)
		return nil
	}
	return &codedError{outcome.Code, fmt.Errorf("%s ended: %s", by, cmp.Or(outcome.Text, "without a reason"))}
}

// siteFailure is the error of a site that could not go on.
func siteFailure(cmd *cobra.Command, err error) error {
	if cmd.Context().Err() != nil {
		return interrupted("interrupted: %w", err)
	}
	return err
}
