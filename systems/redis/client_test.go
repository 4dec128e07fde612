package redis

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/system"
	"quorumbench/systems/internal/trial"
)

// scripted answers each command by its name with what a server would, in Redis' protocol. Commands that it does not know are errors, as
// they are to old servers. It returns who connects to it, and the commands but those of new connections.
func scripted(t *testing.T, answers map[string]string) (system.Dialer, chan string) {
	t.Helper()
	listener := trial.Listen()
	t.Cleanup(func() { listener.Close() })
	commands := make(chan string, 100)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				in := bufio.NewReader(connection)
				for {
					words, err := readCommand(in)
					if err != nil {
						return
					}
					words[0] = strings.ToUpper(words[0])
					answer, known := answers[words[0]]
					if !known {
						answer = "-ERR unknown command"
					} else {
						commands <- strings.Join(words, " ")
					}
					if _, err := io.WriteString(connection, answer+"\r\n"); err != nil {
						return
					}
				}
			}()
		}
	}()
	return listener.Dial, commands
}

// readCommand reads an array of texts.
func readCommand(in *bufio.Reader) (words []string, err error) {
	number := func() (int, error) {
		line, err := in.ReadString('\n')
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(strings.TrimSpace(line[1:]))
	}
	n, err := number()
	for range n {
		length, err := number()
		if err != nil {
			return nil, err
		}
		word := make([]byte, length+2)
		if _, err := io.ReadFull(in, word); err != nil {
			return nil, err
		}
		words = append(words, string(word[:length]))
	}
	return words, err
}

func TestAWriteWaitsForReplicas(t *testing.T) {
	for _, c := range []struct {
		name, set, command, answer string
		ok, refused                bool
	}{
		{"enough", "+OK", "WAIT", ":2", true, false},
		{"too few", "+OK", "WAIT", ":1", false, false},
		{"enough disks", "+OK", "WAITAOF", "*2\r\n:1\r\n:2", true, false},
		{"too few disks", "+OK", "WAITAOF", "*2\r\n:1\r\n:1", false, false},
		{"not the primary's disk", "+OK", "WAITAOF", "*2\r\n:0\r\n:2", false, false},
		{"loading", "-LOADING Redis is loading the dataset in memory", "WAIT", ":0", false, true},
		{"an error", "-ERR what", "WAIT", ":2", false, false},
	} {
		dial, commands := scripted(t, map[string]string{"SET": c.set, c.command: c.answer})
		one := openAt(dial, trial.Address, &acks{command: c.command, replicas: 2})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		err := one.Put(ctx, []byte("k"), []byte("v"))
		cancel()
		if (err == nil) != c.ok || errors.Is(err, system.ErrRefused) != c.refused {
			t.Errorf("%s: %v", c.name, err)
		}
		wait := "WAIT 2 "
		if c.command == "WAITAOF" {
			wait = "WAITAOF 1 2 "
		}
		if first, second := <-commands, <-commands; first != "SET k v" || !strings.HasPrefix(second, wait) || len(second) < len(wait)+5 {
			t.Errorf("%s: sent %q and %q", c.name, first, second)
		}
		one.Close()
	}
}

func TestWhatIsNotSentIsRefused(t *testing.T) {
	listener := trial.Listen()
	listener.Close()
	one := openAt(listener.Dial, trial.Address, nil)
	defer one.Close()
	if err := one.Put(t.Context(), []byte("k"), nil); !errors.Is(err, system.ErrRefused) {
		t.Errorf("a write to nobody: %v", err)
	}
}

func TestAKeyThatIsAbsent(t *testing.T) {
	dial, _ := scripted(t, map[string]string{"GET": "$-1"})
	one := openAt(dial, trial.Address, nil)
	defer one.Close()
	if value, err := one.Get(t.Context(), []byte("k")); err != nil || value != nil {
		t.Errorf("read %q, %v", value, err)
	}
	dial, _ = scripted(t, map[string]string{"GET": "$0\r\n"})
	empty := openAt(dial, trial.Address, nil)
	defer empty.Close()
	if value, err := empty.Get(t.Context(), []byte("k")); err != nil || value == nil {
		t.Errorf("read %q, %v of an empty value", value, err)
	}
}
