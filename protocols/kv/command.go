package kv

import (
	"fmt"

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
	var c Command
	if err := borrow(command, &c); err != nil {
		return protocols.CommandID{}, err
	}
	return idOf(&c), nil
}

// idOf is which command it is.
func idOf(c *Command) protocols.CommandID { return protocols.CommandID{Client: c.Client, Seq: c.Seq} }

// borrow is protocols.Decode into a fresh c whose key and value are part of the encoded command, and
// without any allocation.
func borrow(command []byte, c *Command) error {
	for rest := command; len(rest) > 0; {
		number, kind, n := protowire.ConsumeTag(rest)
		if n < 0 {
			return undecodable(command, n)
		}
		rest = rest[n:]
		switch kind {
		case protowire.VarintType:
			var v uint64
			if v, n = protowire.ConsumeVarint(rest); n >= 0 {
				c.setNumber(number, v)
			}
		case protowire.BytesType:
			var v []byte
			if v, n = protowire.ConsumeBytes(rest); n >= 0 {
				c.setBytes(number, v)
			}
		default:
			n = protowire.ConsumeFieldValue(number, kind, rest)
		}
		if n < 0 {
			return undecodable(command, n)
		}
		rest = rest[n:]
	}
	return nil
}

func undecodable(command []byte, code int) error {
	return fmt.Errorf("decoding a command of %d bytes: %w", len(command), protowire.ParseError(code))
}

// The numbers of the fields in kv.proto.
const (
	clientField protowire.Number = iota + 1
	seqField
	ackedField
	opField
	keyField
	valueField
	versionField
)

func (c *Command) setNumber(field protowire.Number, v uint64) {
	switch field {
	case clientField:
		c.Client = v
	case seqField:
		c.Seq = v
	case ackedField:
		c.Acked = v
	case opField:
		c.Op = Op(v)
	case versionField:
		c.Version = v
	}
}

func (c *Command) setBytes(field protowire.Number, v []byte) {
	switch field {
	case keyField:
		c.Key = v
	case valueField:
		c.Value = v
	}
}
