// Package sim is virtual time: an event loop whose clock jumps from each event to the next. A run takes as long as
// its computations, whatever time passes in it, and is the same every time.
package sim
