package emulator_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"

	"quorumbench/netem"
	"quorumbench/netem/emulator"
)

// inBubble runs a test on a network in virtual time; all its links are alike.
func inBubble(t *testing.T, nodes int, config netem.LinkConfig, test func(t *testing.T, n *emulator.Network)) {
	synctest.Test(t, func(t *testing.T) {
		s := emulator.NewPortable()
		defer s.Close()
		test(t, emulator.NewNetwork(s, nodes, func(from, to int) *netem.Link {
			return netem.NewLink(config, 1, from, to)
		}))
	})
}

func write(t *testing.T, from net.PacketConn, to net.Addr, data string) {
	t.Helper()
	if n, err := from.WriteTo([]byte(data), to); n != len(data) || err != nil {
		t.Errorf("WriteTo = %d, %v", n, err)
	}
}

func TestPacketArrivesAfterTheDelayExactly(t *testing.T) {
	inBubble(t, 3, netem.LinkConfig{Delay: 35 * ms}, func(t *testing.T, n *emulator.Network) {
		a, b := n.Conn(0), n.Conn(2)
		start := time.Now()
		write(t, a, n.Addr(2), "hello")
		buffer := make([]byte, 1500)
		size, from, err := b.ReadFrom(buffer)
		if err != nil || string(buffer[:size]) != "hello" || from.String() != a.LocalAddr().String() {
			t.Errorf("ReadFrom = %q from %v, %v", buffer[:size], from, err)
		}
		if took := time.Since(start); took != 35*ms {
			t.Errorf("it took %v, want 35ms", took)
		}
		if got, want := n.Counters(0, 2), (emulator.Counters{Packets: 1, Bytes: 5 + 28}); got != want {
			t.Errorf("Counters = %+v, want %+v", got, want)
		}
	})
}

func TestPacketsArriveInTheOrderOfSending(t *testing.T) {
	inBubble(t, 2, netem.LinkConfig{Delay: ms, Jitter: ms}, func(t *testing.T, n *emulator.Network) {
		a, b := n.Conn(0), n.Conn(1)
		var sent, got []string
		for i := range 100 {
			sent = append(sent, fmt.Sprint(i))
			write(t, a, n.Addr(1), sent[i])
		}
		buffer := make([]byte, 10)
		for range sent {
			size, _, _ := b.ReadFrom(buffer)
			got = append(got, string(buffer[:size]))
		}
		if !slices.Equal(got, sent) {
			t.Errorf("got %v", got)
		}
	})
}

func TestCountersTellWhatBecameOfPackets(t *testing.T) {
	for _, c := range []struct {
		name    string
		config  netem.LinkConfig
		packets int
		want    emulator.Counters
	}{
		{"lost", netem.LinkConfig{Loss: 1 - 1e-9}, 3, emulator.Counters{Packets: 3, Bytes: 300, Lost: 3}},
		{"cut", netem.LinkConfig{Loss: 1}, 3, emulator.Counters{Packets: 3, Bytes: 300, Cut: 3}},
		{"dropped", netem.LinkConfig{Rate: 8e3, Queue: 100}, 3, emulator.Counters{Packets: 3, Bytes: 300, Dropped: 2}},
		{"not read", netem.LinkConfig{}, 5000, emulator.Counters{Packets: 5000, Bytes: 500_000, Overflow: 5000 - 4096}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, 2, c.config, func(t *testing.T, n *emulator.Network) {
				a := n.Conn(0)
				n.Conn(1)
				for range c.packets {
					write(t, a, n.Addr(1), string(make([]byte, 100-28)))
				}
				time.Sleep(time.Second)
				if got := n.Counters(0, 1); got != c.want {
					t.Errorf("Counters = %+v, want %+v", got, c.want)
				}
				if got := n.Counters(1, 0); got != (emulator.Counters{}) {
					t.Errorf("the other direction counts %+v", got)
				}
			})
		})
	}
}

func TestNodeThatDoesNotReadHoldsUpNobodyElse(t *testing.T) {
	inBubble(t, 3, netem.LinkConfig{Delay: ms}, func(t *testing.T, n *emulator.Network) {
		a, c := n.Conn(0), n.Conn(2)
		n.Conn(1)
		for range 10_000 {
			write(t, a, n.Addr(1), "x")
		}
		start := time.Now()
		write(t, a, n.Addr(2), "y")
		if _, _, err := c.ReadFrom(make([]byte, 10)); err != nil || time.Since(start) != ms {
			t.Errorf("it took %v, %v", time.Since(start), err)
		}
	})
}

func TestNewConnectionReceivesInPlaceOfTheFormer(t *testing.T) {
	inBubble(t, 2, netem.LinkConfig{Delay: ms}, func(t *testing.T, n *emulator.Network) {
		a, former := n.Conn(0), n.Conn(1)
		later := n.Conn(1)
		if err := former.Close(); err != nil { // does not take the new one's place away
			t.Error(err)
		}
		write(t, a, n.Addr(1), "x")
		if _, _, err := later.ReadFrom(make([]byte, 10)); err != nil {
			t.Error(err)
		}
		_ = later.Close()
		write(t, a, n.Addr(1), "x")
		time.Sleep(time.Second)
		if got := n.Counters(0, 1).Overflow; got != 1 {
			t.Errorf("%d packets found nobody, want 1", got)
		}
	})
}

