// Package playground is a page on which experiments are composed, simulated and looked at in a browser, and builds its
// folder for any web server. The page runs cmd/playground, compiled to WebAssembly, in a worker.
package playground

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed static
var static embed.FS

const program = "quorumbench/cmd/playground"

// Sizes are those of the program that a browser loads, in bytes.
type Sizes struct{ Raw, Compressed int }

// Write puts the page into a folder, which is made if it is not there: the files of the page, and the program, which it
// compiles with the go command in source, a folder of this module. Files of these names are replaced.
func Write(folder, source string) (Sizes, error) {
	raw, runtime, err := compile(source)
	if err != nil {
		return Sizes{}, err
	}
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return Sizes{}, err
	}
	if _, err := writer.Write(raw); err != nil {
		return Sizes{}, err
	}
	if err := writer.Close(); err != nil {
		return Sizes{}, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return Sizes{}, fmt.Errorf("making the folder of the playground: %w", err)
	}
	files := map[string][]byte{"quorumbench.wasm.gz": packed.Bytes(), "wasm_exec.js": runtime}
	entries, err := fs.ReadDir(static, "static")
	if err != nil {
		return Sizes{}, err
	}
	for _, entry := range entries {
		if files[entry.Name()], err = static.ReadFile("static/" + entry.Name()); err != nil {
			return Sizes{}, err
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return Sizes{}, fmt.Errorf("writing the playground: %w", err)
		}
	}
	return Sizes{Raw: len(raw), Compressed: packed.Len()}, nil
}

// compile returns the program, and the script that comes with the compiler and runs it.
func compile(source string) (wasm, runtime []byte, err error) {
	folder, err := os.MkdirTemp("", "quorumbench-playground-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(folder)
	out := filepath.Join(folder, "quorumbench.wasm")
	if _, err := goCommand(source, "build", "-trimpath", "-ldflags=-s -w", "-o", out, program); err != nil {
		return nil, nil, err
	}
	root, err := goCommand(source, "env", "GOROOT")
	if err != nil {
		return nil, nil, err
	}
	if runtime, err = os.ReadFile(filepath.Join(root, "lib", "wasm", "wasm_exec.js")); err != nil {
		return nil, nil, fmt.Errorf("looking for the script that runs Go in a browser: %w", err)
	}
	wasm, err = os.ReadFile(out)
	return wasm, runtime, err
}

func goCommand(source string, args ...string) (string, error) {
	command := exec.Command("go", args...)
	command.Dir = source
	command.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", errors.New("found no go command; accepted: one in PATH, which compiles the playground for the browser")
	}
	if err != nil {
		return "", fmt.Errorf("compiling %s in %s, which must be a checkout of quorumbench: %w\n%s", program, source, err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(output)), nil
}

// Part returns a file of the page by its name, such as step.js, for other pages that draw the same: a write step by step. It
// panics if there is no such file.
func Part(name string) string {
	data, err := static.ReadFile("static/" + name)
	if err != nil {
		panic(fmt.Sprintf("playground: %v", err))
	}
	return string(data)
}
