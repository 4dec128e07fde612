package quicnet_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"quorumbench/netem"
	"quorumbench/netem/emulator"
	"quorumbench/netem/quicnet"
)

// Three replicas that know nothing of each other but keys and addresses, and of which one is not found at first, send to each
// other. One with keys of its own gets in nowhere.
func TestReplicasInProcessesOfTheirOwnFindEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const replicas, stranger = 3, 3
		s := emulator.NewPortable()
		defer s.Close()
		network := emulator.NewNetwork(s, replicas+1, func(from, to int) *netem.Link {
			return netem.NewLink(netem.LinkConfig{Delay: 20 * ms}, 1, from, to)
		})
		known, err := quicnet.SiteOf(replicas)
		if err != nil {
			t.Fatal(err)
		}
		own, err := quicnet.SiteOf(replicas)
		if err != nil {
			t.Fatal(err)
		}
		var missing, learned, received atomic.Int64
		missing.Store(3)
		join := func(at int, site quicnet.SiteConfig) *quicnet.Net {
			site.Address = func(_ context.Context, to int) (net.Addr, error) {
				if to == 2 && missing.Add(-1) >= 0 {
					return nil, errors.New("found no address yet")
				}
				return network.Addr(to), nil
			}
			n, err := quicnet.Join(quicnet.Config{
				Replicas: replicas, Conn: func(int) net.PacketConn { return network.Conn(at) },
				Receive: func(to, from int, message []byte) {
					if to != site.Self || string(message) != "hello" {
						t.Errorf("%d received %q from %d", to, message, from)
					}
					received.Add(1)
				},
				Learn: func(addr net.Addr, replica int) {
					if addr.String() != network.Addr(replica).String() {
						t.Errorf("%d has learned that %d is at %v", at, replica, addr)
					}
					learned.Add(1)
				},
			}, site)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		var nets []*quicnet.Net
		for id := range replicas {
			nets = append(nets, join(id, known(id)))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for id, n := range nets {
			if err := n.WaitConnected(ctx); err != nil {
				t.Fatal(err)
			}
			for to := range replicas {
				if to != id {
					n.Endpoint(id).Send(to, []byte("hello"))
				}
			}
		}
		time.Sleep(time.Second)
		if received.Load() != 6 || learned.Load() < 12 {
			t.Errorf("received %d messages and learned %d addresses; want 6, and 12 at least", received.Load(), learned.Load())
		}

		outside := join(stranger, own(0))
		short, cancelShort := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancelShort()
		if err := outside.WaitConnected(short); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("a stranger was let in, or not told why not: %v", err)
		}
		for to := 1; to < replicas; to++ {
			outside.Endpoint(0).Send(to, []byte("let me in"))
		}
		time.Sleep(time.Second)
		if received.Load() != 6 {
			t.Errorf("a stranger's message was received")
		}
		for _, n := range append(nets, outside) {
			if err := n.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
