package quicnet

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"
)

func TestFrameThatEndsEarlyOrIsTooLongIsAnError(t *testing.T) {
	for _, c := range []struct {
		name   string
		stream []byte
		want   string
	}{
		{"within the length", []byte{0x80}, "unexpected EOF"},
		{"after the length", []byte{3}, "unexpected EOF"},
		{"within the message", []byte{3, 'a'}, "unexpected EOF"},
		{"too long", []byte{0xff, 0xff, 0xff, 0xff, 0x7f}, "found a message of 34359738367 bytes; accepted: at most 16777211"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readFrame(bufio.NewReader(bytes.NewReader(c.stream)))
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add(appendFrame(appendFrame(nil, []byte("a")), nil))
	f.Add([]byte{0x80})
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bufio.NewReader(bytes.NewReader(stream))
		for {
			message, err := readFrame(r)
			if err != nil {
				return
			}
			again, err := readFrame(bufio.NewReader(bytes.NewReader(appendFrame(nil, message))))
			if !bytes.Equal(again, message) || err != nil && !errors.Is(err, io.EOF) {
				t.Fatalf("%q is read back as %q, %v", message, again, err)
			}
		}
	})
}
