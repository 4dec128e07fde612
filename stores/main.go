// Command stores is quorumbench with object stores: all that quorumbench does, and wherever a result's folder may be named, the URL of a
// result in Amazon S3, in what speaks its protocol, in Google Cloud Storage, in Azure Blob Storage, or in a folder.
package main

import (
	// The certificates of authorities, for images in which there are none.
	_ "golang.org/x/crypto/x509roots/fallback"

	"quorumbench/cmd/cli"
	"quorumbench/protocols/registry"
)

func main() { cli.Program{Drivers: registry.Drivers, Stores: open}.Main() }
