// Package explore plays everything that can happen to a small cluster of a driver's replicas, and
// checks every state that comes about.
//
// The replicas are the driver's own, each on a host of package host: their Step, their messages as they
// are encoded, their records. What may happen next is tried in every order: a client hands a command over,
// a message arrives, a timer fires, a replica crashes and is restored from its disk.
//
// # What is bounded, and what is not
//
// Bounded are the commands, how many timers fire, and how many crashes there are. What else is bounded is
// up to the network.
//
// The network that does anything (the zero Network) is not bounded, nor is time. A message that was sent may
// arrive at any later moment, any number of times, or never: it is not taken out of the network by
// arriving. A timer that is set may fire at once, before everything else, or never.
//
// All orders of all messages are too many for a protocol that elects leaders. An orderly Network carries
// messages one after the other, in the order in which they were sent; only a bounded number of them is late
// or lost, and a bounded number of times a replica is cut off (the delay bounding of Emmi, Qadeer and
// Rakamarić, POPL'11). On a calm one, moreover, timers fire and commands come only when no message is under
// way, as if timeouts were long; crashes may still come at any time. On these two, messages are doubled only as often
// as is allowed.
//
// # Clocks
//
// Each replica has a clock of its own, which tells the others' nothing. It moves only when a timer fires,
// to when that is due; no time passes while messages arrive. A timer that does nothing but set itself
// again, as one does that has been put off, fires again at once. The time is not a part of a state, unless
// Cluster.Clocks says so: durations are left out, and the first of several values that lead to states that
// are otherwise the same stands for all. That is right for a replica that decides by what it has been told
// and not by when. For one that decides by the time, as with a lease, Clocks makes each value a state of
// its own, and Cluster.Pauses lets an hour pass at a replica between two other events. It leaves out what
// takes other times than these: a message that comes just before a timeout, and clocks that run at
// different rates. It leaves out, too, whether the cluster finishes, which is asked of untimed states only.
// Random generators are no part of a state: a replica draws the numbers of the history met first.
//
// # How states are told apart
//
// A state is the replicas' states, the messages that may still arrive, and which commands were answered
// before which others were issued, as far as that can still matter. A replica's state is what it holds, the
// timers that are set, what its disk is worth, and what it has applied and answered. Two states count as one
// if hashes of 128 bits of the replicas' states are the same.
//
// Of every state it is asked whether the cluster finishes from there, if what has not arrived is lost, and
// nothing later; and also if what is under way arrives. For this one way is tried: timers fire when they
// are due, and messages arrive in the order in which they were sent.
//
// Since a step depends on nothing but the replica's state and the input, each is computed once,
// however many states of the cluster it is taken in; this is why millions of states can be tried.
//
// # Replay
//
// A step changes the node that takes it, and the state that it came from is needed again. So a state keeps
// what has happened to the replica from the beginning, and is made anew on a new host for each step: some
// ten to forty inputs, which take as long as copying the memory of a replica would. This asks of a driver
// what conformance asks, that it is deterministic; a copy would have to know of lists that point into
// themselves, and of the host. Cluster.Verify tells whether all states are what they were when they are
// made again.
package explore
