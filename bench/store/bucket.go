package store

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// Bucket is a bucket of an object store. Keys have slashes as paths have, and none in the beginning. It is safe for use by several
// goroutines.
type Bucket interface {
	// Read returns what is in an object, to be closed. The error is fs.ErrNotExist if there is none.
	Read(ctx context.Context, key string) (io.ReadCloser, error)
	// Write makes an object or replaces one: it is there as a whole or as it was before.
	Write(ctx context.Context, key string, content io.Reader) error
	// Delete removes an object, if there is one.
	Delete(ctx context.Context, key string) error
	// Folders are the names directly below a folder that have objects below them. The folder is empty or ends with a slash.
	Folders(ctx context.Context, folder string) ([]string, error)
	Close() error
}

// Opener opens the bucket that a URL names, whose path is not the bucket's but that of a result in it. The error tells which schemes are
// accepted.
type Opener func(ctx context.Context, at *url.URL) (Bucket, error)

// urlPattern is how a URL begins, also one that lacks a slash. A single letter is a drive of Windows.
var urlPattern = regexp.MustCompile(`^[a-zA-Z][-+.a-zA-Z0-9]+:/`)

// IsURL reports whether the name of a place is a URL rather than a folder.
func IsURL(place string) bool { return urlPattern.MatchString(place) }

// Join is the place of that name below a folder or a URL. What a URL has behind a question mark stays in the end.
func Join(place, name string) string {
	if !IsURL(place) {
		return filepath.Join(place, name)
	}
	before, query, found := strings.Cut(place, "?")
	before = strings.TrimRight(before, "/") + "/" + name
	if found {
		before += "?" + query
	}
	return before
}

// Base is the last name of a URL: that of the result, or of the bucket if there is no other.
func Base(at string) string {
	before, _, _ := strings.Cut(at, "?")
	_, where, _ := strings.Cut(before, "://")
	if base := path.Base(where); base != "." && base != "/" {
		return base
	}
	return "result"
}

// Check returns an error for a URL that cannot be that of a result.
func Check(at string) error {
	_, _, err := parse(at)
	return err
}

// parse reads a URL, and returns it with the key of what it names, which may be empty.
func parse(text string) (at *url.URL, key string, err error) {
	const accepted = "accepted: SCHEME://BUCKET/NAME, such as s3://bucket/results/today, or file:///FOLDER"
	at, err = url.Parse(text)
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("%w; %s", err, accepted)
	case !strings.HasPrefix(text, at.Scheme+"://"), at.User != nil, at.Fragment != "":
		return nil, "", fmt.Errorf("found %q; %s", text, accepted)
	}
	key = strings.Trim(at.Path, "/")
	if key != "" && (path.Clean(key) != key || strings.HasPrefix(key, "../")) {
		return nil, "", fmt.Errorf("found %q; accepted: a path in which no part is empty, . or .. alone", text)
	}
	return at, key, nil
}
