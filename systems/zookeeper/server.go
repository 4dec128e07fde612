package zookeeper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"quorumbench/bench/system"
)

// serverName is the first argument of this program when it becomes a server. The second one is a starting in JSON.
const serverName = "serve-zookeeper"

// starting is how a server is started.
type starting struct {
	After string // the address of the server that has to lead before, as HOST:PORT; empty: none
	Argv  []string
}

// BeServer makes this process a server if its arguments say so, and does not return then. Programs with this adapter call it first.
func BeServer() {
	if len(os.Args) != 3 || os.Args[1] != serverName {
		return
	}
	fmt.Fprintln(os.Stderr, "zookeeper:", become(os.Args[2]))
	os.Exit(1)
}

// become waits for the leader, if it has to, and turns this process into the server. It returns only if that fails.
func become(text string) error {
	var s starting
	if err := json.Unmarshal([]byte(text), &s); err != nil || len(s.Argv) == 0 {
		return errors.Join(fmt.Errorf("found %q; accepted: how a server is started", text), err)
	}
	if s.After != "" {
		var d net.Dialer
		err := system.Again(context.Background(), func(ctx context.Context) error {
			mode, err := modeOf(ctx, d.DialContext, s.After)
			if err == nil && mode != leads {
				err = errors.New("it does not lead")
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("starting %s: %w", s.Argv[0], syscall.Exec(s.Argv[0], s.Argv, os.Environ()))
}

// The modes of a server.
const (
	leads   = "leader"
	follows = "follower"
	alone   = "standalone" // the only server
)

// modeOf asks a server what it does, by the command srvr; an error says that it does not serve.
func modeOf(ctx context.Context, dial system.Dialer, address string) (string, error) {
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(5 * time.Second)
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return "", err
	}
	if _, err := conn.Write([]byte("srvr")); err != nil {
		return "", err
	}
	said, err := io.ReadAll(io.LimitReader(conn, 1<<16))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(said)) {
		if mode, ok := strings.CutPrefix(strings.TrimSpace(line), "Mode: "); ok {
			return mode, nil
		}
	}
	return "", fmt.Errorf("the server at %s says: %s", address, strings.TrimSpace(string(said)))
}
