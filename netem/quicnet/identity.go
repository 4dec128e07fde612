package quicnet

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// identity is what a replica proves itself by: a key and a certificate made at the start, signed
// by nobody but itself and trusted by nobody but the other replicas of the net.
type identity struct {
	name        string
	certificate tls.Certificate
}

const (
	protocolName = "quorumbench"
	namePrefix   = "replica-"
)

func newIdentities(replicas int) ([]identity, error) {
	identities := make([]identity, replicas)
	for id := range identities {
		name := namePrefix + strconv.Itoa(id)
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("making the key of %s: %w", name, err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(id) + 1),
			DNSNames:     []string{name},
			NotBefore:    time.Now().Add(-time.Hour),
			NotAfter:     time.Now().AddDate(1, 0, 0),
			KeyUsage:     x509.KeyUsageDigitalSignature,
			ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
		if err != nil {
			return nil, fmt.Errorf("making the certificate of %s: %w", name, err)
		}
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("reading the certificate of %s: %w", name, err)
		}
		identities[id] = identity{name, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private, Leaf: leaf}}
	}
	return identities, nil
}

// serverTLS lets in the other replicas and nobody else.
func serverTLS(identities []identity, self int) *tls.Config {
	others := x509.NewCertPool()
	for id, other := range identities {
		if id != self {
			others.AddCert(other.certificate.Leaf)
		}
	}
	config := commonTLS(identities[self])
	config.ClientAuth = tls.RequireAndVerifyClientCert
	config.ClientCAs = others
	return config
}

// clientTLS accepts one certificate: that of the replica dialled.
func clientTLS(self, peer identity) *tls.Config {
	pinned := x509.NewCertPool()
	pinned.AddCert(peer.certificate.Leaf)
	config := commonTLS(self)
	config.RootCAs = pinned
	config.ServerName = peer.name
	return config
}

func commonTLS(self identity) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{self.certificate},
		NextProtos:   []string{protocolName},
		MinVersion:   tls.VersionTLS13,
		// The default also offers a post-quantum exchange, whose share does not fit into one packet.
		CurvePreferences:       []tls.CurveID{tls.X25519},
		SessionTicketsDisabled: true, // nobody resumes
	}
}

// whoIs tells which replica dialled a connection, by the certificate that was verified.
func whoIs(state tls.ConnectionState) (replica int, err error) {
	name := state.PeerCertificates[0].DNSNames[0]
	return strconv.Atoi(strings.TrimPrefix(name, namePrefix))
}
