package keys_test

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/site/keys"
)

const odd = "moon/../base 1%2f"

var sites = []string{"us-east-1", "eu-west-1", odd}

// deployment makes keys and returns the folder that they are in.
func deployment(t *testing.T, sites ...string) string {
	t.Helper()
	made, err := keys.Make("three regions", sites, time.Now(), 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "keys")
	if err := made.Write(folder); err != nil {
		t.Fatal(err)
	}
	return folder
}

func identity(t *testing.T, folder, site string) *keys.Identity {
	t.Helper()
	id, err := keys.Read(folder, site, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// handshake connects two sides and returns whom the server found, and the errors that they found.
func handshake(server, client *tls.Config) (peer string, serverErr, clientErr error) {
	a, b := net.Pipe()
	done := make(chan error, 1)
	s := tls.Server(a, server)
	go func() {
		err := s.Handshake()
		if err == nil {
			peer, err = keys.PeerOf(s.ConnectionState())
		}
		_, _ = s.Write([]byte{1}) // so that the client learns what the server thinks of its certificate
		s.Close()
		done <- err
	}()
	c := tls.Client(b, client)
	clientErr = c.Handshake()
	if clientErr == nil {
		_, clientErr = c.Read(make([]byte, 1))
	}
	b.Close()
	serverErr = <-done
	return peer, serverErr, clientErr
}

func TestSitesOfADeploymentKnowEachOther(t *testing.T) {
	folder := deployment(t, sites...)
	for _, from := range sites {
		for _, to := range sites {
			a, b := identity(t, folder, from), identity(t, folder, to)
			peer, serverErr, clientErr := handshake(b.Server("test"), a.Client("test", to))
			if serverErr != nil || clientErr != nil || peer != from {
				t.Errorf("%s to %s: found %q; server: %v; client: %v", from, to, peer, serverErr, clientErr)
			}
			if a.Site != from || a.Deployment != "three regions" {
				t.Errorf("found site %q of %q", a.Site, a.Deployment)
			}
		}
	}
}

func TestNobodyElseGetsIn(t *testing.T) {
	folder, other := deployment(t, sites...), deployment(t, sites...)
	server := identity(t, folder, "us-east-1").Server("test")

	stranger := identity(t, other, "eu-west-1").Client("test", "us-east-1")
	stranger.InsecureSkipVerify, stranger.VerifyConnection = true, nil // it does not care whom it calls
	if _, serverErr, clientErr := handshake(server, stranger); serverErr == nil || clientErr == nil {
		t.Errorf("a site of another authority was let in: %v, %v", serverErr, clientErr)
	}

	nobody := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"test"}}
	if _, serverErr, clientErr := handshake(server, nobody); serverErr == nil || clientErr == nil {
		t.Errorf("somebody without a certificate was let in: %v, %v", serverErr, clientErr)
	}

	wrong := identity(t, folder, "eu-west-1").Client("test", odd)
	if _, _, clientErr := handshake(server, wrong); clientErr == nil || !strings.Contains(clientErr.Error(), "found the site us-east-1 at this address; accepted: "+odd) {
		t.Errorf("a site called another one than it wanted and went on: %v", clientErr)
	}

	old := identity(t, folder, "eu-west-1").Client("test", "us-east-1")
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	if _, serverErr, _ := handshake(server, old); serverErr == nil {
		t.Error("TLS 1.2 was accepted")
	}
}

func TestWhatIsWrongWithKeysIsTold(t *testing.T) {
	good := deployment(t, sites...)
	change := func(change func(folder string) error) string {
		folder := filepath.Join(t.TempDir(), "keys")
		if err := errors.Join(os.CopyFS(folder, os.DirFS(good)), change(folder)); err != nil {
			t.Fatal(err)
		}
		return folder
	}
	copyOver := func(from, to string) func(folder string) error {
		return func(folder string) error {
			data, err := os.ReadFile(from)
			return errors.Join(err, os.WriteFile(filepath.Join(folder, to), data, 0o600))
		}
	}
	const mine = "site-us-east-1.pem"
	for name, c := range map[string]struct {
		folder string
		now    time.Time
		want   string
	}{
		"no folder":         {filepath.Join(good, "nothing"), time.Now(), "quorumbench keys makes it"},
		"another authority": {change(copyOver(filepath.Join(deployment(t, sites...), keys.AuthorityFile), keys.AuthorityFile)), time.Now(), "accepted: one of this authority"},
		"another site":      {change(copyOver(filepath.Join(good, "site-eu-west-1.pem"), mine)), time.Now(), "found the certificate of eu-west-1; accepted: that of us-east-1"},
		"no key in it":      {change(copyOver(filepath.Join(good, keys.AuthorityFile), mine)), time.Now(), "the site's key"},
		"empty":             {change(func(f string) error { return os.WriteFile(filepath.Join(f, mine), nil, 0o600) }), time.Now(), "the site's key"},
		"garbage":           {change(func(f string) error { return os.WriteFile(filepath.Join(f, keys.AuthorityFile), []byte("x"), 0o600) }), time.Now(), "authority.pem: found something else"},
		"authority's own":   {change(copyOver(filepath.Join(good, mine), keys.AuthorityFile)), time.Now(), "authority.pem: found something else"},
		"expired":           {good, time.Now().Add(25 * time.Hour), "at a time when it is valid"},
		"not valid yet":     {good, time.Now().Add(-2 * time.Hour), "at a time when it is valid"},
	} {
		_, err := keys.Read(c.folder, "us-east-1", c.now)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want one with %q", name, err, c.want)
		}
	}
}

func TestKeysStayWhereTheyBelong(t *testing.T) {
	folder := deployment(t, sites...)
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 4 {
		t.Fatalf("found %v, %v; want four files", entries, err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if want := os.FileMode(0o600); e.Name() != keys.AuthorityFile && info.Mode().Perm() != want {
			t.Errorf("%s may be used by %v; want %v", e.Name(), info.Mode().Perm(), want)
		}
	}
	made, err := keys.Make("d", []string{"a"}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Write(folder); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("writing over other keys: %v", err)
	}
	for _, c := range []struct {
		sites []string
		valid time.Duration
	}{{nil, time.Hour}, {[]string{"a", "a"}, time.Hour}, {[]string{"a"}, time.Minute}, {[]string{"a"}, 1 << 62}} {
		if _, err := keys.Make("d", c.sites, time.Now(), c.valid); err == nil || !strings.Contains(err.Error(), "accepted:") {
			t.Errorf("%v for %v: %v", c.sites, c.valid, err)
		}
	}
}
