package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/run"
	"quorumbench/bench/shard"
	"quorumbench/bench/site/keys"
	"quorumbench/configs"
	"quorumbench/deploy"
	"quorumbench/protocols"
)

func deployCommand(drivers protocols.Drivers) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "deploy",
		Short: "Print what an engine needs to run an experiment on many machines",
		Long: `Print what an engine needs to run an experiment with a process for each region (quorumbench site), or, with --shards,
with its runs shared out (quorumbench run --shard). The experiment's file is in what is printed, with the
topology and the trace that it names. docs/deploying.md tells how each is used.`,
		Example: `  quorumbench deploy kubernetes three-regions >three-regions.yaml
  quorumbench deploy slurm conflicts --sim --shards 20 >conflicts.sbatch`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(deployKubernetesCommand(drivers), deploySlurmCommand(drivers), deployComposeCommand(drivers), deploySSHCommand(drivers))
	return cmd
}

// deployOptions are the flags that the engines share.
type deployOptions struct {
	name    string
	port    int
	join    time.Duration
	valid   time.Duration // of keys, where they are printed
	shards  int
	sim     bool
	program string
}

func (o *deployOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.name, "name", "", "what the engine is to call it (default by the experiment's name)")
	cmd.Flags().IntVar(&o.port, "port", 4460, "UDP port of the sites")
	cmd.Flags().DurationVar(&o.join, "join", 10*time.Minute, "how long the sites may take to find each other; engines may take minutes to start the last one")
}

func (o *deployOptions) keyFlags(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&o.valid, "valid", 30*24*time.Hour, "for how long the keys are valid that are printed, from 1h to 87600h")
}

func (o *deployOptions) shardFlags(cmd *cobra.Command) {
	cmd.Flags().IntVar(&o.shards, "shards", 0, "share the runs out to so many processes, instead of a process for each region")
	cmd.Flags().BoolVar(&o.sim, "sim", false, "run shards in virtual time")
}

func (o *deployOptions) programFlag(cmd *cobra.Command, where string) {
	cmd.Flags().StringVar(&o.program, "program", "", "path of quorumbench "+where+" (default this program's)")
}

// deployment reads the experiment, and makes the deployment of it.
func (o *deployOptions) deployment(cmd *cobra.Command, argument string, drivers protocols.Drivers) (*deploy.Deployment, error) {
	plan, file, data, err := readForDeployment(cmd, argument, drivers)
	if err != nil {
		return nil, err
	}
	d, err := deploy.New(o.name, plan, file, data)
	if err != nil {
		return nil, err
	}
	if o.port < 1 || o.port > 65535-len(d.Regions) {
		return nil, fmt.Errorf("--port: found %d; accepted: 1 to %d", o.port, 65535-len(d.Regions))
	}
	if o.join < time.Second || o.join > 24*time.Hour {
		return nil, fmt.Errorf("--join: found %v; accepted: 1s to 24h", o.join)
	}
	d.Port = o.port
	switch {
	case cmd.Flags().Changed("shards"):
		return d, o.shard(d, plan)
	case o.sim:
		return nil, fmt.Errorf("--sim: found no --shards; accepted: with --shards")
	}
	if err := run.CheckPart(plan); err != nil {
		return nil, err
	}
	if cmd.Flags().Lookup("valid") == nil {
		return d, nil
	}
	if o.valid < keys.LeastValid || o.valid > keys.MostValid {
		return nil, fmt.Errorf("--valid: found %v; accepted: %v to %v", o.valid, keys.LeastValid, keys.MostValid)
	}
	return d, d.MakeKeys(time.Now(), o.valid)
}

// shard lets processes share the runs of the experiment, if there is something to do for each of them.
func (o *deployOptions) shard(d *deploy.Deployment, plan *experiment.Plan) error {
	if all := plan.Experiment.Systems(); len(all) > 0 {
		return fmt.Errorf("--shards: found the system %s; accepted: experiments without systems", all[0].System)
	}
	if o.sim {
		plan.Experiment.World = experiment.Simulated
	}
	if err := plan.CheckEnds(); err != nil {
		return err
	}
	if err := d.Shard(o.shards, o.sim); err != nil {
		return fmt.Errorf("--shards: %w", err)
	}
	if err := bench.CheckShard(plan, shard.Shard{Index: o.shards, Count: o.shards}); err != nil {
		return fmt.Errorf("--shards: %w", err)
	}
	return nil
}