func TestDatagramThatIsTooLongIsRefusedAndTheLinkGoesOn(t *testing.T) {
	inBubble(t, 2, netem.LinkConfig{Delay: ms}, func(t *testing.T, n *emulator.Network) {
		a, b := n.Conn(0), n.Conn(1)
		if _, err := a.WriteTo(make([]byte, 65508), n.Addr(1)); err == nil {
			t.Error("65508 bytes were accepted")
		}
		write(t, a, n.Addr(1), string(make([]byte, 65507)))
		write(t, a, n.Addr(1), "short")
		buffer := make([]byte, 1500)
		for i, want := range []int{1500, 5} { // the first is cut off
			if size, _, err := b.ReadFrom(buffer); size != want || err != nil {
				t.Errorf("datagram %d: %d bytes, %v, want %d", i, size, err, want)
			}
		}
	})
}

func TestReadEndsAtItsDeadline(t *testing.T) {
	inBubble(t, 2, netem.LinkConfig{}, func(t *testing.T, n *emulator.Network) {
		c := n.Conn(0)
		read := func() error {
			_, _, err := c.ReadFrom(make([]byte, 10))
			return err
		}
		start := time.Now()
		_ = c.SetReadDeadline(start.Add(ms))
		if err := read(); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != ms {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if err := read(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v after the deadline", err)
		}
		_ = c.SetReadDeadline(time.Time{})
		go func() {
			time.Sleep(ms)
			_ = c.SetReadDeadline(time.Now()) // while it reads
		}()
		if err := read(); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 2*ms {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		_ = c.SetReadDeadline(time.Now().Add(ms))
		_ = c.SetReadDeadline(time.Time{}) // put off
		write(t, n.Conn(1), n.Addr(0), "x")
		time.Sleep(10 * ms)
		if err := read(); err != nil {
			t.Error(err)
		}
	})
}

func TestClosedConnectionFails(t *testing.T) {
	inBubble(t, 2, netem.LinkConfig{}, func(t *testing.T, n *emulator.Network) {
		c := n.Conn(0)
		go func() {
			time.Sleep(ms)
			_ = c.Close()
		}()
		if _, _, err := c.ReadFrom(make([]byte, 10)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("ReadFrom: %v", err)
		}
		if _, err := c.WriteTo([]byte("x"), n.Addr(1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("WriteTo: %v", err)
		}
	})
}

func TestAddressOfNobodyIsRefused(t *testing.T) {
	inBubble(t, 2, netem.LinkConfig{}, func(t *testing.T, n *emulator.Network) {
		c := n.Conn(0)
		for _, addr := range []net.Addr{
			&net.UDPAddr{IP: net.IPv4(10, 0, 0, 3), Port: 4242},
			&net.UDPAddr{IP: net.IPv4(10, 0, 0, 0), Port: 4242},
			&net.UDPAddr{IP: net.IPv4(192, 168, 0, 1), Port: 4242},
			&net.UDPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1},
			&net.UDPAddr{IP: net.IPv6loopback, Port: 4242},
			&net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 4242},
		} {
			if _, err := c.WriteTo([]byte("x"), addr); err == nil {
				t.Errorf("%v is taken for a node", addr)
			}
		}
	})
}

// quic-go would send past the links with either of these.
func TestConnectionOffersNoWayAroundTheLinks(t *testing.T) {
	inBubble(t, 1, netem.LinkConfig{}, func(t *testing.T, n *emulator.Network) {
		c := n.Conn(0)
		if _, ok := c.(syscall.Conn); ok {
			t.Error("it is a syscall.Conn")
		}
		if _, ok := c.(quic.OOBCapablePacketConn); ok {
			t.Error("it is a quic.OOBCapablePacketConn")
		}
	})
}

// BenchmarkNetwork sends packets of 1200 B through a link and reads them.
func BenchmarkNetwork(b *testing.B) {
	s := emulator.New(0)
	defer s.Close()
	n := emulator.NewNetwork(s, 2, func(from, to int) *netem.Link {
		return netem.NewLink(netem.LinkConfig{Delay: 100 * time.Microsecond}, 1, from, to)
	})
	from, to := n.Conn(0), n.Conn(1)
	data, buffer := make([]byte, 1200), make([]byte, 1500)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := from.WriteTo(data, n.Addr(1)); err != nil {
			b.Fatal(err)
		}
		if i >= 100 { // on their way
			if _, _, err := to.ReadFrom(buffer); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// TestForwardedPacketsCountWhole sends an IP packet, whose headers are its own, to a device that takes one of two.
func TestForwardedPacketsCountWhole(t *testing.T) {
	inBubble(t, 2, netem.LinkConfig{Delay: 35 * ms}, func(t *testing.T, n *emulator.Network) {
		start := time.Now()
		var got []string
		n.Attach(1, func(packet []byte) bool {
			got = append(got, fmt.Sprint(string(packet), " after ", time.Since(start)))
			return len(got) == 1
		})
		n.Forward([]byte("first"), 0, 1)
		n.Forward([]byte("second"), 0, 1)
		time.Sleep(36 * ms)
		synctest.Wait()
		if want := []string{"first after 35ms", "second after 35ms"}; !slices.Equal(got, want) {
			t.Errorf("found %v, want %v", got, want)
		}
		if got, want := n.Counters(0, 1), (emulator.Counters{Packets: 2, Bytes: 11, Overflow: 1}); got != want {
			t.Errorf("Counters = %+v, want %+v", got, want)
		}
	})
}
