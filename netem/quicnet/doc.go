// Package quicnet carries messages between replicas over QUIC, on whatever packet connections it
// is given: those of package emulator in a run, so that every packet meets its link.
//
// Each replica has one QUIC transport that both dials and listens. It dials every other replica,
// and sends to it on the connection it dialled and on no other; what comes in on a connection that
// another replica dialled, it receives. So there are two connections for a pair, one for each
// direction: nothing has to be agreed about who dials, no connection is ever given up in favour of
// another, and each side mends its own way of sending. What it costs is acknowledgements that
// cannot ride on messages.
//
// Messages arrive once or not at all: a message is lost if the connection is lost that it was sent
// on, or if there is none. That, and reordering, is what package protocols allows a network.
package quicnet
