// Command playground is quorumbench for a browser: it reads experiments, computes floors, runs them in virtual time, checks
// them, and tells single writes step by step. It is built with GOOS=js GOARCH=wasm and runs in the worker of the page in
// package playground, which see. Elsewhere it only says so.
package main
