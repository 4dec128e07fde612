//go:build !linux

package run

import "time"

// machineTime is what all programs have used of the processors since the machine was started.
type machineTime struct{ busy, nice time.Duration }

// machineProcessorTime is not known on this system.
func machineProcessorTime() machineTime { return machineTime{} }
