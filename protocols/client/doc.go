// Package client is the standard client of a region: it hands each command to one replica, the nearest,
// and if no answer comes in time, to the next.
//
// The rules, cited where they are kept:
//
//  1. A command goes to the first replica of the configured order that answers: one that has let a command
//     wait too long comes last until it answers again, or until some time has passed and it is tried again.
//  2. A command without an answer is handed to the next replica, and so on, each once before any a second
//     time. The wait doubles each time, up to 2 s or the configured one, so that a cluster that is at work
//     on its recovery is not drowned.
//  3. A command is handed over again as it was: the state machine knows it by its number and executes it
//     once. A replica's host answers it again if it has been answered (package host).
//
// Its messages are a command, encoded as it is, and an answer; see AppendAnswer.
package client
