package cli

import (
	"context"
	"errors"
	"fmt"
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
that has no replica beside it goes to the one that serves it best.`,
		Example: `  quorumbench plan configs/three-regions.yaml
  quorumbench plan configs/five-regions.yaml --clients us-east-1=8,eu-west-1=1
  quorumbench plan --choose 3 --from aws-2020-06-05 --clients us-east-1=5,eu-west-1=3,ap-south-1=2
  quorumbench plan --choose 5 --from aws-2020-06-05 --with us-east-1 --clients all --by worst`,
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
	flags.StringSliceVar(&options.protocols, "protocols", nil, "only these")
	flags.StringSliceVar(&options.clients, "clients", nil, "where clients are, and their weights, as us-east-1=5,eu-west-1=3; or all")
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
		fmt.Fprintf(aside(cmd, *o.format), "the least a write can take, in ms, from each client region (%s)\n", topology.Name)
		return reports.Placements(cmd.OutOrStdout(), placement.Table(n, placements, clients, aim), outputOf(cmd, *o.format))
	}
	var fixed []int
	for _, region := range o.with {
		fixed = append(fixed, slices.Index(n.Regions, region))
	}
	keepOnInterrupt(cmd.Context())
	best, placements, err := placement.Choose(cmd.Context(), n, compared, o.choose, len(regions), fixed, clients, aim, o.top)
	if errors.Is(err, context.Canceled) {
		return interrupted("interrupted after %d placements were compared", placements)
	}
	if err != nil {
		return usage(err)
	}
	fmt.Fprintf(aside(cmd, *o.format), "the best of %d placements of %d replicas in %d regions of %s, in ms; compared in %v\n",
		placements, o.choose, len(regions), topology.Name, time.Since(begun).Round(time.Millisecond))
	return reports.Placements(cmd.OutOrStdout(), placement.Table(n, best, clients, aim), outputOf(cmd, *o.format))
}

// planWhere returns the topology, and the regions that replicas may be placed in, with their places in the
// topology: those of the experiment, or those to choose from.
func planWhere(e *experiment.Plan, o *planOptions) (topology *netem.Topology, regions, places []string, err error) {
	switch {
	case o.choose == 0 && (o.from != "" || len(o.among) > 0 || len(o.with) > 0):
		return nil, nil, nil, usage(errors.New("found --from, --among or --with without --choose; accepted: with --choose N"))
	case o.choose == 0 && e != nil:
		replicas := e.Experiment.Replicas
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

// planProtocols returns what is compared: the experiment's protocols, each once whoever leads, or
// all; of these, the ones named by the flag.
func planProtocols(e *experiment.Plan, drivers protocols.Drivers, o *planOptions) ([]placement.Protocol, error) {
	var all []placement.Protocol
	if e != nil {
		for _, protocol := range e.Experiment.Protocols {
			label := protocol.Variant()
			if !slices.ContainsFunc(all, func(p placement.Protocol) bool { return p.Label == label }) {
				driver := drivers.Find(protocol.Name)
				options := driver.Chosen(len(e.Experiment.Replicas), protocol.Options)
				all = append(all, placement.Protocol{Label: label, Driver: driver, Options: options})
			}
		}
	} else {
		for _, d := range drivers {
			all = append(all, placement.Protocol{Label: d.Name, Driver: d})
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
// not beside its replicas. None means one beside each replica.
func planClients(e *experiment.Plan, topology *netem.Topology, o *planOptions) []string {
	switch {
	case len(o.clients) == 1 && o.clients[0] == "all":
		return topology.Regions
	case len(o.clients) == 0 && e != nil && !slices.Equal(e.Experiment.Clients, e.Experiment.Replicas):
		return e.Experiment.Clients
	}
	return o.clients
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
