package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quorumbench/bench/experiment"
	"quorumbench/bench/placement"
	"quorumbench/bench/result"
	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
	"quorumbench/reports"
)

// mostShown is the greatest number of placements to show.
const mostShown = 1000

// planOptions are the flags of quorumbench plan.
type planOptions struct {
	choose    int
	from      string
	among     []string
	with      []string
	protocols []string
	clients   []string
	quorums   []string
	fails     string
	figure    string
	by        string
	top       int
	format    *reports.Format
}

func planCommand(drivers protocols.Drivers) *cobra.Command {
	var options planOptions
	cmd := &cobra.Command{
		Use:   "plan [EXPERIMENT.yaml]",
		Short: "Compute what every placement costs at least, and name the best; nothing is run",
		Long: `Compute what a write takes at least in each region, for every protocol of an experiment and every
region that may lead, and rank the placements. Nothing is run: a floor is a sum of one-way delays.

With --choose, replicas are placed in every set of so many regions of a topology (--from, or the
experiment's), and the best are shown.

Clients stand beside every replica, with equal weights, unless --clients says where they are; one
that has no replica beside it goes to the one that serves it best.

A placement survives so many crashes, or failures of whole regions, whichever they are. --fails adds how
likely it is that there are quorums.`,
		Example: `  quorumbench plan configs/three-regions.yaml
  quorumbench plan configs/five-regions.yaml --clients us-east-1=8,eu-west-1=1
  quorumbench plan --choose 3 --from aws-2020-06-05 --clients us-east-1=5,eu-west-1=3,ap-south-1=2
  quorumbench plan --choose 5 --from aws-2020-06-05 --with us-east-1 --clients all --by worst
  quorumbench plan --choose 4 --from aws-2020-06-05 --protocols raft --quorum 'joint({r1,r3,r4},{r2,r3,r4})' --fails replica=1%,region=0.1%`,
		Args: arguments(cobra.MaximumNArgs(1), "an experiment file, or none with --choose and --from"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error { return plan(cmd, drivers, args, &options) },
	}
	flags := cmd.Flags()
	flags.IntVar(&options.choose, "choose", 0, "place replicas in every set of so many regions")
	flags.StringVar(&options.from, "from", "", "the topology to choose from: a name or a file")
	flags.StringSliceVar(&options.among, "among", nil, "choose among these regions only, separated by commas")
	flags.StringSliceVar(&options.with, "with", nil, "choose only sets with these regions in them")
	flags.StringSliceVar(&options.protocols, "protocols", nil, "only these; default: those of the experiment, or all but the baselines sharded and async")
	flags.StringSliceVar(&options.clients, "clients", nil, "where clients are, and their weights, as us-east-1=5,eu-west-1=3; or all")
	flags.StringArrayVar(&options.quorums, "quorum", nil, "with --choose: compare these quorums, too, an expression over r1, r2, …; may be given several times")
	flags.StringVar(&options.fails, "fails", "", "how likely it is that a replica, or a region with all in it, is down, as replica=1%,region=0.1%")
	flags.StringVar(&options.figure, "figure", "", "with --fails: draw how likely it is that there is no quorum into this file, .png, .svg or .pdf")
	flags.StringVar(&options.by, "by", string(result.ByWeighted), "rank by weighted (mean), mean, or worst")
	flags.IntVar(&options.top, "top", 10, "how many of the chosen to show")
	options.format = formatFlag(cmd)
	return cmd
}

func plan(cmd *cobra.Command, drivers protocols.Drivers, args []string, o *planOptions) error {
	if !slices.Contains(result.Aims, result.Aim(o.by)) {
		return usage(fmt.Errorf("--by: found %q; accepted: %v", o.by, result.Aims))
	}
	if o.top < 1 || o.top > mostShown {
		return usage(fmt.Errorf("--top: found %d; accepted: 1 to %d", o.top, mostShown))
	}
	var e *experiment.Plan
	if len(args) == 1 {
		var err error
		if e, err = readExperiment(cmd, args[0], drivers); err != nil {
			return usage(err)
		}
	}
	topology, regions, places, err := planWhere(e, o)
	if err != nil {
		return err
	}
	compared, err := planProtocols(e, drivers, o)
	if err != nil {
		return err
	}
	n, clients, err := planNetwork(topology, regions, places, planClients(e, topology, o))
	if err != nil {
		return err
	}
	if compared, err = withQuorums(compared, drivers, o); err != nil {
		return err
	}
	failures, err := planFailures(o.fails)
	if err != nil {
		return err
	}
	if o.figure != "" {
		if failures == nil {
			return usage(errors.New("found --figure without --fails; accepted: with --fails replica=1%,region=0.1%"))
		}
		if _, err := reports.FormatOfFile(o.figure); err != nil {
			return usage(fmt.Errorf("--figure: %w", err))
		}
	}
	show := func(placements []placement.Placement, aim result.Aim) error {
		var probabilities placement.Failures
		if failures != nil {
			probabilities = placement.Failures(*failures)
		}
		if err := placement.Survive(n, placements, probabilities); err != nil {
			return usage(err)
		}
		if o.figure != "" {
			over, err := placement.AvailabilityOver(n, placements, probabilities)
			if err == nil {
				err = reports.DrawAvailability(o.figure, over, reports.FigureOptions{Command: "quorumbench plan"})
			}
			if err != nil {
				return err
			}
		}
		table := placement.Table(n, placements, clients, aim)
		table.Failures = failures
		return reports.Placements(cmd.OutOrStdout(), table, outputOf(cmd, *o.format))
	}
	begun := time.Now()
	aim := result.Aim(o.by)
	if o.choose == 0 {
		replicas := make([]int, len(regions))
		for i := range regions {
			replicas[i] = i
		}
		placements, err := placement.Of(n, compared, replicas, clients)
		if err != nil {
			return usage(err)
		}
		placement.Rank(n, placements, aim)
		of := topology.Name
		if e.Experiment.Changes() {
			of += ", the first membership"
		}
		fmt.Fprintf(aside(cmd, *o.format), "the least a write can take, in ms, from each client region (%s)\n", of)
		return show(placements, aim)
	}
	var fixed []int
	for _, region := range o.with {
		fixed = append(fixed, slices.Index(n.Regions, region))
	}
	keepOnInterrupt(cmd.Context())
	best, placements, err := placement.Choose(cmd.Context(), n, compared, placement.Search{Size: o.choose, Among: len(regions), Fixed: fixed, Clients: clients, Aim: aim, Top: o.top, Watch: comparing(cmd.ErrOrStderr())})
	if errors.Is(err, context.Canceled) {
		return interrupted("interrupted after %d placements were compared", placements)
	}
	if err != nil {
		return usage(err)
	}
	fmt.Fprintf(aside(cmd, *o.format), "the best of %d placements of %d replicas in %d regions of %s, in ms; compared in %v\n",
		placements, o.choose, len(regions), topology.Name, time.Since(begun).Round(time.Millisecond))
	for i, text := range o.quorums {
		fmt.Fprintf(aside(cmd, *o.format), "quorum%d: %s, r1, r2, … being the replicas in their order\n", i+1, text)
	}
	return show(best, aim)
}

// withQuorums adds to the protocols those with the quorums that the flag gives.
func withQuorums(all []placement.Protocol, drivers protocols.Drivers, o *planOptions) ([]placement.Protocol, error) {
	if len(o.quorums) > 0 && o.choose == 0 {
		return nil, usage(errors.New("found --quorum without --choose; accepted: with --choose N; an experiment's quorums stand in its file"))
	}
	var more []placement.Protocol
	for i, text := range o.quorums {
		system, err := quorum.Parse(text, func(name string) (int32, bool) {
			n, err := strconv.Atoi(strings.TrimPrefix(name, "r"))
			return int32(n - 1), err == nil && name == fmt.Sprintf("r%d", n) && n >= 1 && n <= min(o.choose, quorum.MaxReplica+1)
		})
		var refused *quorum.SyntaxError
		if errors.As(err, &refused) {
			return nil, usage(fmt.Errorf("--quorum: character %d of %s: %s; the replicas are r1 to r%d", refused.Column, text, refused.Text, o.choose))
		}
		before := len(more)
		for _, p := range all {
			if !takesQuorums(p.Driver, o.choose) {
				continue
			}
			members := protocols.Config{Members: protocols.Members(o.choose), Options: p.Options}
			complete, err := p.Driver.Complete(members)
			if err != nil {
				return nil, usage(err)
			}
			members.Quorums = quorum.Roles{}
			for _, role := range complete.Quorums.Names() {
				members.Quorums[role] = system
			}
			if _, err := p.Driver.Complete(members); err != nil {
				var apart *quorum.ApartError
				if errors.As(err, &apart) {
					err = errors.New(apart.Text(func(replica int32) string { return fmt.Sprintf("r%d", replica+1) }))
				}
				return nil, usage(fmt.Errorf("--quorum: %s: %w", text, err))
			}
			p.Label += fmt.Sprintf("+quorum%d", i+1)
			p.Quorums = members.Quorums
			more = append(more, p)
		}
		if len(more) == before {
			return nil, usage(fmt.Errorf("found --quorum with protocols whose quorums follow from their rules, or that do not work with %d replicas; accepted: with --protocols %s",
				o.choose, strings.Join(takingQuorums(drivers, o.choose), ",")))
		}
	}
	return append(all, more...), nil
}

// takesQuorums tells whether the quorums of a driver can be chosen, of so many replicas.
func takesQuorums(d *protocols.Driver, replicas int) bool {
	return len(d.Meeting) > 0 && d.CheckReplicas(replicas) == nil
}

// takingQuorums names the drivers whose quorums can be chosen.
func takingQuorums(drivers protocols.Drivers, replicas int) (names []string) {
	for _, d := range drivers {
		if takesQuorums(d, replicas) {
			names = append(names, d.Name)
		}
	}
	return names
}

// planFailures reads probabilities such as replica=1%,region=0.1%.
func planFailures(text string) (*result.Failures, error) {
	if text == "" {
		return nil, nil
	}
	f := &result.Failures{}
	for word := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(word, "=")
		if strings.Count(","+text, ","+name+"=") > 1 {
			return nil, usage(fmt.Errorf("--fails: found %s twice in %q; accepted: once", name, text))
		}
		var share experiment.Share
		err := share.UnmarshalText([]byte(value))
		switch {
		case err != nil || name != "replica" && name != "region":
			return nil, usage(fmt.Errorf("--fails: found %q; accepted: replica and region with a share each, as in replica=1%%,region=0.1%%", word))
		case name == "replica":
			f.Replica = float64(share)
		default:
			f.Region = float64(share)
		}
	}
	return f, nil
}

