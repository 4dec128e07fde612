package quicnet_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"quorumbench/netem"
	"quorumbench/netem/emulator"
	"quorumbench/netem/quicnet"
)

const ms = time.Millisecond

var modes = []quicnet.Mode{quicnet.StreamPerBatch, quicnet.OneStream}

// world is a net in virtual time, and what has arrived in it.
type world struct {
	mode    quicnet.Mode
	network *emulator.Network
	net     *quicnet.Net
	start   time.Time

	mu       sync.Mutex
	arrivals []arrival
}

type arrival struct {
	to, from int
	message  string
	at       time.Duration // since start
}

// inBubble runs a test for each mode in virtual time, with all replicas connected.
func inBubble(t *testing.T, replicas int, link netem.LinkConfig, test func(t *testing.T, w *world)) {
	for _, mode := range modes {
		t.Run(mode.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := emulator.NewPortable()
				defer s.Close()
				w := &world{mode: mode}
				w.network = emulator.NewNetwork(s, replicas, func(from, to int) *netem.Link {
					return netem.NewLink(link, 1, from, to)
				})
				var err error
				w.net, err = quicnet.New(quicnet.Config{
					Replicas: replicas,
					Mode:     mode,
					Conn:     func(i int) net.PacketConn { return w.network.Conn(i) },
					Receive:  w.receive,
				})
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := w.net.Close(); err != nil {
						t.Error(err)
					}
				}()
				if err := w.net.WaitConnected(t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second) // until the last packets of the handshakes are through
				w.start = time.Now()
				test(t, w)
			})
		})
	}
}

func (w *world) receive(to, from int, message []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.arrivals = append(w.arrivals, arrival{to, from, string(message), time.Since(w.start)})
}

// after returns what has arrived by a time since the start.
func (w *world) after(d time.Duration) []arrival {
	time.Sleep(d - time.Since(w.start))
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.arrivals)
}

