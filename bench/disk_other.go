//go:build !linux && !darwin && !freebsd

package bench

// diskFree is how many bytes are free; it is not known on this system.
func diskFree(string) float64 { return 0 }