// planWhere returns the topology, and the regions that replicas may be placed in, with their places in the
// topology: those of the experiment that are members from the beginning, or those to choose from.
func planWhere(e *experiment.Plan, o *planOptions) (topology *netem.Topology, regions, places []string, err error) {
	switch {
	case o.choose == 0 && (o.from != "" || len(o.among) > 0 || len(o.with) > 0):
		return nil, nil, nil, usage(errors.New("found --from, --among or --with without --choose; accepted: with --choose N"))
	case o.choose == 0 && e != nil:
		replicas := e.Experiment.FirstMembers()
		return e.AllRegions, replicas, e.Places[:len(replicas)], nil
	case o.choose == 0 || o.from == "" && e == nil:
		return nil, nil, nil, usage(errors.New("found no experiment; accepted: an experiment file, or --choose N with --from TOPOLOGY"))
	case o.from == "":
		topology = e.AllRegions
	default:
		if topology, err = findTopology(o.from); err != nil {
			return nil, nil, nil, usage(err)
		}
	}
	regions = slices.Clone(topology.Regions)
	if len(o.among) > 0 {
		regions = o.among
	} else {
		for _, region := range o.with { // us-east-1#2 is none of the topology's
			if !slices.Contains(regions, region) {
				regions = append(regions, region)
			}
		}
	}
	if places, err = placesOf(topology, regions); err != nil {
		return nil, nil, nil, err
	}
	if _, err = placesOf(topology, o.with); err != nil {
		return nil, nil, nil, err
	}
	for _, region := range o.with {
		if !slices.Contains(regions, region) {
			return nil, nil, nil, usage(fmt.Errorf("--with: found %s, which is not among those to choose from: %s", region, strings.Join(regions, ", ")))
		}
	}
	return topology, regions, places, nil
}

