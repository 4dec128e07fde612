package planted

// hostBugs are bugs of the host that every replica runs on, and of the standard client.
var hostBugs = []Bug{
	// What is durable before it is let out.
	{"paxos", "messages leave before the records that they rest on are durable", within(250), []Edit{
		in("host.Host.sendNow").replace(`m.Now`, `m.Now || len(m.Data) > 0`),
	}},
	{"mmp3", "messages leave before the records that they rest on are durable", within(285), []Edit{
		in("host.Host.sendNow").replace(`m.Now`, `m.Now || len(m.Data) > 0`),
	}},
	{"mmp3", "answers leave before the records that they rest on are durable", inTest("host.TestANodeGoesOnWhileItsDiskIsBusy"), []Edit{
		in("host.Host.Release").before(`h.sendNow(b)`, `for _, a := range b.Answers {
				h.answer(a)
			}
			b.Answers = b.Answers[:0]`),
	}},
	{"raft", "a node is told that its records are durable when the disk has begun", inTest("host.TestANodeGoesOnWhileItsDiskIsBusy"), []Edit{
		in("host.Host.Release").before(`h.sendNow(b)`, `for _, notice := range b.Notices {
				h.input = protocols.Input{Kind: protocols.InputDurable, Notice: notice}
				h.Input(&h.input, h.config.World.Now())
			}
			b.Notices = b.Notices[:0]`),
	}},
	{"paxos", "what collects while the disk is busy is not released", inTest("host.TestANodeGoesOnWhileItsDiskIsBusy"), []Edit{
		in("host.Host.Durable").drop(`h.Release()`),
	}},

	// Incarnations.
	{"paxos", "a timer of an earlier incarnation fires", inTest("host.TestATimerFiresOnlyAsItWasSetLast"), []Edit{
		in("host.Host.Crash").drop(`clear(h.timers)`),
	}},
	{"paxos", "what waits for the disk outlives a crash", inTest("host.TestACrashWhileTheDiskIsBusy"), []Edit{
		in("host.Host.Crash").drop(`h.writing.reset()`),
		in("host.Host.Crash").drop(`h.busy = false`),
	}},

	// Requests.
	{"paxos", "an answer is not given again", inTest("host.TestACommandThatIsHandedOverAgainIsAnsweredAgain"), []Edit{
		in("host.Host.Release").drop(`for _, a := range h.again { _ }`),
	}},
	{"paxos", "a client that wants no answer below a number gets none at it either", within(50), []Edit{
		in("host.session.forget").replace(`s.acked = acked`, `s.acked = acked + 1`),
	}},

	// The client.
	{"paxos", "a client never asks another replica", inTest("client.TestAnotherReplicaIsAsked"), []Edit{
		in("client.client.ask").replace(`c.choose(r.asked, now)`, `c.choose(0, 0)`),
	}},
	{"paxos", "a client never goes back to the nearest replica", inTest("client.TestTheNearestReplicaIsTriedAgain"), []Edit{
		in("client.client.choose").replace(`now >= c.late[replica]`, `c.late[replica] == 0`),
	}},
}
