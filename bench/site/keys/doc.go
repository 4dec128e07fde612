// Package keys makes and reads what the sites of a deployment prove themselves by: an authority that exists for this
// deployment alone, and for each site a certificate that it has signed. Sites speak mutual TLS 1.3, so nobody without such a
// certificate takes part.
//
// The authority's private key is never stored: once the certificates are made, nobody can make another one. To add a site, or to
// replace a key that was lost, all are made anew.
package keys
