package result

// Graph is the dependencies of a run's instances, of a protocol that has them.
type Graph struct {
	Title   string
	About   []string   // of which run; each begins a line
	Columns []string   // the places of the replicas, which have one column each
	Key     string     // whose instances are drawn; empty where all keys have one order
	Drawn   []Instance // the first that were applied, in this order

	// Of the whole run.
	Instances  int
	Components int // sets of instances that all depend on each other, directly or by way of others
	Largest    int // the number of instances in the largest of them
	Reached    int // the most instances that a replica looked at to find the next one to apply
}

// Instance is one instance of a Graph.
type Instance struct {
	Column    int
	Number    uint64   // from 0, in its column
	Deps      []uint64 // of each column, it depends on all instances below this number
	Applied   int      // its place in the order in which instances are applied, from 1
	Reached   int      // how many instances were looked at to find that it is the next
	Component int      // the same number for all that depend on each other
	Together  int      // how many instances the component has
}
