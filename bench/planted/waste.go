package planted

// wasteBugs break no promise. Only calm lives find them, of which there are three in a hundred.
var wasteBugs = []Bug{
	{"raft", "entries are persisted twice", within(200), []Edit{
		in("raft.replica.persistEntries").after(`r.log.replace(first, entries)`, `r.out.Persist(r.scratch.entriesRecord(first, entries))`),
	}},
	{"raft", "followers stand for election although they hear the leader", within(200), []Edit{
		in("raft.replica.acceptLeader").drop(`r.election.Heard(r.now)`),
	}},
	{"multipaxos", "a follower asks for each instance once more", within(200), []Edit{
		in("multipaxos.replica.learn").after(`progress := r.commit > before`,
			`if leader := r.forwarder.Leader(); progress && leader != protocols.Nobody && leader != r.config.ID {
				r.asked = r.commit + 1
				r.catchUp(leader)
			}`),
	}},
}
