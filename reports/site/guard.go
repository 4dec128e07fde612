package site

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Listen listens on a loopback address, such as 127.0.0.1:8080, [::1]:0 or localhost:8080. Port 0 is any that is free. Other
// addresses are refused.
func Listen(address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("found the address %q; accepted: a loopback address with a port, as in 127.0.0.1:8080", address)
	}
	if !isLoopback(host) {
		return nil, fmt.Errorf("found the address %q, which other machines may reach; accepted: a loopback address with a port, as in 127.0.0.1:8080", address)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", address, err)
	}
	return listener, nil
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// The policies of what is sent.
const (
	// ours is that of pages of this program.
	ours = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	// foreign is that of files in the folder: an origin of their own, and no network.
	foreign = "sandbox allow-scripts allow-downloads allow-modals; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	// playing is that of the playground, which compiles its program and runs it in a worker.
	playing = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' blob:; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// guard answers requests for this machine's loopback addresses by handler, and refuses others.
func guard(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", ours)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host // without a port
		}
		if len(host) > 2 && host[0] == '[' && host[len(host)-1] == ']' {
			host = host[1 : len(host)-1]
		}
		switch {
		case !isLoopback(host):
			http.Error(w, "found a Host header that is no loopback address; accepted: localhost, 127.0.0.1, [::1]", http.StatusMisdirectedRequest)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			header.Set("Allow", "GET, HEAD")
			http.Error(w, "found the method "+r.Method+"; accepted: GET, HEAD", http.StatusMethodNotAllowed)
		default:
			handler.ServeHTTP(w, r)
		}
	})
}

// newServer is a server of handler that does not wait for slow clients for ever.
func newServer(handler http.Handler) *http.Server {
	return &http.Server{Handler: guard(handler), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
}
