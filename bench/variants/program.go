package variants

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Build builds a package's program, or, if tests is set, its tests, with the overlay in place of the
// sources, into a folder. It returns the program's path.
func (o *Overlay) Build(ctx context.Context, folder, path string, tests bool) (string, error) {
	program := filepath.Join(folder, "program")
	arguments := []string{"build"}
	if tests {
		arguments = []string{"test", "-c"}
	}
	return program, o.build(ctx, folder, append(arguments, "-o", program), path)
}

// BuildTests builds the tests of packages as Build does, all at a time. The program of each has the name of the package's folder
// with .test behind it.
func (o *Overlay) BuildTests(ctx context.Context, folder string, paths ...string) error {
	return o.build(ctx, folder, []string{"test", "-c", "-o", folder + string(filepath.Separator)}, paths...)
}

func (o *Overlay) build(ctx context.Context, folder string, arguments []string, paths ...string) error {
	overlay, err := o.Write(folder)
	if err != nil {
		return err
	}
	arguments = append(arguments, "-overlay", overlay, "-ldflags", "-s -w")
	cmd := exec.CommandContext(ctx, "go", append(arguments, paths...)...)
	cmd.Dir = o.sources.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s with variants: %w\n%s", strings.Join(paths, ", "), err, out)
	}
	return nil
}

// SearchProgram is the program that looks for what is wrong in a driver.
const SearchProgram = "./bench/lives/internal/search"

// Outcome is what the searching program has found.
type Outcome struct {
	Seed   uint64   // of the life that failed, 0 if none did
	Failed []string // checks, or what a scenario expects
	Tally  struct {
		Lives, Commands uint64
		Elapsed         time.Duration
	}
}

// Rate is in lives a second.
func (o *Outcome) Rate() float64 { return float64(o.Tally.Lives) / o.Tally.Elapsed.Seconds() }

// ErrDied is what Search returns when the program ended before it had an outcome: a stack without end,
// or a check that does not come back.
var ErrDied = errors.New("the program died")

// Search runs the searching program as a variant.
func Search(ctx context.Context, program string, variant int, arguments ...string) (*Outcome, error) {
	cmd := exec.CommandContext(ctx, program, arguments...)
	var stderr strings.Builder
	cmd.Env, cmd.Stderr = append(os.Environ(), "GOGC=400", Environment+"="+strconv.Itoa(variant)), &stderr
	data, err := cmd.Output()
	if err != nil {
		text := stderr.String()
		return nil, fmt.Errorf("%w: %w\n%s", ErrDied, err, text[:min(len(text), 2000)])
	}
	var out Outcome
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, fmt.Errorf("reading what was found: %w", err)
	}
	return &out, nil
}
