package command_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/system"
	"quorumbench/systems/command"
	"quorumbench/systems/internal/trial"
)

// serve serves, and returns who connects to it.
func serve(t *testing.T, do http.HandlerFunc) system.Dialer {
	t.Helper()
	listener := trial.Listen()
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: do}}
	server.Start()
	t.Cleanup(server.Close)
	return listener.Dial
}

func TestHTTP(t *testing.T) {
	data := map[string]string{}
	dial := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch value, found := data[r.URL.Path]; {
		case strings.HasSuffix(r.URL.Path, "busy"):
			http.Error(w, "not now", http.StatusServiceUnavailable)
		case strings.HasSuffix(r.URL.Path, "broken"):
			http.Error(w, "ouch", http.StatusInternalServerError)
		case r.Method == http.MethodPut:
			text, _ := io.ReadAll(r.Body)
			data[r.URL.Path] = string(text)
		case !found:
			http.NotFound(w, r)
		default:
			_, _ = io.WriteString(w, value)
		}
	})
	c, err := command.OpenHTTP(&system.Command{Path: "/keys/"}, nil, dial, trial.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, value := range []string{"", "x\x00y"} {
		if err := c.Put(t.Context(), []byte("a b/c"), []byte(value)); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Get(t.Context(), []byte("a b/c")); err != nil || got == nil || string(got) != value {
			t.Errorf("read %q, %v; want %q", got, err, value)
		}
	}
	if _, is := data["/keys/a b/c"]; !is {
		t.Errorf("the server has %q", data)
	}
	if got, err := c.Get(t.Context(), []byte("absent")); err != nil || got != nil {
		t.Errorf("read %q, %v of an absent key", got, err)
	}
	if err := c.Put(t.Context(), []byte("busy"), nil); !errors.Is(err, system.ErrRefused) || !strings.Contains(err.Error(), "not now") {
		t.Errorf("a write that is refused: %v", err)
	}
	if err := c.Put(t.Context(), []byte("broken"), nil); err == nil || errors.Is(err, system.ErrRefused) {
		t.Errorf("a write whose fate is unknown: %v", err)
	}
	if _, err := c.Get(t.Context(), []byte("broken")); !errors.Is(err, system.ErrRefused) {
		t.Errorf("a read that failed: %v", err)
	}
	none, err := command.OpenHTTP(&system.Command{Path: "/"}, nil, nobody, trial.Address)
	if err != nil {
		t.Fatal(err)
	}
	if err := none.Put(t.Context(), []byte("k"), nil); !errors.Is(err, system.ErrRefused) {
		t.Errorf("a write that was not sent: %v", err)
	}
}

// nobody is the dialer of an address at which nobody listens.
func nobody(ctx context.Context, network, address string) (net.Conn, error) {
	listener := trial.Listen()
	listener.Close()
	return listener.Dial(ctx, network, address)
}

func TestANodeIsReadyWhenTheExperimentSays(t *testing.T) {
	readOnly := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			http.Error(w, "nobody leads", http.StatusServiceUnavailable)
			return
		}
		http.NotFound(w, r)
	})
	for _, c := range []struct {
		ready system.Readiness
		dial  system.Dialer
		is    bool
	}{
		{system.Connects, readOnly, true}, {system.Reads, readOnly, true}, {system.Writes, readOnly, false},
		{system.Connects, nobody, false}, {system.Reads, nobody, false},
	} {
		a := adapter.Of(&system.Command{Client: system.HTTPClient, Port: 80, Path: "/", Ready: c.ready})
		cluster := system.Cluster{Nodes: []system.Node{{Address: trial.Address.Addr()}}, Dial: func(int) system.Dialer { return c.dial }}
		wait := time.Minute
		if !c.is {
			wait = 300 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		err := a.Ready(ctx, cluster, 0)
		cancel()
		if (err == nil) != c.is || err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ready: %s: %v, want ready: %v", c.ready, err, c.is)
		}
	}
}
