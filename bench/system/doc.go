// Package system is the contract between an experiment and a system that is run unmodified, as etcd is: programs that know
// nothing of this toolkit, each in the network namespace of its region.
//
// A Description says what an experiment has to know about a system before anything runs: what it promises, and which driver
// has its floor. Every program knows the descriptions in Known, so that every program can read, check and plan their
// experiments. An Adapter runs a system: it says how a node is started, when it is ready, where its leader is, and how clients
// talk to it. Adapters link the systems' own libraries, and are in a module of their own, whose program is this command line
// with adapters added.
package system
