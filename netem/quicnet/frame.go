package quicnet

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// MaxMessage is the length of the longest message, in bytes: with its frame it fits into the
// window of a stream.
const MaxMessage = 16<<20 - binary.MaxVarintLen32

var errNoConnection = errors.New("there is no connection")

// appendFrame appends a message as it goes over a stream: its length, as a varint of package
// encoding/binary, and its bytes.
func appendFrame(to, message []byte) []byte {
	return append(binary.AppendUvarint(to, uint64(len(message))), message...)
}

// readFrame reads a message into memory of its own. It returns io.EOF if the stream ends between
// two messages, and io.ErrUnexpectedEOF if it ends within one.
func readFrame(r *bufio.Reader) ([]byte, error) {
	size, err := binary.ReadUvarint(r)
	if err != nil {
		return nil, err
	}
	if size > MaxMessage {
		return nil, fmt.Errorf("found a message of %d bytes; accepted: at most %d", size, MaxMessage)
	}
	message := make([]byte, size)
	if _, err := io.ReadFull(r, message); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return message, nil
}
