// Package exploretest runs a driver's table of bounds in its tests.
//
//	go test ./protocols/raft -run Explore -v                                          the small bounds
//	go test ./protocols/raft -run Explore -v -timeout 2h -args -explore large         the large ones
//	go test ./protocols/raft -run Explore -v -timeout 2h -args -explore NAME          one of them
package exploretest
