// Package configs holds the files that come with the program, so that it works without a checkout
// of its sources: experiments that run as they are, and the topologies, which are measured round
// trips with their source and date.
package configs
