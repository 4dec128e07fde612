package site

// SetVersion makes a site of another version.
func SetVersion(s *Site, version string) { s.version = version }

// HasJoined reports whether a process takes part as a region, as the coordinator knows it.
func HasJoined(s *Site, region int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.instances[region] != 0
}
