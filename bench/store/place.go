package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// atOnce is how many objects are read or written at a time.
const atOnce = 8

// answerWithin is how long a store may take for a first answer.
const answerWithin = time.Minute

// Place is where a result is in an object store, or is going to be. Not safe for use by several goroutines.
type Place struct {
	URL    string
	bucket Bucket
	key    string
	seen   []byte // the manifest when it was looked at last; nil: there was none
}

// Errors of places.
var (
	// ErrNone is the error for a place that has no result.
	ErrNone = errors.New("has no result: there is no " + manifestName)
	// ErrChanged is the error of Put if somebody else has put a result there since it was looked at.
	ErrChanged = errors.New("has a result that another process has put there meanwhile")
)

// Open opens the place that a URL names.
func Open(ctx context.Context, open Opener, at string) (*Place, error) {
	parsed, key, err := parse(at)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	bucket, err := open(ctx, parsed)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", at, err)
	}
	return &Place{URL: at, bucket: bucket, key: key}, nil
}

// Close closes the bucket.
func (p *Place) Close() error { return p.bucket.Close() }

// Has reports whether a result is there.
func (p *Place) Has(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if err := p.look(ctx); err != nil {
		return false, err
	}
	return p.seen != nil, nil
}

// Try writes a small object and removes it, to find out before a long run whether its result can be put there.
func (p *Place) Try(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	probe := path.Join(p.key, "probe")
	if err := p.bucket.Write(ctx, probe, strings.NewReader("quorumbench has tried whether it can write here\n")); err != nil {
		return fmt.Errorf("trying to write to %s: %w", p.URL, err)
	}
	_ = p.bucket.Delete(ctx, probe) // which may not be allowed, and does no harm where it is
	return nil
}

// look reads the manifest.
func (p *Place) look(ctx context.Context) error {
	p.seen = nil
	object, err := p.bucket.Read(ctx, path.Join(p.key, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		p.seen, err = io.ReadAll(io.LimitReader(object, maxManifest+1))
		err = errors.Join(err, object.Close())
	}
	switch {
	case err != nil:
		p.seen = nil
		return fmt.Errorf("looking at %s: %w", p.URL, err)
	case len(p.seen) > maxManifest:
		return fmt.Errorf("%s: found more than %d bytes in %s", p.URL, maxManifest, manifestName)
	case p.seen == nil:
		p.seen = []byte{}
	}
	return nil
}

// Put puts the files of a folder there, in place of the result that it has seen there last. After an error, what was there before is there
// still, unless the error is that of the last write, of which nobody knows.
func (p *Place) Put(ctx context.Context, folder string) error {
	m, err := manifestOf(folder)
	if err != nil {
		return fmt.Errorf("putting a result to %s: %w", p.URL, err)
	}
	before := p.seen
	if err := p.look(ctx); err != nil {
		return err
	}
	text := m.text()
	if p.seen != nil && !bytes.Equal(p.seen, before) && !bytes.Equal(p.seen, text) {
		p.seen = before
		return fmt.Errorf("%s %w", p.URL, ErrChanged)
	}
	all, within := errgroup.WithContext(ctx)
	all.SetLimit(atOnce)
	for _, f := range m.files {
		all.Go(func() error {
			return p.write(within, path.Join(m.id, f.name), filepath.Join(folder, filepath.FromSlash(f.name)))
		})
	}
	if err = all.Wait(); err == nil {
		err = p.bucket.Write(ctx, path.Join(p.key, manifestName), bytes.NewReader(text))
	}
	if err != nil {
		return fmt.Errorf("putting a result to %s: %w", p.URL, err)
	}
	p.seen = text
	if old, err := parseManifest(before); err == nil && old.id != m.id {
		for _, f := range old.files { // nobody looks for them any more; one that stays does no harm
			_ = p.bucket.Delete(ctx, path.Join(p.key, old.id, f.name))
		}
	}
	return nil
}

// write writes a file into an object.
func (p *Place) write(ctx context.Context, name, from string) error {
	file, err := os.Open(from)
	if err != nil {
		return err
	}
	defer file.Close()
	return p.bucket.Write(ctx, path.Join(p.key, name), file)
}

// Fetch writes the files of the result into a folder, each as a whole, and holds them against their checksums. The error is ErrNone if there
// is no result. After an error, no file of it is left.
func (p *Place) Fetch(ctx context.Context, folder string) error {
	for {
		if err := p.look(ctx); err != nil {
			return err
		}
		if p.seen == nil {
			return fmt.Errorf("%s %w", p.URL, ErrNone)
		}
		m, err := parseManifest(p.seen)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", p.URL, manifestName, err)
		}
		before := p.seen
		if err = p.fetch(ctx, m, folder); err == nil {
			return nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("fetching %s: %w", p.URL, err)
		}
		if looked := p.look(ctx); looked != nil || bytes.Equal(before, p.seen) {
			return fmt.Errorf("fetching %s: %w", p.URL, errors.Join(err, looked))
		} // else another result has taken its place meanwhile
	}
}

