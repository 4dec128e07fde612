// Package client is the standard client node of a region. It sends each command to one replica, by default the nearest,
// and to the next one if no answer comes in time.
//
// The rules, cited in the code:
//
//  1. A command goes to the first replica in the configured order. A replica that did not answer in time comes last
//     until it answers, or until ten times the retry timeout has passed.
//
//  2. A command without an answer goes to the next replica, and so on, to each once before any gets it a second time.
//     The retry timeout doubles each time, up to 2 s or the configured one if that is longer, so that a cluster that
//     is recovering is not overloaded.
//
//  3. A command is sent again unchanged. The state machine recognises it by its number and executes it once. A
//     replica's host answers it again if it has been answered (package host).
//
//  4. Where reads are sequentially consistent only (tag sequential of package options), each answer tells up to which slot of the log the
//     replica had applied it, and each read tells the highest slot so far. A replica that answers from its own state waits until that
//     includes as much. So clients of a region see their own writes and never go back in time, whichever replica answers.
//
// Its messages are a command, encoded as it is, and an answer; see AppendAnswer.
package client
