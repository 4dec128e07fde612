// Package site shows results in a browser of the same machine: a folder with results, of which it compares any two, and a run
// while it goes.
//
// # What it guards against
//
// A page of another site that the reader visits meanwhile must not read results: a server listens on loopback addresses only
// (Listen), answers only to requests whose Host header names it so, which a name that was rebound to 127.0.0.1 does
// not, and sends Cross-Origin-Resource-Policy. Files are opened below the folder that is shown, and nowhere else, whatever
// a path or a symbolic link says (os.Root). Pages that are in a folder may be somebody else's, so they are sent with a policy
// that gives them an origin of their own and no network. There is nothing to change: GET and HEAD are all that is answered.
package site
