package wan_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"quorumbench/netem"
	"quorumbench/netem/wan"
)

// notHere says why the tests cannot run on this system; nil if they can.
var notHere error

// TestMain runs the tests inside, if that is allowed.
func TestMain(m *testing.M) {
	inside, code, err := wan.Inside()
	if !inside && err == nil {
		os.Exit(code)
	}
	notHere = err
	if len(os.Args) == 2 && os.Args[1] == sleeping {
		if err := errors.Join(err, sleep()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Delays of the test's links, one way.
const there, back = 12 * time.Millisecond, 7 * time.Millisecond

// onDevices runs a test on a WAN of three regions with each kind of device that the system has. The way from an earlier region
// to a later one takes there, the other back.
func onDevices(t *testing.T, mtu int, test func(t *testing.T, w *wan.WAN)) {
	if notHere != nil {
		t.Skipf("SKIPPED: NO EMULATED WAN ON THIS SYSTEM: %v", notHere)
	}
	for _, device := range []string{wan.TUN, wan.Veth} {
		t.Run(device, func(t *testing.T) {
			if file, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0); device == wan.TUN && err != nil {
				t.Skipf("SKIPPED: NO TUN DEVICES FOR THIS USER: %v", err)
			} else if err == nil {
				_ = file.Close()
			}
			w, err := wan.Open([]string{"a", "b", "the last"}, func(from, to int) netem.LinkConfig {
				if from < to {
					return netem.LinkConfig{Delay: there}
				}
				return netem.LinkConfig{Delay: back}
			}, wan.Options{Seed: 1, MTU: mtu, Device: device})
			if err != nil {
				t.Fatal(err)
			}
			test(t, w)
			if dropped := w.Dropped(); dropped != 0 {
				t.Logf("%d packets were dropped: the machine was too busy to read them", dropped)
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTCP sends a file of 1 MB there and its hash back, over both versions of IP.
func TestTCP(t *testing.T) {
	onDevices(t, 0, func(t *testing.T, w *wan.WAN) {
		data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
		for _, to := range []netip.Addr{w.Address("b"), w.Address6("b")} {
			listener, err := w.Listen("b", "tcp", net.JoinHostPort(to.String(), "0"))
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				defer listener.Close()
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				hash := sha256.New()
				_, _ = io.CopyN(hash, conn, int64(len(data)))
				_, _ = conn.Write(hash.Sum(nil))
			}()
			began := time.Now()
			conn, err := w.Dial("a")(t.Context(), "tcp", listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took < there+back {
				t.Errorf("%v: connecting took %v, less than a round trip", to, took)
			}
			if _, err := conn.Write(data); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(conn)
			if want := sha256.Sum256(data); err != nil || !bytes.Equal(got, want[:]) {
				t.Errorf("%v: found the hash %x, %v; want %x", to, got, err, want)
			}
			_ = conn.Close()
		}
		if c := w.Counters(0, 1); c.Packets < 2*uint64(len(data))/1500 || c.Bytes > 1500*c.Packets {
			t.Errorf("the link carried %d bytes in %d packets; want none of more than 1500 bytes", c.Bytes, c.Packets)
		}
	})
}

// TestUDPInFragments sends datagrams that take several packets.
func TestUDPInFragments(t *testing.T) {
	onDevices(t, 1280, func(t *testing.T, w *wan.WAN) {
		for _, to := range []netip.Addr{w.Address("the last"), w.Address6("the last")} {
			server, err := w.ListenPacket("the last", "udp", net.JoinHostPort(to.String(), "0"))
			if err != nil {
				t.Fatal(err)
			}
			conn, err := w.Dial("a")(t.Context(), "udp", server.LocalAddr().String())
			if err != nil {
				t.Fatal(err)
			}
			before := w.Counters(0, 2).Packets
			sent := bytes.Repeat([]byte("fragments"), 1000)
			attempts := carry(t, conn, server, sent)
			if packets := w.Counters(0, 2).Packets - before; attempts == 1 && packets != 8 { // 9008 bytes, up to 1256 or 1232 in each
				t.Errorf("%v: it took %d packets, want 8", to, packets)
			}
			_ = conn.Close()
			_ = server.Close()
		}
	})
}

// TestCommands runs programs in regions: they have the region's host name, find regions by their names, and see no other device.
func TestCommands(t *testing.T) {
	onDevices(t, 0, func(t *testing.T, w *wan.WAN) {
		for _, c := range []struct {
			region string
			argv   []string
			want   string
		}{
			{"b", []string{"uname", "-n"}, "b\n"},
			{"the last", []string{"uname", "-n"}, "the_last\n"},
			{"a", []string{"getent", "ahostsv4", "the_last"}, "10.0.0.3"},
			{"a", []string{"getent", "ahostsv6", "b"}, "fd00::2"},
			{"b", []string{"cat", "/proc/net/dev"}, "eth0"},
		} {
			out, err := w.Command(t.Context(), c.region, c.argv...).CombinedOutput()
			if err != nil || !strings.Contains(string(out), c.want) {
				t.Errorf("%s: %s: found %q, %v; want %q", c.region, c.argv, out, err, c.want)
			}
		}
		out, err := w.Command(t.Context(), "b", "no-such-program").CombinedOutput()
		if err == nil || !strings.Contains(string(out), "no-such-program") {
			t.Errorf("a program that does not exist: found %q, %v", out, err)
		}
		if err := w.Command(t.Context(), "elsewhere", "true").Run(); err == nil || !strings.Contains(err.Error(), "accepted: a, b, the last") {
			t.Errorf("an unknown region: found %v", err)
		}
	})
}

// TestAPartitionAndItsEnd cuts a link, which loses everything until it is restored.
func TestAPartitionAndItsEnd(t *testing.T) {
	onDevices(t, 0, func(t *testing.T, w *wan.WAN) {
		server, err := w.ListenPacket("b", "udp", "b:0")
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		conn, err := w.Dial("a")(t.Context(), "udp", server.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		w.SetLink(0, 1, netem.LinkConfig{Delay: there, Loss: 1})
		if _, err := conn.Write([]byte("lost")); err != nil {
			t.Fatal(err)
		}
		for w.Counters(0, 1).Cut == 0 {
			time.Sleep(time.Millisecond) // until the router has read it
		}
		w.SetLink(0, 1, netem.LinkConfig{Delay: there})
		carry(t, conn, server, []byte("arrives"))
	})
}

func TestWhatOpenRefuses(t *testing.T) {
	link := func(int, int) netem.LinkConfig { return netem.LinkConfig{} }
	for _, c := range []struct {
		regions []string
		options wan.Options
		want    string
	}{
		{nil, wan.Options{}, "found 0 regions; accepted: 1 to 250"},
		{[]string{"a", "a"}, wan.Options{}, "found the region a twice"},
		{[]string{"a"}, wan.Options{MTU: 576}, "found an MTU of 576 bytes; accepted: 1280 to 65535"},
		{[]string{"a"}, wan.Options{Device: "tap"}, `found the device "tap"; accepted: tun, veth`},
	} {
		if _, err := wan.Open(c.regions, link, c.options); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("found %v; want %q", err, c.want)
		}
	}
}

func TestNamesThatAreNoRegion(t *testing.T) {
	onDevices(t, 0, func(t *testing.T, w *wan.WAN) {
		if _, err := w.Dial("a")(context.Background(), "tcp", "example.com:80"); err == nil || !strings.Contains(err.Error(), "accepted: a literal address, or a region") {
			t.Errorf("found %v", err)
		}
		if got := fmt.Sprint(w.Address("elsewhere")); got != "invalid IP" {
			t.Errorf("found %v", got)
		}
	})
}

// TestNothingOutlivesTheProcess kills one of the processes that belong together: the one that was started, the first one in the
// namespaces, which is its child, or the router, which is that one's. A program in a region ends with each of them. It holds the
// writing end of a pipe, which ends with the last process that has it.
func TestNothingOutlivesTheProcess(t *testing.T) {
	if notHere != nil {
		t.Skipf("SKIPPED: NO EMULATED WAN ON THIS SYSTEM: %v", notHere)
	}
	for _, c := range []struct {
		name        string
		generations int // between the process that was started and the one that gets the signal
		signal      syscall.Signal
		code        int
	}{
		{"started, killed", 0, syscall.SIGKILL, -1},
		{"started, terminated", 0, syscall.SIGTERM, 128 + 15},
		{"first, killed", 1, syscall.SIGKILL, 128 + 9},
		{"router, killed", 2, syscall.SIGKILL, 128 + 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command("/proc/self/exe", sleeping)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			text := bufio.NewReader(out)
			if line, err := text.ReadString('\n'); err != nil || line != "started\n" {
				t.Errorf("found %q, %v", line, err)
			}
			pid := cmd.Process.Pid
			for range c.generations {
				pid = childOf(t, pid)
			}
			if err := syscall.Kill(pid, c.signal); err != nil {
				t.Fatal(err)
			}
			if rest, err := io.ReadAll(text); err != nil || len(rest) > 0 { // the test's own time limit ends this
				t.Errorf("found %q, %v", rest, err)
			}
			err = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != c.code {
				t.Errorf("found the exit code %d, %v; want %d", code, err, c.code)
			}
		})
	}
}

// childOf returns the process of which another is the parent.
func childOf(t *testing.T, parent int) int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		var pid, of int
		var state string
		before, after, _ := strings.Cut(string(text), "(")
		_, _ = fmt.Sscan(before, &pid)
		_, _ = fmt.Sscan(after[strings.LastIndex(after, ")")+1:], &state, &of)
		if of == parent {
			return pid
		}
	}
	t.Fatalf("found no child of process %d", parent)
	return 0
}

// sleeping asks the test's program to enter namespaces and to start a program in a region that never ends.
const sleeping = "sleep"

func sleep() error {
	w, err := wan.Open([]string{"a"}, nil, wan.Options{})
	if err != nil {
		return err
	}
	cmd := w.Command(context.Background(), "a", "sh", "-c", "echo started; exec sleep 1000000")
	cmd.Stdout = os.Stdout
	return cmd.Run()
}

// TestCertify probes the links. How late probes are is the machine's affair; that none is early, and none lost, is not.
func TestCertify(t *testing.T) {
	onDevices(t, 0, func(t *testing.T, w *wan.WAN) {
		w.SetLink(2, 0, netem.LinkConfig{Loss: 1})
		c, err := w.Certify(t.Context(), 20, wan.Exact)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Links) != 6 {
			t.Errorf("found %d links, want 6", len(c.Links))
		}
		for _, l := range c.Links {
			received, least := 20, there
			if l.From > l.To {
				least = back
			}
			if l.From == "the last" && l.To == "a" {
				received, least = 0, 0
			}
			if l.Sent != 20 || l.Received != received || l.P50 < least || l.P99 < l.P50 {
				t.Errorf("found %+v; want %d probes, at least %v late", l, received, least)
			}
		}
		if _, err := w.Certify(t.Context(), 0, wan.Exact); err == nil {
			t.Error("found no error for no probes")
		}
	})
}
