package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// output is what a command writes to. It remembers the first error, since much is printed without looking at errors.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// Fd is the number of the file that is written to, and an invalid one if it is none. It tells whether it is a terminal.
func (o *output) Fd() uintptr {
	if file, ok := o.Writer.(*os.File); ok {
		return file.Fd()
	}
	return ^uintptr(0)
}

// failed is the error of what was written, except that the reader of a pipe had enough.
func (o *output) failed() error {
	if errors.Is(o.err, syscall.EPIPE) {
		return nil
	}
	return o.err
}

// keepsKey is the key of a context's value that tells whether the command, when it is interrupted, ends by itself and
// keeps what it has.
type keepsKey struct{}

// keepOnInterrupt says that the command ends by itself, from now on, when it is interrupted.
func keepOnInterrupt(ctx context.Context) {
	if keeps, ok := ctx.Value(keepsKey{}).(*atomic.Bool); ok {
		keeps.Store(true)
	}
}

// outliveReader lets the command go on if nobody reads any more what it prints, as in quorumbench run … | head -1. It has
// no effect in a program that calls Run instead of Main.
func outliveReader(ctx context.Context) {
	if ctx.Value(keepsKey{}) != nil {
		signal.Ignore(syscall.SIGPIPE)
	}
}
