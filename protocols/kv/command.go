package kv

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"quorumbench/protocols"
)

// DependsOnState tells whether the command's result tells something of the state: then it can be
// answered only when it is applied. The result of any other command is PutResult, known as soon as the
// command is decided.
func (c *Command) DependsOnState() bool { return c.Op != Op_PUT || c.Version > 0 }

// ID returns which command an encoded Command is. It allocates nothing: what is marked at every
// acceptor must cost little. An error tells that the bytes are no command.
func ID(command []byte) (protocols.CommandID, error) {
	id, _, err := Header(command)
	return id, err
}

// Header returns which command an encoded Command is, and the first sequence number of its client that
// still wants an answer. It allocates nothing. An error tells that the bytes are no command.
func Header(command []byte) (id protocols.CommandID, acked uint64, err error) {
	var c Command
	if err := borrow(command, &c); err != nil {
		return protocols.CommandID{}, 0, err
	}
	return idOf(&c), c.Acked, nil
}

// idOf is which command it is.
func idOf(c *Command) protocols.CommandID { return protocols.CommandID{Client: c.Client, Seq: c.Seq} }

// The numbers of the fields seen in kv.proto.
const (
	commandSeen = 8
	resultSeen  = 4
)

// WithSeen returns an encoded Command, and if it is a GET, a copy that says up to which slot of the log its client has seen the state.
func WithSeen(command []byte, slot uint64) []byte {
	var c Command
	if slot == 0 || borrow(command, &c) != nil || c.Op != Op_GET {
		return command
	}
	return appendNumber(command, commandSeen, slot)
}

// WithResultSeen returns a copy of an encoded Result that says up to which slot the replica that answers has applied the log.
func WithResultSeen(result []byte, slot uint64) []byte { return appendNumber(result, resultSeen, slot) }

// ResultSeen returns what WithResultSeen has put into an encoded Result, 0 if nothing.
func ResultSeen(result []byte) uint64 {
	var r Result
	if r.UnmarshalVTUnsafe(result) != nil {
		return 0
	}
	return r.Seen
}

// appendNumber returns a copy of an encoded message with one more field.
func appendNumber(message []byte, field protowire.Number, number uint64) []byte {
	message = protowire.AppendTag(slices.Clip(message), field, protowire.VarintType)
	return protowire.AppendVarint(message, number)
}

// borrow is protocols.Decode into a fresh c whose key and value are part of the encoded command, and
// without any allocation.
func borrow(command []byte, c *Command) error {
	if err := c.UnmarshalVTUnsafe(command); err != nil {
		return fmt.Errorf("decoding a command of %d bytes: %w", len(command), err)
	}
	return nil
}
