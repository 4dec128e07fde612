package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"quorumbench/bench/shard"
	"quorumbench/bench/store"
)

// shardFlag adds the flag --shard, of work that is done in several parts.
func shardFlag(cmd *cobra.Command, what string) *string {
	return cmd.Flags().String("shard", "", "do one of several parts of "+what+", such as 2/4, with a result of its own below the folder or URL of --out, for quorumbench merge; auto takes it from Kubernetes, Slurm or AWS Batch")
}

// shardOf is the shard that --shard says; nil without it.
func shardOf(cmd *cobra.Command, text string) (*shard.Shard, error) {
	if !cmd.Flags().Changed("shard") {
		return nil, nil
	}
	var s shard.Shard
	var err error
	if text == "auto" {
		s, err = shard.FromEngine(os.LookupEnv)
	} else {
		s, err = shard.Parse(text)
	}
	if err != nil {
		return nil, fmt.Errorf("--shard %s: %w", text, err)
	}
	return &s, nil
}

// errNoPlaceForShards is the error for a shard of which the others could not know where its result is.
var errNoPlaceForShards = errors.New("--shard: found neither --out nor --resume; accepted: one of them, with the folder that all shards share")

// shardFolder is the folder of a shard's result: below the one that --out or --resume names, which all shards share.
func shardFolder(cmd *cobra.Command, s *shard.Shard, out, resume string) (string, error) {
	outGiven, resumed := cmd.Flags().Changed("out"), cmd.Flags().Changed("resume")
	switch {
	case outGiven && resumed:
		return "", fmt.Errorf("--resume: %w", errBothFolders)
	case outGiven && out != "":
		return store.Join(out, s.Folder()), nil
	case resumed && resume != "":
		return store.Join(resume, s.Folder()), nil
	}
	return "", errNoPlaceForShards
}

// errBothFolders is the error for --resume with --out.
var errBothFolders = errors.New("found --out beside it; accepted: one of the two, since the result stays in its folder")
