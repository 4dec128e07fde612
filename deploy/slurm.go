package deploy

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"quorumbench/bench/shard"
)

// Slurm is what is said of a deployment to Slurm alone.
type Slurm struct {
	Program string        // path of quorumbench on the nodes
	Join    time.Duration // how long the sites may take to find each other
}

// slurmTask tells the address of the node that a task is on.
const slurmTask = `scontrol -o show node "$SLURMD_NODENAME" | sed -n "s/.* NodeAddr=\([^ ]*\).*/\1/p"`

// slurmPeers makes the value of --peers of what the tasks tell, which srun puts their numbers before. Sites on the same node have
// ports that follow each other.
const slurmPeers = `{ sub(":", "", $1); if ($2 ~ /:/) $2 = "[" $2 "]"; printf "%%s%%d=%%s:%%d", (NR > 1 ? "," : ""), $1, $2, %d + seen[$2]++ }`

// WriteSlurm prints a batch script for sbatch: with a task for each region, or with a job array of shards. It makes its own keys.
func (d *Deployment) WriteSlurm(w io.Writer, s Slurm) error {
	if s.Program == "" || s.Program[0] != '/' {
		return fmt.Errorf("--program: found %q; accepted: an absolute path, which is the same on all nodes", s.Program)
	}
	if d.Shards > maxArray {
		return errors.New("--shards: found more than 1000000; accepted: as many as Slurm's MaxArraySize permits")
	}
	var b strings.Builder
	b.WriteString("#!/bin/sh\n# Made by quorumbench deploy slurm. docs/deploying.md of quorumbench tells more.\n")
	begin := fmt.Sprintf(`
# shellcheck disable=SC2016 # dollar signs in single quotes stand for themselves
set -eu
umask 077
quorumbench=${QUORUMBENCH:-%s}
if [ ! -x "$quorumbench" ]; then
	echo "found no program at $quorumbench on $(hostname); accepted: its path in QUORUMBENCH, the same on all nodes" >&2
	exit 2
fi
`, quote(s.Program))
	if d.Shards > 0 {
		d.slurmShards(&b, begin)
	} else {
		d.slurmSites(&b, begin, s)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// maxArray is the greatest number of shards.
const maxArray = shard.MaxCount

func (d *Deployment) slurmSites(b *strings.Builder, begin string, s Slurm) {
	fmt.Fprintf(b, `# A task for each of %[1]d regions. Submit it in a folder that all nodes share; the result is put there, into %[2]s-JOB/result.
# What is given to sbatch goes before the lines that follow. For all on one node: sbatch --nodes=1 --overcommit FILE
#SBATCH --job-name=%[2]s
#SBATCH --nodes=%[1]d
#SBATCH --ntasks=%[1]d
#SBATCH --output=%[2]s-%%j.log
`, d.sites(), d.Name)
	b.WriteString(begin)
	fmt.Fprintf(b, `folder=${SLURM_SUBMIT_DIR:-.}/%s-$SLURM_JOB_ID
mkdir "$folder"
cd "$folder"
trap 'rm -rf keys' EXIT
`, d.Name)
	b.WriteString(d.shellFiles())
	fmt.Fprintf(b, `"$quorumbench" keys %s --out keys

# Where each task is: its number, the address of its node, and a port.
peers=$(srun --label sh -c %s | sort -n | awk %s)

code=0
srun --kill-on-bad-exit=0 "$quorumbench" site %s --peers "$peers" --keys keys --join %s --out result || code=$?
exit "$code"
`, d.shellExperiment(), quote(slurmTask), quote(fmt.Sprintf(slurmPeers, d.Port)), d.shellExperiment(), s.Join)
}

func (d *Deployment) slurmShards(b *strings.Builder, begin string) {
	fmt.Fprintf(b, `# %[1]d shards of an experiment. Submit it in a folder that all nodes share; the results are put there, into %[2]s, and then:
#   quorumbench merge %[2]s
# Submitted again, it runs what is not there yet. One shard alone: sbatch --array=3 FILE
#SBATCH --job-name=%[2]s
#SBATCH --array=0-%[3]d
#SBATCH --ntasks=1
#SBATCH --output=%[2]s-%%A-%%a.log
`, d.Shards, d.Name, d.Shards-1)
	if d.Live {
		b.WriteString("#SBATCH --exclusive\n") // two live runs on a node would disturb each other
	}
	b.WriteString(begin)
	fmt.Fprintf(b, `results=${SLURM_SUBMIT_DIR:-$PWD}/%s
export %s=%d
files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT
cd "$files"
`, d.Name, shard.CountVariable, d.Shards)
	b.WriteString(d.shellFiles())
	arguments := quoteAll(d.runArguments("EXPERIMENT", "RESULTS"))
	arguments = strings.NewReplacer("'EXPERIMENT'", d.shellExperiment(), "'RESULTS'", `"$results"`).Replace(arguments)
	fmt.Fprintf(b, "\ncode=0\n\"$quorumbench\" %s || code=$?\nexit \"$code\"\n", arguments)
}
