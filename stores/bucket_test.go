package main

import (
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gocloud.dev/blob/memblob"

	"quorumbench/bench/store"
)

// each is a bucket of each kind that can be had here, with the key below which a test has it for itself.
func each(t *testing.T) map[string]struct {
	store.Bucket
	key string
} {
	t.Helper()
	for _, setting := range credentials {
		name, value, _ := strings.Cut(setting, "=")
		t.Setenv(name, value)
	}
	all := map[string]struct {
		store.Bucket
		key string
	}{"memory": {bucket{memblob.OpenBucket(nil)}, "x/"}}
	folder := t.TempDir()
	for name, text := range map[string]string{"files": "file://" + filepath.ToSlash(folder), "S3": "s3://bench/x" + serveS3(t, nil)} {
		at, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		b, err := open(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		all[name] = struct {
			store.Bucket
			key string
		}{b, strings.Trim(at.Path, "/") + "/"}
	}
	return all
}

// All stores are alike to those who put results into them.
func TestBuckets(t *testing.T) {
	for name, b := range each(t) {
		ctx := t.Context()
		read := func(key string) string {
			object, err := b.Read(ctx, b.key+key)
			if errors.Is(err, fs.ErrNotExist) {
				return "none"
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			defer object.Close()
			text, err := io.ReadAll(object)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return string(text)
		}
		write := func(key, text string) {
			if err := b.Write(ctx, b.key+key, strings.NewReader(text)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if got := read("one/manifest.sha256"); got != "none" {
			t.Errorf("%s: found %q before it was written", name, got)
		}
		large := strings.Repeat("0123456789abcdef", 1<<16)
		write("one/manifest.sha256", "first")
		write("one/manifest.sha256", large)
		write("one/abc/run.json", "")
		write("two words/it's $x ü/a.html", "<p>")
		for key, want := range map[string]string{"one/manifest.sha256": large, "one/abc/run.json": "", "two words/it's $x ü/a.html": "<p>", "one": "none", "one/abc": "none"} {
			if got := read(key); got != want {
				t.Errorf("%s: found %.20q at %s; want %.20q", name, got, key, want)
			}
		}
		folders, err := b.Folders(ctx, b.key)
		if slices.Sort(folders); err != nil || !slices.Equal(folders, []string{"one", "two words"}) {
			t.Errorf("%s: found the folders %q: %v", name, folders, err)
		}
		if folders, err = b.Folders(ctx, b.key+"none/"); err != nil || len(folders) > 0 {
			t.Errorf("%s: found the folders %q of none: %v", name, folders, err)
		}
		for range 2 { // the second time there is nothing to delete
			if err := b.Delete(ctx, b.key+"one/abc/run.json"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := read("one/abc/run.json"); got != "none" {
			t.Errorf("%s: found %q after it was deleted", name, got)
		}
	}
}

// A write whose content fails leaves what was there.
func TestAWriteThatFailsChangesNothing(t *testing.T) {
	for name, b := range each(t) {
		key := b.key + "object"
		if err := b.Write(t.Context(), key, strings.NewReader("whole")); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		failing := io.MultiReader(strings.NewReader(strings.Repeat("half", 1000)), errorReader{})
		if err := b.Write(t.Context(), key, failing); err == nil {
			t.Errorf("%s: no error", name)
		}
		object, err := b.Read(t.Context(), key)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if text, err := io.ReadAll(object); string(text) != "whole" || err != nil {
			t.Errorf("%s: found %.20q, %v", name, text, err)
		}
		object.Close()
	}
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

func TestURLsThatMeanNothing(t *testing.T) {
	for text, want := range map[string]string{
		"ftp://host/x": "found the scheme ftp; accepted: s3://BUCKET/NAME, gs://BUCKET/NAME, azblob://CONTAINER/NAME, file:///FOLDER",
		"mem://b/x":    "found the scheme mem; accepted: ",
		"s3:///x":      "found no bucket; accepted: s3://BUCKET/NAME?region=REGION",
		"gs:///":       "found no bucket; accepted: gs://BUCKET/NAME",
		"file://x/y":   "accepted: file:///FOLDER, by a path from the root",
		"file:///":     "accepted: file:///FOLDER, by a path from the root",
		"file:///x?y":  "accepted: file:///FOLDER, by a path from the root",
		"s3://b?x=y":   "x",
	} {
		at, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := open(t.Context(), at); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: found %v; want %q", text, err, want)
		}
	}
}
