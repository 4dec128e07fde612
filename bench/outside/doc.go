// Package outside holds figures that others have published, with their sources, and measures the same with the drivers
// of this program: the floor, a simulated run and, if wanted, a live one. docs/outside-tables.md shows them side by
// side.
package outside
