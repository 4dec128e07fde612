// Package options reads and describes the options of a protocol driver, which are the fields of a struct. A
// field is a bool, an int, a time.Duration, a string that is one of several words, or of a type that has a
// text of its own (encoding.TextUnmarshaler and TextMarshaler). Its tags say
//
//	option:"batch"            what an experiment file calls it; a field without is no option
//	help:"how long …"         in one line, what it does
//	range:"0s..1m"            the least and the greatest value; n stands for the number of replicas
//	accepts:"log,index"       of a string: the words
//	unit:"replicas"           what a number counts
//	zero:"off"                a word for the value zero, which is accepted whatever the range
//	default:"a majority"      what the default is, where that depends on the number of replicas
//	tries:"off,1ms,5ms"       the values that random lives try, in order; "default" stands for the default, and
//	                          a range such as 1..n for its values that are not listed before it
//	stream:"2"                of an option that came when there were lives already: the number, from 1 and of no other
//	                          option of the driver, of a random stream from which lives draw it, so that what
//	                          earlier options draw stays as it is. Three lives in four keep the default
//	trustsclocks:"lease"      values with which the protocol is safe only if the replicas' clocks run at
//	                          nearly the same rate; the driver says how nearly. Random lives with such a
//	                          value have no wrong clocks
//	sequential:"local"        values with which reads are sequentially consistent, and not linearizable. The standard client
//	                          then tells with each read what it has seen, and runs are checked for that
//
// The defaults are what the struct holds when the driver makes it.
package options