// placesOf returns the places of regions that a flag names, each once; us-east-1#2 is another replica's in
// us-east-1.
func placesOf(topology *netem.Topology, regions []string) (places []string, err error) {
	for i, region := range regions {
		place, err := experiment.Place(topology, region)
		if err != nil {
			return nil, usage(err)
		}
		if slices.Contains(regions[:i], region) {
			return nil, usage(fmt.Errorf("found the region %s twice; accepted: once, and %s#2 for another replica there", region, place))
		}
		places = append(places, place)
	}
	return places, nil
}

// planProtocols returns what is compared: the experiment's protocols, each once whoever leads, or all; of these, the ones named by
// the flag. Without experiment and flag, baselines are left out.
func planProtocols(e *experiment.Plan, drivers protocols.Drivers, o *planOptions) ([]placement.Protocol, error) {
	var all []placement.Protocol
	if e != nil {
		for _, protocol := range e.Experiment.Protocols {
			label := protocol.Variant()
			if !slices.ContainsFunc(all, func(p placement.Protocol) bool { return p.Label == label }) {
				driver := e.Driver(protocol)
				options := driver.Chosen(len(e.Experiment.FirstMembers()), protocol.Options)
				all = append(all, placement.Protocol{Label: label, Driver: driver, Options: options, Quorums: e.Quorums(protocol), Witnesses: e.Witnesses(protocol)})
			}
		}
	} else {
		for _, d := range drivers {
			if !d.Baseline || len(o.protocols) > 0 {
				all = append(all, placement.Protocol{Label: d.Name, Driver: d})
			}
		}
	}
	if len(o.protocols) == 0 {
		return all, nil
	}
	var labels []string
	for _, p := range all {
		labels = append(labels, p.Label)
	}
	for _, name := range o.protocols {
		if !slices.Contains(labels, name) {
			return nil, usage(fmt.Errorf("--protocols: found %q; accepted: %s%s", name, strings.Join(labels, ", "), strictyaml.DidYouMean(name, labels)))
		}
	}
	return slices.DeleteFunc(all, func(p placement.Protocol) bool { return !slices.Contains(o.protocols, p.Label) }), nil
}

