package site

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"time"

	"quorumbench/bench/run"
)

// kind is the kind of a message between sites.
type kind uint8

const (
	hello kind = iota + 1
	welcome
	alive
	ping
	pong
	measured
	prepare
	ready
	begin
	standing
	stop
	handover
	taken
	finished
	bye
)

// message is what sites tell each other. Of the fields behind Run, each kind has some.
type message struct {
	Kind     kind
	Instance uint64 // of the process that sends it, drawn when it starts
	Run      int    // from 1

	Version, Hash string // hello: of the program, and of the experiment
	Text          string // ready: why not; finished: how it ended
	Code          int    // finished

	Nonce                 uint64        // ping, pong
	Asked, Came, Answered time.Duration // ping, pong: see estimate

	Protocol, Point string // prepare
	Repeat          int

	Begin    time.Duration // by the coordinator's clock
	Standing run.Standing

	Total, Offset int       // handover: bytes of it all, and where Data begins; taken: how many bytes were taken
	Data          []byte    //
	Clock         clockPart // with the first piece of a handover
}

// clockPart is by how much the coordinator's clock is ahead of the site's when a run begins and when it has ended.
type clockPart struct{ Begun, Ended estimate }

func (m *message) encode() []byte {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(m); err != nil {
		panic(fmt.Sprintf("site: encoding a message: %v", err)) // of a fixed type: a programming error
	}
	return b.Bytes()
}

func decode(data []byte) (*message, error) {
	m := &message{}
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(m); err != nil {
		return nil, fmt.Errorf("decoding a message: %w", err)
	}
	return m, nil
}
