package shard

import (
	"errors"
	"fmt"
	"strconv"
)

// CountVariable is the environment variable that says how many shards there are, for engines that tell a process its index only.
const CountVariable = "QUORUMBENCH_SHARDS"

// The environment variables by which engines tell a process which of several it is.
const (
	kubernetesIndex = "JOB_COMPLETION_INDEX" // of an Indexed Job, from 0
	slurmIndex      = "SLURM_ARRAY_TASK_ID"  // from SLURM_ARRAY_TASK_MIN on
	slurmCount      = "SLURM_ARRAY_TASK_COUNT"
	slurmFirst      = "SLURM_ARRAY_TASK_MIN"
	slurmLast       = "SLURM_ARRAY_TASK_MAX"
	awsIndex        = "AWS_BATCH_JOB_ARRAY_INDEX" // from 0
	awsCount        = "AWS_BATCH_JOB_ARRAY_SIZE"
)

// errNoEngine is the error of FromEngine where nothing tells the index.
var errNoEngine = errors.New("found none of " + kubernetesIndex + ", " + slurmIndex + " and " + awsIndex +
	" in the environment; accepted: one of them, as Kubernetes, Slurm and AWS Batch set them, or --shard i/n")

// FromEngine tells which shard this process is by the environment that Kubernetes (an Indexed Job), Slurm (a job array) or AWS
// Batch (an array job) gives it. Lookup is os.LookupEnv.
//
// CountVariable, where it is set, says how many shards there are, and the index then counts from 0: Kubernetes does not tell
// the number, and Slurm tells that of the tasks that were submitted together, which is not the number of shards when a single
// one is submitted again.
func FromEngine(lookup func(name string) (string, bool)) (Shard, error) {
	index, counted := "", "" // the variables that the engine has set; counted is empty where it tells no number
	switch {
	case isSet(lookup, kubernetesIndex):
		index = kubernetesIndex
	case isSet(lookup, slurmIndex):
		index, counted = slurmIndex, slurmCount
	case isSet(lookup, awsIndex):
		index, counted = awsIndex, awsCount
	default:
		return Shard{}, errNoEngine
	}
	first := 0
	if isSet(lookup, CountVariable) {
		counted = CountVariable
	} else if index == slurmIndex {
		var err error
		if first, err = slurmArray(lookup); err != nil {
			return Shard{}, err
		}
	}
	if counted == "" {
		return Shard{}, fmt.Errorf("found %s, and no %s; accepted: the number of shards in %s", index, CountVariable, CountVariable)
	}
	count, err := number(lookup, counted, 1, MaxCount)
	if err != nil {
		return Shard{}, err
	}
	at, err := number(lookup, index, first, first+count-1)
	if err != nil {
		return Shard{}, fmt.Errorf("%w, since there are %d shards by %s", err, count, counted)
	}
	return Shard{Index: at - first + 1, Count: count}, nil
}

// slurmArray is the first index of a job array. An array with gaps is refused, since its indices do not tell which shards they
// stand for.
func slurmArray(lookup func(string) (string, bool)) (first int, err error) {
	const most = 1 << 30
	first, errFirst := number(lookup, slurmFirst, 0, most)
	last, errLast := number(lookup, slurmLast, 0, most)
	count, errCount := number(lookup, slurmCount, 1, MaxCount)
	if err := errors.Join(errFirst, errLast, errCount); err != nil {
		return 0, err
	}
	if last-first+1 != count {
		return 0, fmt.Errorf("found a job array of %d tasks from %d to %d; accepted: one without gaps, or the number of shards in %s, and tasks that count from 0",
			count, first, last, CountVariable)
	}
	return first, nil
}

func isSet(lookup func(string) (string, bool), name string) bool {
	value, set := lookup(name)
	return set && value != ""
}

// number reads a whole number from an environment variable.
func number(lookup func(string) (string, bool), name string, least, most int) (int, error) {
	text, _ := lookup(name)
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s: found %q; accepted: a whole number from %d to %d", name, text, least, most)
	}
	return n, nil
}
