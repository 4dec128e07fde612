package wan

import (
	"strings"
	"testing"
	"time"

	"quorumbench/netem"
)

const ms = time.Millisecond

// TestWhatACertificateRefuses judges links that do what they are meant to, and others.
func TestWhatACertificateRefuses(t *testing.T) {
	good := CertifiedLink{From: "a", To: "b", Intended: netem.LinkConfig{Delay: 35 * ms}, Sent: 1000, Received: 1000, P50: 35*ms + 100*time.Microsecond, P99: 35*ms + 900*time.Microsecond}
	for _, c := range []struct {
		name   string
		change func(c *Certificate, l *CertifiedLink)
		want   string // empty: nothing is wrong
	}{
		{"as it is meant", func(*Certificate, *CertifiedLink) {}, ""},
		{"one loss where none is meant", func(_ *Certificate, l *CertifiedLink) { l.Received-- }, "a to b: 1 of 1000 probes were lost; the loss is meant to be 0 %"},
		{"a likely loss", func(_ *Certificate, l *CertifiedLink) { l.Intended.Loss, l.Received = 0.01, 985 }, ""},
		{"no loss where some is meant", func(_ *Certificate, l *CertifiedLink) { l.Intended.Loss = 0.01 }, "0 of 1000 probes were lost; the loss is meant to be 1 %"},
		{"three times the loss", func(_ *Certificate, l *CertifiedLink) { l.Intended.Loss, l.Received = 0.01, 970 }, "30 of 1000 probes were lost"},
		{"a cut link", func(_ *Certificate, l *CertifiedLink) {
			*l = CertifiedLink{Intended: netem.LinkConfig{Loss: 1}, Sent: 10}
		}, ""},
		{"a leak in a cut link", func(_ *Certificate, l *CertifiedLink) { l.Intended.Loss = 1 }, "0 of 1000 probes were lost"},
		{"too late", func(_ *Certificate, l *CertifiedLink) { l.P50 += 300 * time.Microsecond }, "the median delay is 35.4ms; it is meant to be 35ms, and may be up to 300µs more"},
		{"too early", func(_ *Certificate, l *CertifiedLink) { l.P50 = 34 * ms }, "the median delay is 34ms"},
		{"a median within chance", func(_ *Certificate, l *CertifiedLink) {
			l.Intended.Jitter, l.P50, l.P99 = ms, 35*ms-50*time.Microsecond, 37*ms
		}, ""},
		{"a long tail", func(_ *Certificate, l *CertifiedLink) { l.P99 = 37 * ms }, "the 99th percentile of the delay is 37ms; accepted: at most 36ms"},
		{"a tail that the jitter makes", func(_ *Certificate, l *CertifiedLink) { l.Intended.Jitter, l.P99 = ms, 38*ms }, ""},
		{"a late router", func(c *Certificate, _ *CertifiedLink) { c.Lateness.P99 = 2 * ms }, "the router released packets 2ms late"},
		{"packets that were not read", func(c *Certificate, _ *CertifiedLink) { c.Dropped = 3 }, "3 packets were dropped"},
	} {
		t.Run(c.name, func(t *testing.T) {
			certificate := &Certificate{Links: []CertifiedLink{good}}
			c.change(certificate, &certificate.Links[0])
			certificate.judge(Exact)
			switch err := certificate.Err(); {
			case c.want == "" && err != nil:
				t.Errorf("found %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("found %v; want %q", err, c.want)
			}
		})
	}
}

// TestTheBudgetOfARun judges by a share of the delay, and no tails.
func TestTheBudgetOfARun(t *testing.T) {
	budget := Budget{P50: 300 * time.Microsecond, Share: 0.05}
	for _, c := range []struct {
		delay, median time.Duration
		fine          bool
	}{
		{100 * ms, 104 * ms, true},
		{100 * ms, 106 * ms, false},
		{2 * ms, 2250 * time.Microsecond, true},
		{2 * ms, 2400 * time.Microsecond, false},
		{100 * ms, 99 * ms, false},
	} {
		certificate := &Certificate{
			Links:    []CertifiedLink{{From: "a", To: "b", Intended: netem.LinkConfig{Delay: c.delay}, Sent: 100, Received: 100, P50: c.median, P99: c.median + 50*ms}},
			Lateness: Lateness{P99: 50 * ms},
		}
		if certificate.judge(budget); (len(certificate.Problems) == 0) != c.fine {
			t.Errorf("a median of %v over %v: found %v", c.median, c.delay, certificate.Problems)
		}
	}
}
