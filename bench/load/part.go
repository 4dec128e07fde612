package load

// Part is what is known of the clients of one region after a run, to be sent to another process.
type Part struct {
	Samples       []Sample
	Modifications []Modification // without what only a run that goes on needs
}

// Part returns what is known of the clients. The caller must not change it.
func (c *Clients) Part() Part {
	p := Part{Modifications: c.modifications}
	for i := range c.Samples.Len() {
		p.Samples = append(p.Samples, *c.Samples.At(i))
	}
	return p
}

// Adopt makes these clients, which have issued nothing, those that another process has run.
func (c *Clients) Adopt(p Part) {
	c.Samples = Samples{}
	for i := range p.Samples {
		c.Samples.Add(p.Samples[i])
	}
	c.modifications = p.Modifications
	c.issued = int64(len(p.Samples))
}

// Standing returns Pending and Ahead, and how many commands are still to be issued, of load.commands. Safe for use by several goroutines.
func (c *Clients) Standing() (pending, ahead, left int64) {
	return c.Pending.Load(), c.Ahead.Load(), c.left.Load()
}

// Mirror enters how it stands with these clients in the process that runs them. Safe for use by several goroutines.
func (c *Clients) Mirror(pending, ahead, left int64) {
	c.Pending.Store(pending)
	c.Ahead.Store(ahead)
	c.left.Store(left)
}
