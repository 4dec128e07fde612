//go:build !js

package configs

import "syscall"

// nonblock lets opening a pipe not wait for a writer.
const nonblock = syscall.O_NONBLOCK
