package keys

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// Limits of how long certificates are valid.
const (
	LeastValid = time.Hour
	MostValid  = 10 * 365 * 24 * time.Hour
)

// AuthorityFile is the name of the file with the authority's certificate.
const AuthorityFile = "authority.pem"

// SiteFile is the name of the file with a site's certificate and private key. Characters that could mean something in a path
// or a URL are escaped as in URLs, so that no name leaves its folder.
func SiteFile(site string) string { return "site-" + url.PathEscape(site) + ".pem" }

// Keys are the certificates of a deployment, as PEM.
type Keys struct {
	Authority []byte     // the certificate by which sites check each other
	Sites     []SiteKeys // in the order given to Make
}

// SiteKeys are the certificate of a site and its private key, in one PEM file that nobody else may read.
type SiteKeys struct {
	Site string
	PEM  []byte
}

const (
	certificateBlock = "CERTIFICATE"
	privateKeyBlock  = "PRIVATE KEY" // PKCS #8

	// serverName is in every certificate and is what TLS checks of a name. Who a site is stands in the URI; see siteURI.
	serverName = "site.quorumbench"
	uriScheme  = "quorumbench"
)

// siteURI names a site of a deployment in its certificate, such as quorumbench://three-regions/eu-west-1.
func siteURI(deployment, site string) *url.URL {
	return &url.URL{Scheme: uriScheme, Host: url.PathEscape(deployment), Path: "/" + site, RawPath: "/" + url.PathEscape(site)}
}

// Make makes an authority, and with it a certificate for each site, valid from an hour ago (clocks differ) for the given time from
// now. It returns an error for a time that is not between LeastValid and MostValid, for no sites, and for a site named twice.
func Make(deployment string, sites []string, now time.Time, valid time.Duration) (*Keys, error) {
	if valid < LeastValid || valid > MostValid {
		return nil, fmt.Errorf("found a validity of %v; accepted: %v to %v", valid, LeastValid, MostValid)
	}
	if len(sites) == 0 {
		return nil, errors.New("found no sites; accepted: one or more")
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("making the authority's number: %w", err)
	}
	from, until := now.Add(-time.Hour), now.Add(valid)
	authority := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "authority of " + deployment, SerialNumber: fmt.Sprintf("%x", serial)},
		NotBefore: from, NotAfter: until, KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
	}
	signing, err := newKey()
	if err != nil {
		return nil, fmt.Errorf("making the authority's key: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, authority, authority, &signing.PublicKey, signing)
	if err != nil {
		return nil, fmt.Errorf("making the authority's certificate: %w", err)
	}
	all := &Keys{Authority: encode(certificateBlock, der)}
	seen := map[string]bool{}
	for i, site := range sites {
		if seen[site] {
			return nil, fmt.Errorf("found the site %q twice; accepted: once", site)
		}
		seen[site] = true
		key, err := newKey()
		if err != nil {
			return nil, fmt.Errorf("making the key of %s: %w", site, err)
		}
		template := &x509.Certificate{
			SerialNumber: new(big.Int).Add(serial, big.NewInt(int64(i)+1)), Subject: pkix.Name{CommonName: site},
			DNSNames: []string{serverName}, URIs: []*url.URL{siteURI(deployment, site)},
			NotBefore: from, NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}
		certificate, err := x509.CreateCertificate(rand.Reader, template, authority, &key.PublicKey, signing)
		if err != nil {
			return nil, fmt.Errorf("making the certificate of %s: %w", site, err)
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, fmt.Errorf("encoding the key of %s: %w", site, err)
		}
		all.Sites = append(all.Sites, SiteKeys{site, append(encode(certificateBlock, certificate), encode(privateKeyBlock, private)...)})
	}
	return all, nil
}

// newKey makes a private key. P-256, since its certificates fit into QUIC's first packets and hardware makes it fast.
func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func encode(block string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: block, Bytes: der})
}

// Write writes the files into a new folder that only this user may read: AuthorityFile, and one of SiteFile for each site. A
// folder that is there already is refused. If a file cannot be written, the folder is removed again.
func (k *Keys) Write(folder string) error {
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return fmt.Errorf("making a folder for keys: %w", err)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		if errors.Is(err, os.ErrExist) {
			return fmt.Errorf("found %s, which is there already; accepted: a folder that is not there yet", folder)
		}
		return fmt.Errorf("making a folder for keys: %w", err)
	}
	err := os.WriteFile(filepath.Join(folder, AuthorityFile), k.Authority, 0o644)
	for _, s := range k.Sites {
		err = errors.Join(err, os.WriteFile(filepath.Join(folder, SiteFile(s.Site)), s.PEM, 0o600))
	}
	if err != nil {
		return fmt.Errorf("writing keys: %w", errors.Join(err, os.RemoveAll(folder)))
	}
	return nil
}
