package protocols

// Drivers are the drivers that a program has, in the order in which reports list them.
type Drivers []*Driver

// Names returns the drivers' names, in order.
func (all Drivers) Names() []string {
	names := make([]string, len(all))
	for i, d := range all {
		names[i] = d.Name
	}
	return names
}

// Find returns the driver of that name, or nil.
func (all Drivers) Find(name string) *Driver {
	for _, d := range all {
		if d.Name == name {
			return d
		}
	}
	return nil
}
