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

	Protocol, Point string            // prepare
	Repeat          int               //
	Delays          [][]time.Duration // prepare: one way from each region to each other one, as measured; nil with emulated links

	Begin    time.Duration // by the coordinator's clock
	Standing run.Standing

	Total, Offset int    // handover: bytes of it all, and where Data begins; taken: how many bytes were taken
	Data          []byte //

	// Before and After are the site's links to the other ones, by their numbers: measured: Before alone; handover: before the run and
	// after it, with the first piece.
	Before, After []probes
}

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
