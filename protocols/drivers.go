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

// FindWrong returns the driver of that name among those that are wrong on purpose (Driver.Wrong), or nil.
func (all Drivers) FindWrong(name string) *Driver {
	for _, d := range all {
		if wrong := Drivers(d.Wrong).Find(name); wrong != nil {
			return wrong
		}
	}
	return nil
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
