// Package registry is the list of protocol drivers: the one place where they are named.
package registry
