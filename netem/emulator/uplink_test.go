package emulator_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"quorumbench/netem"
	"quorumbench/netem/emulator"
)

// site is an uplink with its open connections, by channel.
type site struct {
	*emulator.Uplink
	conns [2]net.PacketConn
}

// uplinks makes two sites on the loopback device, the links of both with one configuration, and lets them know each other.
func uplinks(t *testing.T, config netem.LinkConfig) (all [2]*site) {
	t.Helper()
	scheduler := emulator.New(0)
	for i := range all {
		socket, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
		if err != nil {
			t.Fatal(err)
		}
		u := emulator.NewUplink(scheduler, socket, []*netem.Link{netem.NewLink(config, 1, i, 0), netem.NewLink(config, 1, i, 1)})
		all[i] = &site{u, [2]net.PacketConn{u.Conn(emulator.Direct), u.Conn(emulator.Emulated)}}
	}
	for i, u := range all {
		u.Learn(net.UDPAddrFromAddrPort(all[1-i].LocalAddr()), 1-i)
	}
	t.Cleanup(func() {
		for _, u := range all {
			if err := u.Close(); err != nil {
				t.Error(err)
			}
		}
		scheduler.Close()
	})
	return all
}

func send(t *testing.T, from, to *site, channel emulator.Channel, text string) {
	t.Helper()
	if n, err := from.conns[channel].WriteTo([]byte(text), net.UDPAddrFromAddrPort(to.LocalAddr())); err != nil || n != len(text) {
		t.Fatalf("sent %d bytes: %v", n, err)
	}
}

// receive waits for a datagram of a channel for as long as a busy machine may need.
func receive(t *testing.T, at *site, channel emulator.Channel) (string, net.Addr) {
	t.Helper()
	conn := at.conns[channel]
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	n, from, err := conn.ReadFrom(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n]), from
}

func TestAnUplinkDelaysWhatItSendsToSitesItKnows(t *testing.T) {
	const delay = 30 * time.Millisecond
	u := uplinks(t, netem.LinkConfig{Delay: delay})
	began := time.Now()
	send(t, u[0], u[1], emulator.Emulated, "slow")
	send(t, u[0], u[1], emulator.Direct, "quick")
	text, from := receive(t, u[1], emulator.Emulated)
	if took := time.Since(began); text != "slow" || took < delay {
		t.Errorf("found %q after %v; want it no sooner than after %v", text, took, delay)
	}
	if want := u[0].LocalAddr().String(); from.String() != want {
		t.Errorf("found the sender %v; want %v", from, want)
	}
	if text, _ := receive(t, u[1], emulator.Direct); text != "quick" {
		t.Errorf("found %q in the direct channel", text)
	}
	if c := u[0].Counters(1); c.Packets != 1 || c.Bytes != 4+28 {
		t.Errorf("the link has counted %+v; want the one datagram that it has carried", c)
	}

	u[0].Change(1, netem.LinkConfig{Loss: 1})
	send(t, u[0], u[1], emulator.Emulated, "lost")
	send(t, u[1], u[0], emulator.Emulated, "back")
	if text, _ := receive(t, u[0], emulator.Emulated); text != "back" {
		t.Errorf("found %q", text)
	}
	if c := u[0].Counters(1); c.Cut != 1 {
		t.Errorf("the cut link has counted %+v", c)
	}
	u[0].Restart(1, netem.NewLink(netem.LinkConfig{}, 1, 0, 1))
	send(t, u[0], u[1], emulator.Emulated, "anew")
	if text, _ := receive(t, u[1], emulator.Emulated); text != "anew" {
		t.Errorf("found %q; want what was sent over the new link, and not what the old one has lost", text)
	}
	if c := u[0].Counters(1); c.Packets != 1 || c.Cut != 0 {
		t.Errorf("the new link has counted %+v", c)
	}
}

func TestAnUplinkDropsWhatIsOfNoChannel(t *testing.T) {
	u := uplinks(t, netem.LinkConfig{})
	stranger, err := net.Dial("udp", u[0].LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	for _, garbage := range [][]byte{{}, {200}, {255, 1, 2, 3}, {byte(emulator.Emulated)}, append([]byte{byte(emulator.Direct)}, "hello"...)} {
		if _, err := stranger.Write(garbage); err != nil {
			t.Fatal(err)
		}
	}
	if text, from := receive(t, u[0], emulator.Emulated); text != "" || from.String() != stranger.LocalAddr().String() {
		t.Errorf("found %q from %v", text, from)
	}
	if text, _ := receive(t, u[0], emulator.Direct); text != "hello" {
		t.Errorf("found %q", text)
	}
	if n := u[0].Foreign(); n != 3 {
		t.Errorf("counted %d datagrams of no channel; want 3", n)
	}
}
