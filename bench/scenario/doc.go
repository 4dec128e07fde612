// Package scenario plays scripted runs of a protocol in virtual time: which messages are lost or
// late, who crashes when, and what must come out. A run is told as a trace and can be drawn as a
// space-time diagram.
//
// # Scripts
//
// A script is a text of lines; # begins a comment. First comes what holds for the whole run:
//
//	title    what happens, in one line
//	about    more about it; several such lines are joined
//	protocol the name of a driver, or of one that exists for scenarios only: in package recovery, or wrong on purpose
//	         (protocols.Driver.Wrong)
//	replicas how many; they are called R0, R1, …
//	option   NAME VALUE: of the protocol
//	quorum   phase2 majority(R0, R1, R2): who may decide, as an expression of package quorum
//	members  how many of them, the first, are members in the beginning, of a driver that can change its
//	         membership; the others wait until they are added. Without this line the membership never changes
//	witnesses R2: replicas that vote and hold no commands
//	leader   R0: who shall lead, for drivers with a leader
//	delay    10ms: one way, between any two; or R0 R1 10ms: between these, in both directions
//	seed     a number, 1 if not given
//	draw     0ms 300ms: the part to draw; several such lines are several parts, none is all of it
//	hide     LINK MESSAGE: messages that are not drawn
//
// Then comes what happens, each line with its time. Of what happens at 0ms, the network's rules
// come first, then the replicas start, and then comes the rest.
//
//	at 0ms   R0 put k foo as w           a client beside R0 writes foo; the command is called w
//	at 0ms   R0 get k as r
//	at 0ms   R0 put k/2 foo as w         a client writes foo if it becomes version 2 of k
//	at 0ms   R0 get k/1 as r             a client reads version 1
//	at 0ms   random 20 until 1s on k l   that many writes and reads of these keys, drawn from the seed
//	at 5ms   R0 crash                    what R0 has persisted survives
//	at 9ms   R0 restart
//	at 0ms   R0 timers wait              timers of R0 do not fire: they may always be late
//	at 9ms   R0 timers run               those that are due fire now
//	at 0ms   drop LINK MESSAGE           from now on such messages are lost; drop once: the next one;
//	                                     drop 20%: that share of them
//	at 9ms   deliver LINK MESSAGE        the end of the drop of the same words; without words, of all
//	at 0ms   hold LINK MESSAGE           such messages wait; hold once: the next one
//	at 9ms   release LINK MESSAGE        they are on their way now; without words, all
//	at 0ms   partition R0 | R1 R2        nothing sent from now on passes between the groups
//	at 9ms   heal
//	at 9ms   membership add-learner R3   an operator asks all replicas that R3 receive the log; they know it
//	                                     in later incarnations, too
//	at 9ms   membership change majority(R0, R1, R3)   … for other voters: a quorum system
//	at 9ms   membership remove R2        … that a learner be no member any more
//	at 9ms   R0 membership remove R2     the operator reaches R0 only
//	at 1s    end                         of the run
//
// LINK is R0->R1, or R0<->R1 for both directions; * in place of a replica is any. MESSAGE is the
// beginning of the message's name as the trace prints it, word by word; * in place of a word is
// any word, and no word at all is any message.
//
// # Expectations
//
// Last comes what must come out. A PHRASE is the beginning of an event as the trace prints it,
// word by word, where * is any word.
//
//	expect PHRASE                        it happens
//	expect at 40ms PHRASE                it happens at this time
//	expect 3 times PHRASE                it happens that often
//	expect never PHRASE                  it does not happen
//	expect PHRASE then PHRASE            both happen, the first time of one before that of the other
//	expect breach R1 applies another     a check of what every driver promises fails and tells so, in
//	                                     words that begin like this: the driver is wrong on purpose
//	expect not linearizable              no order explains the clients' answers: the driver is wrong on purpose
//	expect log R0 w r                    R0, in its last incarnation, has applied these and no others, in this
//	                                     order; all in place of R0: every living replica; no-op: a no-op
//	expect all answered                  every command has an answer
//	expect all once                      no command stands in a log twice
//	expect all alike                     the living replicas have applied the same, as far as each other
//
// Every run is moreover held against what every driver promises: replicas agree on every slot and
// leave no gaps, a command is answered once, the clients' history is linearizable, and the driver's
// own invariants hold after every step. A rule of the network that has met no message is an error:
// the script does not do what it says.
package scenario
