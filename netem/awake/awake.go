// Package awake lets a live run have the machine's processors when it needs them: other programs wait for it, and the
// processors do not fall asleep.
//
// A processor without work halts, and the next packet has to wake it first: 20 to 50 µs on a virtual machine, at each
// hand-over between goroutines, six of which a message passes on its way. A helper process with one thread a processor,
// of the lowest priority there is (SCHED_IDLE), never lets them halt. Whatever else wants to run takes the processor from
// it at once. While the processors have much to do, the threads rest, since they sleep seldom then.
//
// It is a process of its own since Go's collector would wait for a thread that is not let run.
//
// Both belong together. Under ordinary priority, Linux takes processors that never sleep for busy ones, and lets threads queue
// up on one of them. Response time of mmp3 above its floor in three AWS regions at 150 writes a second each, and lateness
// of packets, in µs, on two cores that were otherwise idle (medians of two to four runs):
//
//	                             p50   p99    lateness p50/p99
//	ordinary priority, asleep    340   1421   32/371
//	ordinary priority, awake     307   3322   15/1745
//	real-time, asleep            340   1323   26/228
//	real-time, awake             209   635    12/38
package awake

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
)

// MostProcessors is how many processors are kept awake at most. A larger machine would burn much for little.
const MostProcessors = 16

// Keep starts the program with the arguments, which must call [Serve], and returns a function that ends it. It fails where a
// thread of the lowest priority is unknown, where the process has ordinary priority, where it may use only a share of the
// processors, which the threads would use up, and where there are more than MostProcessors. The function waits until the process has ended; it may be called once.
func Keep(program string, arguments ...string) (stop func(), err error) {
	if n := runtime.NumCPU(); n > MostProcessors {
		return nil, errors.New("more processors than are worth it")
	}
	if err := allowed(); err != nil {
		return nil, err
	}
	cmd, input, err := start(program, arguments...)
	if err != nil {
		return nil, err
	}
	return func() {
		_ = input.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}, nil
}

// start starts a program with an input that ends when this process does, however that happens.
func start(program string, arguments ...string) (*exec.Cmd, io.Closer, error) {
	cmd := exec.Command(program, arguments...)
	detach(cmd)
	cmd.Env = append(os.Environ(), "GOGC=off")
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	return cmd, input, cmd.Start()
}

// Serve keeps the processors awake until the input ends.
func Serve(input io.Reader) error {
	n := runtime.NumCPU()
	runtime.GOMAXPROCS(n + 1) // one more, to notice the end of the input
	r := &rest{length: leastRest}
	for i := range n {
		go r.spin(i)
	}
	_, err := io.Copy(io.Discard, input)
	return err
}
