package keys

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Identity is what a site has of a deployment's keys: its own certificate and key, and the authority that signed those of the
// others. Safe for use by several goroutines.
type Identity struct {
	Deployment, Site string

	certificate tls.Certificate
	authority   *x509.CertPool
	fingerprint [sha256.Size]byte // of the authority's certificate
}

// Read reads the identity of a site from a folder that Write has filled. The errors name the file, and tell what is accepted:
// the files of one deployment, of this site, at a time when the certificate is valid.
func Read(folder, site string, now time.Time) (*Identity, error) {
	authority, err := os.ReadFile(filepath.Join(folder, AuthorityFile))
	if err != nil {
		return nil, fmt.Errorf("reading the authority's certificate: %w; quorumbench keys makes it", err)
	}
	name := filepath.Join(folder, SiteFile(site))
	own, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the key of %s: %w; quorumbench keys makes it", site, err)
	}
	id, err := New(authority, own, now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	if id.Site != site {
		return nil, fmt.Errorf("%s: found the certificate of %s; accepted: that of %s", name, id.Site, site)
	}
	return id, nil
}

// New makes the identity of a site from the contents of its two files.
func New(authority, own []byte, now time.Time) (*Identity, error) {
	block, rest := pem.Decode(authority)
	if block == nil || block.Type != certificateBlock || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("%s: found something else than one certificate as PEM; accepted: what quorumbench keys has written", AuthorityFile)
	}
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; accepted: what quorumbench keys has written", AuthorityFile, err)
	}
	pair, err := tls.X509KeyPair(own, own)
	if err != nil {
		return nil, fmt.Errorf("the site's key: %w; accepted: what quorumbench keys has written", err)
	}
	id := &Identity{certificate: pair, authority: x509.NewCertPool(), fingerprint: sha256.Sum256(block.Bytes)}
	id.authority.AddCert(root)
	options := x509.VerifyOptions{Roots: id.authority, DNSName: serverName, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	if _, err := pair.Leaf.Verify(options); err != nil {
		return nil, fmt.Errorf("the site's certificate: %w; accepted: one of this authority, at a time when it is valid", err)
	}
	if id.Deployment, id.Site, err = named(pair.Leaf); err != nil {
		return nil, err
	}
	return id, nil
}

// named tells of which deployment and site a certificate is.
func named(c *x509.Certificate) (deployment, site string, err error) {
	if len(c.URIs) != 1 || c.URIs[0].Scheme != uriScheme {
		return "", "", errors.New("found a certificate that names no site; accepted: what quorumbench keys has written")
	}
	deployment, err = url.PathUnescape(c.URIs[0].Host)
	if err != nil {
		return "", "", fmt.Errorf("found a certificate of the deployment %q: %w", c.URIs[0].Host, err)
	}
	return deployment, strings.TrimPrefix(c.URIs[0].Path, "/"), nil
}

// Fingerprint is the hash of the authority's certificate, by which people can tell two deployments apart.
func (id *Identity) Fingerprint() string { return fmt.Sprintf("%x", id.fingerprint[:8]) }

// Server is the TLS configuration with which the site lets others in: those that the authority has signed, and nobody else. Protocol
// is the application protocol (ALPN) that both sides must name.
func (id *Identity) Server(protocol string) *tls.Config {
	config := id.common(protocol)
	config.ClientAuth = tls.RequireAndVerifyClientCert
	config.ClientCAs = id.authority
	config.VerifyConnection = func(state tls.ConnectionState) error {
		_, err := PeerOf(state)
		return err
	}
	return config
}

// Client is the TLS configuration with which the site calls another one, and no other: whoever answers must have the certificate
// of that site.
func (id *Identity) Client(protocol, site string) *tls.Config {
	config := id.common(protocol)
	config.RootCAs = id.authority
	config.ServerName = serverName
	config.VerifyConnection = func(state tls.ConnectionState) error {
		found, err := PeerOf(state)
		if err == nil && found != site {
			err = fmt.Errorf("found the site %s at this address; accepted: %s", found, site)
		}
		return err
	}
	return config
}

func (id *Identity) common(protocol string) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{id.certificate},
		NextProtos:   []string{protocol},
		MinVersion:   tls.VersionTLS13,
		// The default also offers a post-quantum exchange, whose share does not fit into one packet.
		CurvePreferences:       []tls.CurveID{tls.X25519},
		SessionTicketsDisabled: true, // so that every connection is checked anew
	}
}

// PeerOf tells which site is at the other end of a connection, by the certificate that was verified.
func PeerOf(state tls.ConnectionState) (site string, err error) {
	if len(state.VerifiedChains) == 0 {
		return "", errors.New("found a connection without a verified certificate; accepted: one that the deployment's authority has signed")
	}
	_, site, err = named(state.PeerCertificates[0])
	return site, err
}
