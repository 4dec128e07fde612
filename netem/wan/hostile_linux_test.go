package wan_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"quorumbench/netem"
	"quorumbench/netem/wan"
)

// TestTheLongestDatagrams sends the longest datagrams that IP can carry, in 45 fragments each, and others that are too long.
func TestTheLongestDatagrams(t *testing.T) {
	onDevices(t, 0, func(t *testing.T, w *wan.WAN) {
		for _, c := range []struct {
			to      netip.Addr
			longest int
		}{
			{w.Address("b"), 65535 - 20 - 8},
			{w.Address6("b"), 65535 - 8},
		} {
			server, conn := datagrams(t, w, c.to)
			sent := bytes.Repeat([]byte{0xaa, 0x55, 0}, c.longest/3+1)[:c.longest]
			carry(t, conn, server, sent)
			if _, err := conn.Write(append(sent, 0)); !errors.Is(err, syscall.EMSGSIZE) {
				t.Errorf("%v: a byte more: found %v; want that the message is too long", c.to, err)
			}
		}
	})
}

// TestALostFragment sends datagrams in two fragments over a link with a loss: no part of a datagram arrives.
func TestALostFragment(t *testing.T) {
	onDevices(t, 0, func(t *testing.T, w *wan.WAN) {
		const datagramsSent, atOnce, loss = 200, 20, 0.2 // more at once may not have room in the receiver's socket
		for _, to := range []netip.Addr{w.Address("b"), w.Address6("b")} {
			server, conn := datagrams(t, w, to)
			before := w.Counters(0, 1)
			sent := bytes.Repeat([]byte("two "), 500)
			received, again := 0, false
			for sending := 0; sending < datagramsSent; {
				w.SetLink(0, 1, netem.LinkConfig{Loss: loss})
				begun := w.Counters(0, 1).Packets
				for range atOnce {
					if _, err := conn.Write(sent); err != nil {
						t.Fatal(err)
					}
					sending++
				}
				waitFor(t, func() bool { return w.Counters(0, 1).Packets-begun == 2*atOnce })
				w.SetLink(0, 1, netem.LinkConfig{})
				end := fmt.Appendf(nil, "the end of %d", sending)
				for attempt, arrived := range deliveries(t, conn, server, end) {
					again = again || attempt > 1
					if bytes.Equal(arrived, end) {
						break
					}
					if bytes.HasPrefix(arrived, []byte("the end")) {
						continue // of those before
					}
					if n := len(arrived); !bytes.Equal(arrived, sent) {
						t.Errorf("%v: found %d bytes; want %d as they were sent", to, n, len(sent))
					}
					received++
				}
			}
			lost := int(w.Counters(0, 1).Lost - before.Lost)
			least, most := datagramsSent-lost, datagramsSent-(lost+1)/2
			if w.Dropped() > 0 || again {
				t.Logf("%v: the machine has lost packets that no link was to lose: how many should have arrived cannot be told", to)
			} else if received < least || received > most || lost < 40 || lost > 120 {
				t.Errorf("%v: of %d packets %d were lost, and %d datagrams arrived; want 40 to 120 packets, and %d to %d datagrams", to, 2*datagramsSent, lost, received, least, most)
			}
		}
	})
}

// TestDoNotFragment sends datagrams that must not be cut: one of the MTU arrives, a longer one is refused at once, since all
// devices have the same MTU.
func TestDoNotFragment(t *testing.T) {
	onDevices(t, 1400, func(t *testing.T, w *wan.WAN) {
		for _, c := range []struct {
			to                   netip.Addr
			level, option, value int
			headers              int
		}{
			{w.Address("b"), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DO, 28},
			{w.Address6("b"), unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DO, 48},
		} {
			server, conn := datagrams(t, w, c.to)
			raw, err := conn.(syscall.Conn).SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			var set error
			if err := raw.Control(func(fd uintptr) { set = unix.SetsockoptInt(int(fd), c.level, c.option, c.value) }); errors.Join(err, set) != nil {
				t.Fatal(err, set)
			}
			if _, err := conn.Write(make([]byte, 1400-c.headers+1)); !errors.Is(err, syscall.EMSGSIZE) {
				t.Errorf("%v: a byte more than the MTU: found %v; want that the message is too long", c.to, err)
			}
			carry(t, conn, server, make([]byte, 1400-c.headers))
		}
	})
}

// TestNobodyListens sends to a port that nobody has: the answer, an ICMP message, takes its way back over the WAN.
func TestNobodyListens(t *testing.T) {
	onDevices(t, 0, func(t *testing.T, w *wan.WAN) {
		for _, to := range []netip.Addr{w.Address("b"), w.Address6("b")} {
			server, conn := datagrams(t, w, to)
			_ = server.Close()
			began := time.Now()
			if _, err := conn.Write([]byte("anybody?")); err != nil {
				t.Fatal(err)
			}
			_, err := conn.Read(make([]byte, 100))
			if took := time.Since(began); !errors.Is(err, syscall.ECONNREFUSED) || took < there+back {
				t.Errorf("%v: found %v after %v; want a refusal, not before %v", to, err, took, there+back)
			}
			if _, err := w.Dial("a")(t.Context(), "tcp", server.LocalAddr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("%v: TCP: found %v; want a refusal", to, err)
			}
		}
	})
}

