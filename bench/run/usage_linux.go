package run

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// machineTime is what all programs have used of the processors since the machine was started.
type machineTime struct {
	busy time.Duration // by programs of a nice value of 0 or less, by the kernel, and by the host of a virtual machine
	nice time.Duration // by programs of a nice value above 0
}

// machineProcessorTime reads the first line of /proc/stat, in hundredths of a second; see proc(5). It is zero where that
// cannot be read.
func machineProcessorTime() machineTime {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return machineTime{}
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return machineTime{}
	}
	at := func(i int) time.Duration {
		hundredths, _ := strconv.ParseInt(fields[i], 10, 64)
		return time.Duration(hundredths) * 10 * time.Millisecond
	}
	const user, nice, system, irq, softirq, steal = 1, 2, 3, 6, 7, 8
	return machineTime{busy: at(user) + at(system) + at(irq) + at(softirq) + at(steal), nice: at(nice)}
}
