package result

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"time"
)

// tracePart is a TraceLog as it is sent to another process.
type tracePart struct {
	Most   int
	Every  uint32
	Count  int
	Blocks [][]byte
}

// GobEncode implements gob.GobEncoder.
func (l *TraceLog) GobEncode() ([]byte, error) {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(tracePart{l.most, l.every, l.count, l.blocks}); err != nil {
		return nil, fmt.Errorf("encoding trace events: %w", err)
	}
	return b.Bytes(), nil
}

// GobDecode implements gob.GobDecoder. Nothing can be added to what it has decoded.
func (l *TraceLog) GobDecode(data []byte) error {
	var p tracePart
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&p); err != nil {
		return fmt.Errorf("decoding trace events: %w", err)
	}
	*l = TraceLog{most: p.Most, every: p.Every, packedEvents: packedEvents{count: p.Count, blocks: p.Blocks}}
	return nil
}

// Map returns a log of the same events with other times.
func (l *TraceLog) Map(at func(time.Duration) time.Duration) *TraceLog {
	m := &TraceLog{most: l.most, every: l.every}
	for e := range l.all() {
		e.in, e.out = at(e.in), at(e.out)
		m.add(e)
	}
	return m
}
