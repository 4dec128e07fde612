package configs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// The greatest sizes of files, in bytes.
const (
	MaxExperiment = 256 << 10 // of an experiment, or the script of a scenario
	MaxTopology   = 8 << 20   // the links between 256 regions take about 5 MB
)

// pipeTimeout is how long a pipe may be silent.
const pipeTimeout = 5 * time.Second

// ReadFile reads a file of at most limit bytes. It may be a pipe, too. One that nobody has opened for writing is empty
// and is not waited for.
func ReadFile(path string, limit int64) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	tooMuch := fmt.Errorf("%s has more than %d bytes; accepted: up to that", path, limit)
	var from io.Reader = file
	switch mode := info.Mode(); {
	case mode.IsDir():
		return nil, fmt.Errorf("%s is a folder; accepted: a file", path)
	case mode&fs.ModeNamedPipe != 0:
		from = &pipe{file}
	case !mode.IsRegular():
		return nil, fmt.Errorf("%s is a device; accepted: a file", path)
	case info.Size() > limit:
		return nil, tooMuch
	}
	data, err := io.ReadAll(io.LimitReader(from, limit+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, fmt.Errorf("%s is a pipe into which nothing was written for %v; accepted: a file", path, pipeTimeout)
	case err != nil:
		return nil, err
	case int64(len(data)) > limit:
		return nil, tooMuch
	}
	return data, nil
}

// pipe reads a pipe and does not wait longer than pipeTimeout for what comes next.
type pipe struct{ file *os.File }

func (p *pipe) Read(b []byte) (int, error) {
	if err := p.file.SetReadDeadline(time.Now().Add(pipeTimeout)); err != nil {
		return 0, err
	}
	return p.file.Read(b)
}
