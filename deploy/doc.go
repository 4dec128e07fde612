// Package deploy prints what engines that people have need to run an experiment with a process for each region: objects for
// Kubernetes, a batch script for Slurm, a file for Compose, and a shell script for machines that are reached by SSH. For
// Kubernetes and Slurm it also prints what runs an experiment in shards; see package shard.
//
// What is printed has the experiment in it, and the files that the experiment names, so that nothing else must be copied.
package deploy
