package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// childGrace is how much longer than its warm-up and its measured time a measurement may take: to start, and to check
// what it recorded.
const childGrace = 3 * time.Minute

// start measures a system in a process of its own. Round counts from 0.
func (o *options) start(ctx context.Context, name string, round int) (found *measurement, err error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	folder, err := os.MkdirTemp("", "peers-*")
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	ctx, cancel := context.WithTimeout(ctx, seconds(o.warmup)+seconds(o.seconds)+childGrace)
	defer cancel()
	child := exec.CommandContext(ctx, program,
		"-child", name, "-folder", folder,
		fmt.Sprintf("-clients=%d", o.clients), fmt.Sprintf("-seconds=%v", o.seconds), fmt.Sprintf("-warmup=%v", o.warmup),
		fmt.Sprintf("-seed=%d", o.seed+uint64(round)), "-cpuprofile", profileOf(o.profile, name, round))
	if o.gogc != 0 {
		child.Env = append(os.Environ(), fmt.Sprintf("GOGC=%d", o.gogc))
	}
	var output, complaints bytes.Buffer
	child.Stdout, child.Stderr = &output, &complaints
	if err := child.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(complaints.String()))
	}
	found = &measurement{}
	if err := json.Unmarshal(output.Bytes(), found); err != nil {
		return nil, fmt.Errorf("reading what was measured: %w", err)
	}
	return found, nil
}

// profileOf is the file for the profile of a system in a round: cpu.raft.1.prof for cpu.prof.
func profileOf(file, name string, round int) string {
	if file == "" {
		return ""
	}
	extension := filepath.Ext(file)
	return fmt.Sprintf("%s.%s.%d%s", strings.TrimSuffix(file, extension), name, round+1, extension)
}
