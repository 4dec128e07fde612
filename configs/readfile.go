package configs

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// ReadFile reads a file of at most limit bytes. It may be a pipe, too, but a pipe that nobody has opened for writing is
// empty and is not waited for.
func ReadFile(path string, limit int64) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a folder; accepted: a file", path)
	}
	tooMuch := fmt.Errorf("%s has more than %d bytes; accepted: up to that", path, limit)
	if info.Mode().IsRegular() && info.Size() > limit {
		return nil, tooMuch
	}
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(data)) > limit:
		return nil, tooMuch
	}
	return data, nil
}
