package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	_ "gocloud.dev/blob/azureblob"
	_ "gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/gcsblob"
	_ "gocloud.dev/blob/s3blob"

	"quorumbench/bench/store"
)

// schemes are those of the stores, as the Go Cloud Development Kit calls them, with what a URL of each looks like.
var schemes = map[string]string{
	"s3": "s3://BUCKET/NAME?region=REGION", "gs": "gs://BUCKET/NAME", "azblob": "azblob://CONTAINER/NAME", "file": "file:///FOLDER",
}

const accepted = "accepted: s3://BUCKET/NAME, gs://BUCKET/NAME, azblob://CONTAINER/NAME, file:///FOLDER"

// rootFolder is the bucket of all files of this machine. Files have no metadata beside them, and are written beside where they come to be,
// which a folder for temporary files need not be.
const rootFolder = "file:///?metadata=skip&no_tmp_dir=true"

// open is a store.Opener. What the URL has behind a question mark are settings of the store, such as region, endpoint and use_path_style of
// S3. Who the user is comes from the cloud's own places: its variables, files, or the machine.
func open(ctx context.Context, at *url.URL) (store.Bucket, error) {
	bucketURL := (&url.URL{Scheme: at.Scheme, Host: at.Host, RawQuery: at.RawQuery}).String()
	switch {
	case schemes[at.Scheme] == "":
		return nil, fmt.Errorf("found the scheme %s; %s", cmp.Or(at.Scheme, `""`), accepted)
	case at.Scheme == "file" && (at.Host != "" || at.RawQuery != "" || strings.Trim(at.Path, "/") == ""):
		return nil, fmt.Errorf("found no folder, or more than that; accepted: %s, by a path from the root", schemes["file"])
	case at.Scheme == "file":
		bucketURL = rootFolder
	case at.Host == "":
		return nil, fmt.Errorf("found no bucket; accepted: %s", schemes[at.Scheme])
	}
	b, err := blob.OpenBucket(ctx, bucketURL)
	if err != nil {
		return nil, err
	}
	return bucket{b}, nil
}

// bucket is a store.Bucket.
type bucket struct{ blobs *blob.Bucket }

func (b bucket) Read(ctx context.Context, key string) (io.ReadCloser, error) {
	object, err := b.blobs.NewReader(ctx, key, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, fmt.Errorf("%w: %s: %w", fs.ErrNotExist, key, err)
	}
	if err != nil {
		return nil, err
	}
	return object, nil
}

// types are what browsers are told that objects are. All others are text.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".png": "image/png", ".svg": "image/svg+xml", ".pdf": "application/pdf", ".json": "application/json", ".csv": "text/csv; charset=utf-8",
}

func (b bucket) Write(ctx context.Context, key string, content io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := b.blobs.NewWriter(ctx, key, &blob.WriterOptions{ContentType: cmp.Or(types[path.Ext(key)], "text/plain; charset=utf-8")})
	if err != nil {
		return err
	}
	_, err = io.Copy(w, content)
	if err != nil {
		cancel() // so that closing does not write the half that there is
	}
	return errors.Join(err, w.Close())
}

func (b bucket) Delete(ctx context.Context, key string) error {
	if err := b.blobs.Delete(ctx, key); gcerrors.Code(err) != gcerrors.NotFound {
		return err
	}
	return nil
}

func (b bucket) Folders(ctx context.Context, folder string) (names []string, err error) {
	all := b.blobs.List(&blob.ListOptions{Prefix: folder, Delimiter: "/"})
	for {
		one, err := all.Next(ctx)
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return nil, err
		}
		if one.IsDir {
			names = append(names, strings.TrimSuffix(strings.TrimPrefix(one.Key, folder), "/"))
		}
	}
}

func (b bucket) Close() error { return b.blobs.Close() }
