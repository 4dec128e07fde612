package planted

// The bugs of the groups' protocols are in the tables of raft and multipaxos.
var shardedBugs = []Bug{
	{"sharded", "a snapshot of one group replaces the records of the others", within(200), []Edit{
		in("sharded.replica.persist").replace(`m.All = append(m.All, &Records{Data: each.disk})`,
			`if each == g {
				m.All = append(m.All, &Records{Data: each.disk})
			} else {
				m.All = append(m.All, &Records{})
			}`),
	}},
	{"sharded", "what was restored is not in the next snapshot", within(400), []Edit{
		in("sharded.replica.restoreGroup").drop(`g.disk = append(g.disk, bytes.Clone(data))`),
	}},
	{"sharded", "a command goes to the group of the replica that was asked", within(50), []Edit{
		in("sharded.replica.Step").replace(`home(r.config, r.command.Key)`, `r.config.ID`),
	}},
	{"sharded", "all groups share the timers of the first", within(50), []Edit{
		in("sharded.replica.step").replace(`uint64(t.ID)*n + uint64(g.id)`, `uint64(t.ID) * n`),
	}},
	{"sharded", "a group is told that another's records are durable", within(100), []Edit{
		in("sharded.replica.step").replace(`notice*n + uint64(g.id)`, `notice*n + uint64(g.id+1)%n`),
	}},
	{"sharded", "the groups are led from the wrong places", inTest("sharded.TestAWriteOfAForeignKeyTakesTheWayToItsHomeInAddition"), []Edit{
		in("sharded.groupConfig").replace(`protocols.NodeID(id)`, `protocols.NodeID((id + 1) % c.Size())`),
	}},
	{"sharded", "a group of multipaxos is not handed back", inTest("sharded.TestTheKeysOfARegionAreLedFromThereAgain"), []Edit{
		in("sharded.groupConfig").replace(`of == &multipaxos.Driver`, `false`),
	}},
}
