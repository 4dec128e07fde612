// Package site runs an experiment with a process for each region, on one machine or on many. Each process is a site: it has the
// region's replica, its client node, or both, and one UDP socket.
//
// Sites know each other by certificates of one authority; see package keys. Over the socket go two nets of package quicnet. One
// carries what sites tell each other, and passes no emulated link. The other carries the messages of a run, and is made anew for
// each run; its datagrams are delayed by their sender, by the model of the link less what the real link takes by itself.
//
// One site coordinates. The others do what it tells them:
//
//	hello, welcome     a site joins: version and experiment must be the same
//	measured           a site has measured its links to all others, by probes, which are datagrams
//	prepare, ready     the next run; each site is connected for it
//	begin              when it begins, by the coordinator's clock
//	standing, stop     how it stands in a site; the run is over
//	handover, taken    what a site knows of the run, in pieces; a site keeps it in a file until all is taken
//	finished, bye      the experiment is over, with the coordinator's exit code
//
// One process takes part as each region, the first that says hello; admit tells when another one may take its place. All others are
// refused: their connection is closed, with the reason.
//
// A site of which nothing was heard for some seconds is lost. Without a site, the run ends and is partial; without the coordinator,
// the sites end.
package site
