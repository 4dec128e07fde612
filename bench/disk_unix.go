//go:build linux || darwin || freebsd

package bench

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// diskFree is how many bytes are free for this user on the disk that a path is on, or the nearest folder above it that there
// is; 0 if that is not known.
func diskFree(path string) float64 {
	path, err := filepath.Abs(path)
	if err != nil {
		return 0
	}
	for {
		var s unix.Statfs_t
		if unix.Statfs(path, &s) == nil {
			return float64(s.Bavail) * float64(s.Bsize)
		}
		above := filepath.Dir(path)
		if above == path {
			return 0
		}
		path = above
	}
}