func (p *Place) fetch(ctx context.Context, m *manifest, folder string) error {
	var made []string
	var mutex sync.Mutex
	all, within := errgroup.WithContext(ctx)
	all.SetLimit(atOnce)
	for _, f := range m.files {
		all.Go(func() error {
			to := filepath.Join(folder, filepath.FromSlash(f.name))
			err := p.read(within, path.Join(p.key, m.id, f.name), f.sum, to)
			if err == nil {
				mutex.Lock()
				defer mutex.Unlock()
				made = append(made, to)
			}
			return err
		})
	}
	err := all.Wait()
	if err != nil {
		for _, name := range made {
			err = errors.Join(err, os.Remove(name))
		}
	}
	return err
}

// read writes an object into a file, if it has that checksum.
func (p *Place) read(ctx context.Context, key, sum, to string) (failed error) {
	object, err := p.bucket.Read(ctx, key)
	if err != nil {
		return err
	}
	defer object.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(file, hash), io.LimitReader(object, maxFile+1))
	if err = errors.Join(err, file.Close()); err == nil {
		switch found := hex.EncodeToString(hash.Sum(nil)); {
		case n > maxFile:
			err = fmt.Errorf("%s: found more than %d bytes", key, maxFile)
		case found != sum:
			err = fmt.Errorf("%s: found SHA-256 %.12s…; %s expects %.12s…: the object was changed", key, found, manifestName, sum)
		}
	}
	if err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}

// FetchAll writes the result into a folder, or, if there is none but there are results directly below, those into folders of their names. It
// returns the names; an empty one is the result itself. The error is ErrNone if there is neither.
func (p *Place) FetchAll(ctx context.Context, folder string) (names []string, err error) {
	if err := p.look(ctx); err != nil {
		return nil, err
	}
	if p.seen != nil {
		return []string{""}, p.Fetch(ctx, folder)
	}
	below := p.key
	if below != "" {
		below += "/"
	}
	folders, err := p.bucket.Folders(ctx, below)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", p.URL, err)
	}
	var mutex sync.Mutex
	all, within := errgroup.WithContext(ctx)
	all.SetLimit(atOnce)
	for _, name := range folders {
		if !isName(name) || strings.Contains(name, "/") {
			continue
		}
		all.Go(func() error {
			one := &Place{URL: Join(p.URL, name), bucket: p.bucket, key: path.Join(p.key, name)}
			err := one.Fetch(within, filepath.Join(folder, name))
			if errors.Is(err, ErrNone) {
				return nil
			}
			mutex.Lock()
			defer mutex.Unlock()
			names = append(names, name)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s %w, and none directly below", p.URL, ErrNone)
	}
	slices.Sort(names)
	return names, nil
}