// readForDeployment is readExperiment that also returns the file's name and what is in it.
func readForDeployment(cmd *cobra.Command, argument string, drivers protocols.Drivers) (*experiment.Plan, string, []byte, error) {
	if argument == "-" {
		data, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), configs.MaxExperiment+1))
		if err != nil {
			return nil, "", nil, fmt.Errorf("reading an experiment from standard input: %w", err)
		}
		cmd.SetIn(bytes.NewReader(data))
		plan, err := readExperiment(cmd, argument, drivers)
		return plan, "stdin", data, err
	}
	plan, err := readExperiment(cmd, argument, drivers)
	if err != nil {
		return nil, "", nil, err
	}
	data, err := configs.ReadFile(argument, configs.MaxExperiment)
	if err != nil {
		data, err = configs.Experiment(argument)
	}
	return plan, argument, data, err
}

// ownProgram is the path of this program's file, unless another is given.
func (o *deployOptions) ownProgram() (string, error) {
	if o.program != "" {
		return filepath.Clean(o.program), nil
	}
	own, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this program's file: %w", err)
	}
	return own, nil
}

// command is a command that prints for one engine. Nothing is printed unless all could be made.
func (o *deployOptions) command(use, short, long, example string, drivers protocols.Drivers, write func(d *deploy.Deployment, w io.Writer) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: use + " EXPERIMENT.yaml", Short: short, Long: long, Example: example,
		Args: arguments(cobra.ExactArgs(1), "one experiment file"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return append(configs.Experiments(), "yaml"), cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := o.deployment(cmd, args[0], drivers)
			if err != nil {
				return usage(err)
			}
			var made bytes.Buffer
			if err := write(d, &made); err != nil {
				return usage(err)
			}
			_, err = made.WriteTo(cmd.OutOrStdout())
			return err
		},
	}
	o.flags(cmd)
	return cmd
}

func deployKubernetesCommand(drivers protocols.Drivers) *cobra.Command {
	var o deployOptions
	var k deploy.Kubernetes
	cmd := o.command("kubernetes", "Print the objects that run an experiment on Kubernetes",
		`Print the objects that run an experiment on Kubernetes: an Indexed Job with a pod for each region, a headless Service by
which they find each other, a ConfigMap with the experiment, and a Secret with keys that are made now. The pods have no
rights: no root, no capabilities, a root filesystem that is only read, and no token.

The coordinator's pod, of the first region, holds its result until it is collected, by the command that is
printed in the beginning; with --claim the result is put into a volume, and with --out into an object store. A pod that fails is not started
again unless --retries says so; one that ends by exit code 2, 3 or 4 never is.

--region-label sends each region's pod to nodes that are there: those whose label has the region's name. There is
then a Job for each region. With --shards, which needs --claim or --out, there are no Service and no keys.

--out needs an image of the program that reaches object stores; docs/deploying.md tells how it is made, and how
pods come to be allowed to write there.`,
		`  quorumbench deploy kubernetes three-regions --image registry.example/quorumbench:1 | kubectl apply -f -
  quorumbench deploy kubernetes three-regions --region-label topology.kubernetes.io/region
  quorumbench deploy kubernetes conflicts --sim --shards 20 --claim results
  quorumbench deploy kubernetes conflicts --sim --shards 20 --out s3://bucket/conflicts --service-account writer`,
		drivers, func(d *deploy.Deployment, w io.Writer) error {
			k.Join = o.join
			return d.WriteKubernetes(w, k)
		})
	flags := cmd.Flags()
	flags.StringVar(&k.Image, "image", defaultImage, "image with quorumbench, as quorumbench image makes it")
	flags.StringVar(&k.Pull, "pull", "IfNotPresent", "when nodes pull the image: Always, IfNotPresent or Never")
	flags.StringVarP(&k.Namespace, "namespace", "n", "", "namespace of the objects (default kubectl's)")
	flags.StringVar(&k.CPU, "cpu", "1", "processors that each pod requests")
	flags.StringVar(&k.Memory, "memory", "1Gi", "memory that each pod requests, and may have at most")
	flags.StringVar((*string)(&k.Spread), "spread", string(deploy.Preferred), "pods on nodes of their own: preferred, required or none")
	flags.StringVar(&k.RegionLabel, "region-label", "", "label of nodes that names their region, such as topology.kubernetes.io/region")
	flags.StringVar(&k.Claim, "claim", "", "volume claim for the result, which all pods mount (default none: it is held until it is collected)")
	flags.StringVarP(&k.Out, "out", "o", "", "URL in an object store for the result, in place of a volume claim")
	flags.StringVar(&k.ServiceAccount, "service-account", "", "service account of the pods, by which clouds tell who may write to an object store")
	flags.StringVar(&k.Credentials, "credentials", "", "Secret whose keys become environment variables of the pods, such as AWS_ACCESS_KEY_ID")
	flags.DurationVar(&k.Hold, "hold", time.Hour, "how long the coordinator holds the result until it is collected; with --out, only if it could not be put there")
	flags.IntVar(&k.Retries, "retries", 0, "how often a pod that failed is started again, as a new attempt")
	flags.IntVar(&k.Parallel, "parallel", 0, "how many shards run at once (default all)")
	flags.BoolVar(&k.Metrics, "metrics", false, "let pods serve live figures to Prometheus, at port 9464, with the annotations that it is commonly told to look for")
	o.keyFlags(cmd)
	o.shardFlags(cmd)
	return cmd
}

