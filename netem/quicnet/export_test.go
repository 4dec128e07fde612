package quicnet

import "crypto/tls"

// Break ends the connection from one replica to another, as if it had failed.
func Break(n *Net, from, to int) {
	p := n.endpoints[from].peers[to]
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.conn.CloseWithError(1, "broken by a test")
}

// SiteOf is how a replica of a net of several processes knows the others, by keys made for a test.
func SiteOf(replicas int) (func(self int) SiteConfig, error) {
	identities, err := newIdentities(replicas)
	return func(self int) SiteConfig {
		return SiteConfig{
			Self: self, Server: serverTLS(identities, self), WhoIs: whoIs,
			Client: func(to int) *tls.Config { return clientTLS(identities[self], identities[to]) },
		}
	}, err
}
