package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"quorumbench/deploy/image"
)

// defaultImage is what the image is called unless another name is given.
const defaultImage = "quorumbench:latest"

func imageCommand() *cobra.Command {
	var out, tag string
	var programs []string
	cmd := &cobra.Command{
		Use:   "image",
		Short: "Make an image for containers, without Docker",
		Long: `Make an image for containers, as an archive in the OCI layout: this program and nothing else, run by a user
without rights. The archive is what ctr images import, podman load, docker load, skopeo and kind load read.

The program must be static (CGO_ENABLED=0) and for Linux. --program names others than this one: with one
for amd64 and one for arm64, the image is for both. The same programs give the same archive, byte for byte.`,
		Example: `  quorumbench image --out quorumbench.tar
  CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -trimpath -o quorumbench-amd64 ./cmd/quorumbench
  CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -trimpath -o quorumbench-arm64 ./cmd/quorumbench
  quorumbench image --program quorumbench-amd64,quorumbench-arm64 --tag registry.example/quorumbench:1`,
		Args: arguments(cobra.NoArgs, "none"),
		RunE: func(cmd *cobra.Command, _ []string) (failed error) {
			if len(programs) == 0 {
				own, err := os.Executable()
				if err != nil {
					return fmt.Errorf("finding this program's file: %w", err)
				}
				programs = []string{own}
			}
			var all []*image.Binary
			for _, file := range programs {
				b, err := image.Read(file)
				if err != nil {
					return usage(fmt.Errorf("--program: %w", err))
				}
				all = append(all, b)
			}
			name := cmp.Or(out, "quorumbench.tar")
			if err := writeFile(name, func(w io.Writer) error { return image.Write(w, tag, all) }); err != nil {
				return usage(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "wrote %s: the image %s for", name, tag)
			for _, b := range all {
				fmt.Fprintf(cmd.OutOrStdout(), " %s", b.Arch)
			}
			fmt.Fprintln(cmd.OutOrStdout())
			return nil
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "file for the archive (default quorumbench.tar)")
	cmd.Flags().StringVar(&tag, "tag", defaultImage, "what the image is called")
	cmd.Flags().StringSliceVar(&programs, "program", nil, "files of static programs for Linux, one for each architecture (default this program)")
	return cmd
}

// writeFile writes a file by way of another one beside it, so that there is a whole one or none.
func writeFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return errors.New("--out: found no name of a file; accepted: one")
	}
	file, err := os.Create(name + ".tmp")
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	err = errors.Join(write(file), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
