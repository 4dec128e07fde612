package netem

import (
	"fmt"
	"time"

	"quorumbench/netem/portable"
)

// LinkConfig says what one direction of a link does to packets. The zero value is a perfect link.
type LinkConfig struct {
	// Delay is the one-way propagation delay, 0 or more.
	Delay time.Duration
	// Jitter is the standard deviation of the one-way delay, 0 or more. The delay of a packet is
	// drawn from a normal distribution about Delay; a draw below 0 counts as 0.
	Jitter time.Duration
	// Loss is the share of packets that vanish, from 0 to 1, each by a draw of its own.
	Loss float64
	// Rate is what the link carries in bits per second; 0 is unlimited.
	Rate int64
	// Queue is how many bytes may wait for a link of limited Rate, the packet that is being sent
	// included; a packet that does not fit is dropped. 0 is unlimited.
	Queue int
	// Reorder lets a packet overtake another if the jitter makes it so. Otherwise a packet never
	// arrives before one that was sent earlier.
	Reorder bool
}

// IsCut reports whether the link loses every packet, as a partition makes it. What such a link loses is not the loss that a
// network has.
func (c LinkConfig) IsCut() bool { return c.Loss >= 1 }

// Validate returns an error for a value out of range, which names the range.
func (c LinkConfig) Validate() error {
	switch {
	case c.Delay < 0:
		return fmt.Errorf("found delay %v; accepted: 0s or more", c.Delay)
	case c.Jitter < 0:
		return fmt.Errorf("found jitter %v; accepted: 0s or more", c.Jitter)
	case !(c.Loss >= 0 && c.Loss <= 1): // NaN is refused too
		return fmt.Errorf("found loss %v; accepted: a share from 0 to 1", c.Loss)
	case c.Rate < 0:
		return fmt.Errorf("found rate %d bit/s; accepted: 0 (unlimited) or more", c.Rate)
	case c.Queue < 0:
		return fmt.Errorf("found queue %d bytes; accepted: 0 (unlimited) or more", c.Queue)
	}
	return nil
}

// Fate is what became of a packet.
type Fate uint8

// The fates of a packet.
const (
	Delivered Fate = iota // it arrives
	Lost                  // it is lost
	Dropped               // it is dropped, since the link's queue is full
)

// String returns the fate's name as traces and counters print it.
func (f Fate) String() string {
	switch f {
	case Delivered:
		return "delivered"
	case Lost:
		return "lost"
	case Dropped:
		return "dropped"
	}
	return "unknown"
}

// Link is one direction of a link between two nodes: a model without a clock. What happens to the n-th packet depends
// only on the seed, the link and n, so that two protocols under test have the same losses and delays. Not safe for
// use by several goroutines.
type Link struct {
	config LinkConfig
	key    uint64 // of this link's draws
	index  uint64 // of the next packet

	// The transmitter is busy until free plus part/Rate nanoseconds. The fraction is kept so that rounding errors
	// do not add up over a long queue.
	free time.Duration
	part uint64

	lastDue time.Duration
}

// NewLink makes the link from one node to another. The configuration must be valid.
func NewLink(config LinkConfig, seed uint64, from, to int) *Link {
	key := mix(seed + gamma)
	key = mix(key + uint64(from)*gamma + gamma)
	key = mix(key + uint64(to)*gamma + gamma)
	return &Link{config: config, key: key}
}

// Config returns the configuration in force.
func (l *Link) Config() LinkConfig { return l.config }

// SetConfig changes the configuration for the packets to come; it must be valid. The count of packets goes on, so
// that later packets have the same draws as without the change. Packets in the queue or on their way are not changed,
// and without Reorder no later packet overtakes them.
func (l *Link) SetConfig(config LinkConfig) {
	l.config = config
	l.part = 0 // of the former rate; less than a nanosecond
}

// Transmit sends a packet of size bytes, up to 1 GiB, at the time now and tells when it arrives;
// due has a meaning only if the packet is Delivered. Calls must come in the order of time.
//
// A link of limited rate sends one packet after another: a packet starts when it is there and the
// link is free, occupies the link for 8·size/rate, and then takes delay and jitter to arrive. A
// lost packet occupies the link like any other.
func (l *Link) Transmit(now time.Duration, size int) (due time.Duration, fate Fate) {
	index := l.index
	l.index++

	sent := now
	if l.config.Rate > 0 {
		var part uint64
		sent, part = l.occupy(now, size)
		if l.config.Queue > 0 && sent-now > transmission(l.config.Queue, l.config.Rate) {
			return 0, Dropped
		}
		l.free, l.part = sent, part
	}
	if l.config.Loss > 0 && l.uniform(index, drawLoss) < l.config.Loss {
		return 0, Lost
	}
	delay := l.config.Delay
	if l.config.Jitter > 0 {
		normal := portable.Normal(l.uniform(index, drawJitter))
		delay = max(0, delay+time.Duration(normal*float64(l.config.Jitter)))
	}
	due = sent + delay
	if !l.config.Reorder {
		due = max(due, l.lastDue)
		l.lastDue = due
	}
	return due, Delivered
}

// occupy returns when the link would be free again, in whole nanoseconds and a fraction in units
// of 1/Rate, if it took a packet of this size now.
func (l *Link) occupy(now time.Duration, size int) (free time.Duration, part uint64) {
	start := now
	if l.free > now || l.free == now && l.part > 0 {
		start, part = l.free, l.part
	}
	rate := uint64(l.config.Rate)
	work := part + nanobits(size)
	return start + time.Duration(work/rate), work % rate
}

// transmission is how long a link of the given rate, in bit/s, takes to send size bytes, rounded
// up to whole nanoseconds.
func transmission(size int, rate int64) time.Duration {
	return time.Duration((nanobits(size) + uint64(rate) - 1) / uint64(rate))
}

// nanobits is the size in bits times the nanoseconds of a second: divided by bit/s it gives ns.
func nanobits(size int) uint64 { return uint64(size) * 8 * uint64(time.Second) }

// What is drawn for a packet: each draw has a number of its own.
const (
	drawLoss = iota
	drawJitter
	draws
)

// uniform is a draw for a packet, between 0 and 1, both excluded.
func (l *Link) uniform(index, draw uint64) float64 {
	bits := mix(l.key + (index*draws+draw+1)*gamma)
	return (float64(bits>>11) + 0.5) / (1 << 53)
}

// gamma and mix are those of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom
// number generators", OOPSLA'14): mix(key + n·gamma) is the n-th number of the generator that
// starts at key, and needs none of those before it.
const gamma = 0x9e3779b97f4a7c15

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
