//go:build !js

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "playground: this program runs in a browser; quorumbench playground DIR builds it with GOOS=js GOARCH=wasm and puts the page beside it")
	os.Exit(2)
}