func deploySlurmCommand(drivers protocols.Drivers) *cobra.Command {
	var o deployOptions
	cmd := o.command("slurm", "Print the batch script that runs an experiment on Slurm",
		`Print a batch script for sbatch, with a task for each region, or, with --shards, a job array. It makes its own keys. The
folder in which it is submitted must be shared by all nodes; so must the program, or be at the same path on each.`,
		`  quorumbench deploy slurm three-regions >run.sbatch && sbatch run.sbatch
  quorumbench deploy slurm conflicts --sim --shards 20 >conflicts.sbatch`,
		drivers, func(d *deploy.Deployment, w io.Writer) error {
			program, err := o.ownProgram()
			if err != nil {
				return err
			}
			return d.WriteSlurm(w, deploy.Slurm{Program: program, Join: o.join})
		})
	o.shardFlags(cmd)
	o.programFlag(cmd, "on the nodes")
	return cmd
}

func deployComposeCommand(drivers protocols.Drivers) *cobra.Command {
	var o deployOptions
	var image string
	cmd := o.command("compose", "Print the file that runs an experiment with Compose",
		`Print a file for Docker Compose, with a container for each region on this machine. It has keys in it that are made now.`,
		`  quorumbench deploy compose three-regions >compose.yaml && docker compose up`,
		drivers, func(d *deploy.Deployment, w io.Writer) error {
			return d.WriteCompose(w, deploy.Compose{Image: image, Join: o.join})
		})
	cmd.Flags().StringVar(&image, "image", defaultImage, "image with quorumbench, as quorumbench image makes it")
	o.keyFlags(cmd)
	return cmd
}

func deploySSHCommand(drivers protocols.Drivers) *cobra.Command {
	var o deployOptions
	var hosts []string
	var peers string
	cmd := o.command("ssh-script", "Print a shell script that runs an experiment on machines that SSH reaches",
		`Print a shell script that copies this program, the experiment and keys to machines that SSH reaches without a password,
starts a site on each, waits, and fetches the result. It makes its own keys. Here it needs sh, ssh and tar, there sh and tar.`,
		`  quorumbench deploy ssh-script three-regions --hosts me@a.example,me@b.example,me@c.example >run.sh
  sh run.sh results/three-regions`,
		drivers, func(d *deploy.Deployment, w io.Writer) error {
			program, err := o.ownProgram()
			if err != nil {
				return err
			}
			if peers != "" {
				if _, err := peersOf(d.Regions, peers, 0, true); err != nil {
					return fmt.Errorf("--peers: %w", err)
				}
			}
			return d.WriteSSH(w, deploy.SSH{Program: program, Hosts: hosts, Peers: peers, Join: o.join})
		})
	cmd.Flags().StringSliceVar(&hosts, "hosts", nil, "HOST or USER@HOST of each region, separated by commas, in the order of the experiment")
	cmd.Flags().StringVar(&peers, "peers", "", "addresses by which the sites reach each other, as in quorumbench site (default the hosts, with --port)")
	o.programFlag(cmd, "here")
	return cmd
}