// TestPacketsToNoRegion sends to groups, to everybody, to addresses that no region has, and what is no IP at all. None of it arrives
// anywhere, and the router goes on.
func TestPacketsToNoRegion(t *testing.T) {
	onDevices(t, 0, func(t *testing.T, w *wan.WAN) {
		var servers []net.PacketConn
		for _, region := range []string{"b", "the last"} {
			server, err := w.ListenPacket(region, "udp", ":4000")
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			servers = append(servers, server)
		}
		err := w.Do("a", func() error {
			var errs []error
			for _, to := range []string{"255.255.255.255", "10.0.0.255", "10.0.0.0", "10.0.0.4", "10.0.0.200", "224.0.0.1", "224.0.0.2", "ff02::1%eth0", "fd00::4", "fd00::ffff"} {
				conn, err := net.ListenPacket("udp", ":0") // it may send to everybody
				if err != nil {
					return err
				}
				_, err = conn.WriteTo([]byte("not for you"), net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(to), 4000)))
				if err != nil && !strings.Contains(err.Error(), "unreachable") {
					errs = append(errs, err)
				}
				_ = conn.Close()
			}
			return errors.Join(append(errs, sendRaw(
				nil, []byte{0x45}, []byte{0x60}, make([]byte, 19), make([]byte, 1500),
				append([]byte{0x45, 0, 0xff, 0xff}, make([]byte, 30)...),
				append([]byte{0x55}, bytes.Repeat([]byte{10}, 60)...),
				append([]byte{0x60}, bytes.Repeat([]byte{0xfd}, 38)...),
				append([]byte{0x45, 15: 0}, 11, 0, 0, 2),              // 11.0.0.2
				append([]byte{0x60, 24: 0xfe, 25: 0x80, 38: 0}, 2, 0), // fe80::2
			))...)
		})
		if err != nil {
			t.Fatal(err)
		}
		conn, err := w.Dial("a")(context.Background(), "udp", "b:4000")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		sent := carry(t, conn, servers[0], []byte("for b"))
		// A device's packets are read in the order in which they were sent.
		if b, last := w.Counters(0, 1).Packets, w.Counters(0, 2).Packets; b > uint64(sent) || last != 0 {
			t.Errorf("the links to b and to the last region carried %d and %d packets; want %d at most and 0", b, last, sent)
		}
	})
}

// sendRaw puts packets on the region's device past the kernel's checks. The kernel refuses some of them, depending on the device.
func sendRaw(packets ...[]byte) error {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	device, err := net.InterfaceByName("eth0")
	if err != nil {
		return err
	}
	to := &unix.SockaddrLinklayer{Protocol: 8, Ifindex: device.Index, Halen: 6} // 8: 0x0800, IPv4, in the order of the network
	for _, packet := range packets {
		if err := unix.Sendto(fd, packet, 0, to); err != nil && err != unix.EINVAL && err != unix.EMSGSIZE {
			return err
		}
	}
	return nil
}

// datagrams opens a socket for datagrams at an address of region b, and connects to it from region a. Both are closed with the test.
func datagrams(t *testing.T, w *wan.WAN, to netip.Addr) (net.PacketConn, net.Conn) {
	t.Helper()
	server, err := w.ListenPacket("b", "udp", net.JoinHostPort(to.String(), "0"))
	if err != nil {
		t.Fatal(err)
	}
	// What is sent at once has to have room in the socket, also while this process does not run.
	if err := server.(*net.UDPConn).SetReadBuffer(1 << 20); err != nil {
		t.Fatal(err)
	}
	conn, err := w.Dial("a")(t.Context(), "udp", server.LocalAddr().String())
	if err != nil {
		_ = server.Close()
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(); _ = server.Close() })
	if err := server.SetReadDeadline(time.Now().Add(time.Minute)); err != nil { // a test that waits for ever tells nothing
		t.Fatal(err)
	}
	return server, conn
}

// carry sends a datagram until the server has it, and returns how often it was sent. Each attempt has two seconds: a machine that
// is busy may lose packets that no link was to lose.
func carry(t *testing.T, conn net.Conn, server net.PacketConn, datagram []byte) (sent int) {
	t.Helper()
	for attempt, arrived := range deliveries(t, conn, server, datagram) {
		if bytes.Equal(arrived, datagram) {
			return attempt
		}
		t.Errorf("found %d bytes; want %d as they were sent", len(arrived), len(datagram))
	}
	return 0 // never
}

// deliveries yields the datagrams that arrive at a server, while one is sent to it: again whenever nothing arrives for two seconds,
// ten times at most. With each comes how often it has been sent by then.
func deliveries(t *testing.T, conn net.Conn, server net.PacketConn, datagram []byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		t.Helper()
		got := make([]byte, 1<<17)
		for attempt := 1; attempt <= 10; attempt++ {
			if _, err := conn.Write(datagram); err != nil {
				t.Fatal(err)
			}
			for {
				if err := server.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil {
					t.Fatal(err)
				}
				n, _, err := server.ReadFrom(got)
				if errors.Is(err, os.ErrDeadlineExceeded) {
					t.Log("nothing has arrived for two seconds")
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if !yield(attempt, got[:n]) {
					return
				}
			}
		}
		t.Fatalf("a datagram of %d bytes has not arrived when it was sent ten times", len(datagram))
	}
}

// waitFor waits until something has happened, a minute at most.
func waitFor(t *testing.T, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !happened(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it has not happened within a minute")
		}
	}
}
