package verify

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"quorumbench/bench/load"
	"quorumbench/bench/result"
	"quorumbench/bench/system"
	"quorumbench/protocols/kv/linear"
)

// FinalRead is a read of a key after the load has ended, which tells whether the last write is still there.
type FinalRead struct {
	Key    uint64 // its number
	Value  uint64 // a hash as load.Sample has it; 0 if the key was absent
	Called time.Duration
	Ended  time.Duration // result.Never if it had no answer
}

// checkSystem checks the run of a system by what its clients saw, since nothing is known of what its nodes do. What a system
// does not promise is not held against it.
func (r *Record) checkSystem() []result.Check {
	promise := r.Protocol.Described().Promise
	lost := verdict(CheckNothingLost, r.checkFinalReads())
	linearizable := verdict(CheckLinearizable, r.checkHistory())
	if promise == system.Nothing && lost.Verdict != result.Passed {
		lost.Verdict = result.NotPromised
	}
	if promise != system.Linearizable && linearizable.Verdict != result.Passed {
		linearizable.Verdict = result.NotPromised
	}
	return []result.Check{lost, linearizable}
}

// verdict is the outcome of a check that has returned an error, or nil.
func verdict(name string, err error) result.Check {
	c := result.Check{Name: name, Verdict: result.Passed}
	var why undecided
	var open unexplained
	switch {
	case err == nil:
		return c
	case errors.As(err, &why):
		c.Verdict = result.Undecided
	case errors.As(err, &open):
		c.Verdict = result.Unexplained
	default:
		c.Verdict = result.Failed
	}
	c.Detail = err.Error()
	return c
}

// checkFinalReads checks that no answered write is missing in the end: what a final read finds is a write after which, in
// real time, no other write of its key both began and was answered. A write without an answer may have taken effect at any time.
func (r *Record) checkFinalReads() error {
	if r.Unsettled != "" {
		return undecided(r.Unsettled)
	}
	writes := map[uint64][]*load.Sample{}
	for _, c := range r.Clients {
		for i := range c.Samples.Len() {
			if s := c.Samples.At(i); !s.Read {
				writes[s.Key] = append(writes[s.Key], s)
			}
		}
	}
	read := map[uint64]bool{}
	for i := range r.FinalReads {
		f := &r.FinalReads[i]
		if f.Ended == result.Never {
			continue
		}
		read[f.Key] = true
		if err := r.checkFinalRead(f, writes[f.Key]); err != nil {
			return err
		}
	}
	for key, of := range writes {
		if read[key] {
			continue
		}
		for _, s := range of {
			if s.Answered != result.Never {
				return undecided("not every key was read in the end")
			}
		}
	}
	return nil
}

// checkFinalRead checks one final read against the writes of its key.
func (r *Record) checkFinalRead(f *FinalRead, writes []*load.Sample) error {
	name := r.Clients[0].KeyName(f.Key)
	var latest *load.Sample // of the answered writes, the one that was issued last
	for _, s := range writes {
		if s.Answered != result.Never && s.Answered < f.Called && (latest == nil || s.Sent > latest.Sent) {
			latest = s
		}
	}
	if latest == nil && f.Value == 0 {
		return nil
	}
	text := ""
	if latest != nil {
		text = fmt.Sprintf("a write of %q was issued at %v and answered at %v, and in the end ", name, latest.Sent, latest.Answered)
	}
	if f.Value == 0 {
		return errors.New(text + "the key is absent")
	}
	found := false
	for _, s := range writes {
		if s.Value != f.Value {
			continue
		}
		found = true
		if latest == nil || s.Answered == result.Never || s.Answered >= latest.Sent {
			return nil
		}
	}
	if !found {
		return fmt.Errorf("a read of %q in the end found a value that nobody has written", name)
	}
	return errors.New(text + "the key has a value whose write was answered before that was issued")
}

// checkHistory searches for a linearization of what clients and final reads saw.
func (r *Record) checkHistory() error {
	history := r.history(nil)
	for _, f := range r.FinalReads {
		if f.Ended == result.Never {
			continue
		}
		op := linear.Operation{
			Client: uint64(len(r.Clients)) + 1, Key: strconv.FormatUint(f.Key, 10), Read: true,
			Called: f.Called, Answered: true, Returned: f.Ended,
		}
		if f.Value != 0 {
			op.Value = strconv.FormatUint(f.Value, 16)
		}
		history = append(history, op)
	}
	switch linear.Check(history, linearSteps) {
	case linear.Linearizable:
		return nil
	case linear.Undecided:
		return unexplained(fmt.Sprintf("a search of %d steps has found no order of the clients' %d commands that explains what they read, and no proof that there is none", linearSteps, len(history)))
	}
	return fmt.Errorf("no order of the clients' %d commands explains what they read", len(history))
}

// ToRead lists the keys that were written, each as a final read that has no answer yet.
func (r *Record) ToRead() (reads []FinalRead) {
	seen := map[uint64]bool{}
	for _, c := range r.Clients {
		for i := range c.Samples.Len() {
			if s := c.Samples.At(i); !s.Read && !seen[s.Key] {
				seen[s.Key] = true
				reads = append(reads, FinalRead{Key: s.Key, Ended: result.Never})
			}
		}
	}
	return reads
}

// Found notes the answer to a final read: the value, nil if the key is absent.
func (f *FinalRead) Found(value []byte, now time.Duration) {
	f.Ended, f.Value = now, 0
	if value != nil {
		f.Value = load.Hash(value)
	}
}