// planClients returns where clients are, as the flag names them: those of the flag, or the experiment's if they are
// not beside its first members. None means one beside each replica.
func planClients(e *experiment.Plan, topology *netem.Topology, o *planOptions) []string {
	switch {
	case len(o.clients) == 1 && o.clients[0] == "all":
		return topology.Regions
	case len(o.clients) == 0 && e != nil && !slices.Equal(e.Experiment.Clients, e.Experiment.FirstMembers()):
		return e.Experiment.Clients
	}
	return o.clients
}

// How often it is told how far a search among placements is: not in the first second, and then every two.
const (
	comparingQuietly = time.Second
	comparingEvery   = 2 * time.Second
)

// comparing tells how far a search among placements is, and how long it will take, unless it is over at once.
func comparing(w io.Writer) func(compared int, share float64) {
	begun := time.Now()
	next := begun.Add(comparingQuietly)
	return func(compared int, share float64) {
		now := time.Now()
		if now.Before(next) || share >= 1 {
			return
		}
		next = now.Add(comparingEvery)
		left := time.Duration(float64(now.Sub(begun)) * (1 - share) / share)
		fmt.Fprintf(w, "%d placements compared, %.0f %% of all; about %v left\n", compared, 100*share, max(left, time.Second).Round(time.Second))
	}
}

// planNetwork returns the regions that replicas may be placed in, first, then those where only
// clients are, and the clients.
func planNetwork(topology *netem.Topology, regions, places, named []string) (*placement.Network, []placement.Client, error) {
	n := &placement.Network{Regions: slices.Clone(regions)}
	places = slices.Clone(places)
	var clients []placement.Client
	add := func(region string, weight float64) error {
		at := slices.Index(n.Regions, region)
		if at < 0 {
			place, err := experiment.Place(topology, region)
			if err != nil {
				return usage(fmt.Errorf("--clients: %w", err))
			}
			at = len(n.Regions)
			n.Regions, places = append(n.Regions, region), append(places, place)
		}
		clients = append(clients, placement.Client{Region: at, Weight: weight})
		return nil
	}
	for _, c := range named {
		region, share, weighted := strings.Cut(c, "=")
		weight := 1.0
		var err error
		if weighted {
			weight, err = strconv.ParseFloat(share, 64)
		}
		if err != nil || !(weight > 0) || weight > 1e9 {
			return nil, nil, usage(fmt.Errorf("--clients: found the weight %q of %s; accepted: a number above 0", share, region))
		}
		if at := slices.Index(n.Regions, region); slices.ContainsFunc(clients, func(c placement.Client) bool { return c.Region == at }) {
			return nil, nil, usage(fmt.Errorf("--clients: found %s a second time; accepted: each region once, with its weight", region))
		}
		if err := add(region, weight); err != nil {
			return nil, nil, err
		}
	}
	if err := topology.CheckLinks(places); err != nil {
		return nil, nil, usage(err)
	}
	n.Places = places
	for i, from := range places {
		n.OneWay = append(n.OneWay, make([]time.Duration, len(places)))
		for j, to := range places {
			if i == j {
				continue
			}
			link, err := topology.Link(from, to)
			if err != nil {
				return nil, nil, usage(err)
			}
			n.OneWay[i][j] = link.OneWay
		}
	}
	return n, clients, nil
}
