package quicnet

// Break ends the connection from one replica to another, as if it had failed.
func Break(n *Net, from, to int) {
	p := n.endpoints[from].peers[to]
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.conn.CloseWithError(1, "broken by a test")
}