func TestMessageTakesTheDelayOfTheLinkAndNothingMore(t *testing.T) {
	inBubble(t, 3, netem.LinkConfig{Delay: 35 * ms}, func(t *testing.T, w *world) {
		w.net.Endpoint(0).Send(2, []byte("hello"))
		want := []arrival{{to: 2, from: 0, message: "hello", at: 35 * ms}}
		if got := w.after(time.Second); !slices.Equal(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

func TestEveryPairIsConnectedBothWays(t *testing.T) {
	inBubble(t, 4, netem.LinkConfig{Delay: ms}, func(t *testing.T, w *world) {
		want := map[arrival]bool{}
		for from := range 4 {
			for to := range 4 {
				if from != to {
					message := fmt.Sprintf("%d to %d", from, to)
					w.net.Endpoint(from).Send(to, []byte(message))
					want[arrival{to, from, message, ms}] = true
				}
			}
		}
		got := w.after(time.Second)
		for _, a := range got {
			if !want[a] {
				t.Errorf("arrived: %+v", a)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d messages arrived, want %d", len(got), len(want))
		}
	})
}

func TestBatchArrivesInOrderAndMessagesMayBeEmpty(t *testing.T) {
	inBubble(t, 2, netem.LinkConfig{Delay: ms}, func(t *testing.T, w *world) {
		w.net.Endpoint(0).Send(1, []byte("a"), nil, []byte("b"))
		var got []string
		for _, a := range w.after(time.Second) {
			got = append(got, a.message)
		}
		if want := []string{"a", "", "b"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestBatchGoesInOnePacket(t *testing.T) {
	inBubble(t, 2, netem.LinkConfig{Delay: ms}, func(t *testing.T, w *world) {
		before := w.network.Counters(0, 1).Packets
		var batch [][]byte
		for range 10 {
			batch = append(batch, make([]byte, 100))
		}
		w.net.Endpoint(0).Send(1, batch...)
		w.after(2 * ms)
		most := uint64(1)
		if w.mode == quicnet.StreamPerBatch {
			most = 2 // the end of the stream goes in a packet of its own if quic-go sends before it is closed
		}
		if packets := w.network.Counters(0, 1).Packets - before; packets < 1 || packets > most {
			t.Errorf("10 messages of 100 B went in %d packets, want at most %d", packets, most)
		}
	})
}

func TestMessagesSurviveLostPackets(t *testing.T) {
	inBubble(t, 2, netem.LinkConfig{Delay: 50 * ms, Loss: 0.1}, func(t *testing.T, w *world) {
		const messages = 500
		want := map[string]bool{}
		for i := range messages {
			time.Sleep(5 * ms)
			message := fmt.Sprint(i)
			w.net.Endpoint(0).Send(1, []byte(message))
			want[message] = true
		}
		for _, a := range w.after(20 * time.Second) {
			if !want[a.message] {
				t.Errorf("%q arrived, again or out of nowhere", a.message)
			}
			delete(want, a.message)
		}
		if len(want) > 0 {
			t.Errorf("%d of %d messages never arrived", len(want), messages)
		}
		if w.network.Counters(0, 1).Lost == 0 {
			t.Error("no packet was lost: the test shows nothing")
		}
	})
}

func TestMessageOfManyPacketsArrivesWhole(t *testing.T) {
	inBubble(t, 2, netem.LinkConfig{Delay: 10 * ms, Loss: 0.01}, func(t *testing.T, w *world) {
		message := bytes.Repeat([]byte("0123456789"), 100_000)
		w.net.Endpoint(0).Send(1, message)
		if got := w.after(time.Minute); len(got) != 1 || got[0].message != string(message) {
			t.Errorf("%d messages arrived, or another one", len(got))
		}
	})
}

func TestMessageThatIsTooLongIsDroppedAndTheRestGoes(t *testing.T) {
	inBubble(t, 2, netem.LinkConfig{Delay: ms}, func(t *testing.T, w *world) {
		w.net.Endpoint(0).Send(1, make([]byte, quicnet.MaxMessage+1), []byte("short"))
		if got := w.after(time.Second); len(got) != 1 || got[0].message != "short" {
			t.Errorf("arrived: %d messages", len(got))
		}
		want := quicnet.Stats{Messages: 1, Bytes: 5, Received: 1, Crowded: 1}
		if got := w.net.Stats(); got != want {
			t.Errorf("Stats = %+v, want %+v", got, want)
		}
	})
}

func TestSendNeverWaitsAndDropsWhatDoesNotFit(t *testing.T) {
	inBubble(t, 2, netem.LinkConfig{Delay: 50 * ms}, func(t *testing.T, w *world) {
		message := make([]byte, 1<<20)
		for range 100 {
			w.net.Endpoint(0).Send(1, message)
		}
		if took := time.Since(w.start); took != 0 {
			t.Errorf("Send took %v", took)
		}
		s := w.net.Endpoint(0).Stats()
		if s.Crowded == 0 || s.Unconnected > 0 || s.Messages+s.Crowded != 100 {
			t.Errorf("%d messages were sent and %d dropped, of 100", s.Messages, s.Crowded)
		}
		if got := len(w.after(10 * time.Minute)); got != int(s.Messages) {
			t.Errorf("%d messages arrived of %d", got, s.Messages)
		}
	})
}

func TestLostConnectionIsMadeAgain(t *testing.T) {
	inBubble(t, 3, netem.LinkConfig{Delay: 10 * ms}, func(t *testing.T, w *world) {
		quicnet.Break(w.net, 0, 1)
		w.net.Endpoint(0).Send(1, []byte("into the gap"))
		w.net.Endpoint(1).Send(0, []byte("the other way"))
		w.net.Endpoint(0).Send(2, []byte("to another"))
		time.Sleep(200 * ms)
		w.net.Endpoint(0).Send(1, []byte("again"))
		var got []string
		for _, a := range w.after(time.Second) {
			got = append(got, a.message)
		}
		slices.Sort(got)
		if want := []string{"again", "the other way", "to another"}; !slices.Equal(got, want) {
			t.Errorf("arrived: %q, want %q", got, want)
		}
		if s := w.net.Stats(); s.Reconnects != 1 || s.Unconnected != 1 || s.Crowded > 0 {
			t.Errorf("%d reconnects and %d dropped messages, want 1 and 1", s.Reconnects, s.Unconnected)
		}
	})
}

func TestConnectionsLastWithoutTraffic(t *testing.T) {
	inBubble(t, 2, netem.LinkConfig{Delay: 10 * ms}, func(t *testing.T, w *world) {
		time.Sleep(time.Hour)
		w.net.Endpoint(0).Send(1, []byte("still there?"))
		if got := w.after(time.Hour + time.Second); len(got) != 1 || w.net.Stats().Reconnects != 0 {
			t.Errorf("%d messages arrived after %d reconnects", len(got), w.net.Stats().Reconnects)
		}
	})
}

func TestWaitConnectedEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := emulator.NewPortable()
		defer s.Close()
		network := emulator.NewNetwork(s, 2, func(from, to int) *netem.Link {
			return netem.NewLink(netem.LinkConfig{Loss: 1}, 1, from, to)
		})
		n, err := quicnet.New(quicnet.Config{
			Replicas: 2,
			Conn:     func(i int) net.PacketConn { return network.Conn(i) },
			Receive:  func(int, int, []byte) { t.Error("a message arrived") },
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
		defer cancel()
		err = n.WaitConnected(ctx)
		want := "waiting until replica 0 is connected to 1: context deadline exceeded; the last attempt: timeout: no recent network activity"
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if err := n.Close(); err != nil { // while it dials
			t.Error(err)
		}
	})
}

func TestModeIsReadAsItIsWritten(t *testing.T) {
	for _, mode := range modes {
		if got, err := quicnet.ParseMode(mode.String()); err != nil || got != mode {
			t.Errorf("%v is read as %v, %v", mode, got, err)
		}
	}
	want := `found the transport mode "datagrams"; accepted: stream-per-batch, one-stream`
	if _, err := quicnet.ParseMode("datagrams"); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// What is handed over in one batch may be longer than any window of a stream.
func TestABatchOfManyLongMessagesArrives(t *testing.T) {
	inBubble(t, 2, netem.LinkConfig{Delay: 5 * ms}, func(t *testing.T, w *world) {
		var batch [][]byte
		for range 20 {
			batch = append(batch, make([]byte, 1<<20))
		}
		w.net.Endpoint(0).Send(1, batch...)
		if got := len(w.after(time.Minute)); got != len(batch) {
			t.Errorf("of %d messages %d arrived; %+v", len(batch), got, w.net.Endpoint(0).Stats())
		}
	})
}
