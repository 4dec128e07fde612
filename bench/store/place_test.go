package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"quorumbench/bench/store"
)

// bucket is one in memory. Its hooks are called before each operation, and fail it if they return an error.
type bucket struct {
	mutex   sync.Mutex
	objects map[string]string
	before  func(what, key string) error
}

func newBucket() *bucket { return &bucket{objects: map[string]string{}} }

func (b *bucket) call(what, key string) error {
	if b.before != nil {
		if err := b.before(what, key); err != nil {
			return err
		}
	}
	b.mutex.Lock()
	return nil
}

func (b *bucket) Read(_ context.Context, key string) (io.ReadCloser, error) {
	if err := b.call("read", key); err != nil {
		return nil, err
	}
	defer b.mutex.Unlock()
	text, found := b.objects[key]
	if !found {
		return nil, fmt.Errorf("%s: %w", key, fs.ErrNotExist)
	}
	return io.NopCloser(strings.NewReader(text)), nil
}

func (b *bucket) Write(_ context.Context, key string, content io.Reader) error {
	text, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	if err := b.call("write", key); err != nil {
		return err
	}
	defer b.mutex.Unlock()
	b.objects[key] = string(text)
	return nil
}

func (b *bucket) Delete(_ context.Context, key string) error {
	if err := b.call("delete", key); err != nil {
		return err
	}
	defer b.mutex.Unlock()
	delete(b.objects, key)
	return nil
}

func (b *bucket) Folders(_ context.Context, folder string) (names []string, err error) {
	if err := b.call("list", folder); err != nil {
		return nil, err
	}
	defer b.mutex.Unlock()
	for key := range b.objects {
		if rest, below := strings.CutPrefix(key, folder); below {
			if name, _, is := strings.Cut(rest, "/"); is && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

func (b *bucket) Close() error { return nil }

func (b *bucket) keys() []string { return slices.Sorted(maps.Keys(b.objects)) }

// at opens a place in the bucket.
func at(t *testing.T, b *bucket, where string) *store.Place {
	t.Helper()
	p, err := store.Open(t.Context(), func(context.Context, *url.URL) (store.Bucket, error) { return b, nil }, where)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// folder makes one with these files; their names and contents alternate.
func folder(t *testing.T, files ...string) string {
	t.Helper()
	made := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(made, files[i])
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(files[i+1]), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return made
}

// files are what is in a folder, as folder takes it.
func files(t *testing.T, folder string) (all []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(folder, name))
		all = append(all, name, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestWhatIsPutIsFetched(t *testing.T) {
	for _, where := range []string{"s3://bucket/results/one", "s3://bucket", "gs://bucket/a/?region=x"} {
		b := newBucket()
		p := at(t, b, where)
		if has, err := p.Has(t.Context()); has || err != nil {
			t.Fatalf("%s: there is a result before there is one: %v, %v", where, has, err)
		}
		if err := p.Try(t.Context()); err != nil || len(b.objects) != 0 {
			t.Fatalf("%s: trying has left %v: %v", where, b.keys(), err)
		}
		content := []string{"below/more.csv", "a,b\n", "run.json", "{}\n"}
		if err := p.Put(t.Context(), folder(t, append(content, ".in-use", "", ".tmp-1", "half")...)); err != nil {
			t.Fatal(err)
		}
		if len(b.objects) != 3 {
			t.Errorf("%s: found the objects %v; want two files and the manifest", where, b.keys())
		}
		to := t.TempDir()
		if err := at(t, b, where).Fetch(t.Context(), to); err != nil || !slices.Equal(files(t, to), content) {
			t.Errorf("%s: fetched %q: %v", where, files(t, to), err)
		}
	}
}

// Wherever an upload is broken off, a reader finds what was there before, or all of what is new.
func TestAnUploadThatIsBrokenOffChangesNothing(t *testing.T) {
	broken := errors.New("the network is gone")
	first, second := []string{"a", "1", "run.json", "1"}, []string{"a", "2", "b", "2", "run.json", "2"}
	for _, there := range []bool{false, true} {
		for most := range 8 {
			b := newBucket()
			if there {
				if err := at(t, b, "s3://b/x").Put(t.Context(), folder(t, first...)); err != nil {
					t.Fatal(err)
				}
			}
			p := at(t, b, "s3://b/x")
			if _, err := p.Has(t.Context()); err != nil {
				t.Fatal(err)
			}
			var mutex sync.Mutex
			calls := 0
			b.before = func(what, _ string) error {
				mutex.Lock()
				defer mutex.Unlock()
				if what != "read" {
					calls++
				}
				if calls > most {
					return broken
				}
				return nil
			}
			err := p.Put(t.Context(), folder(t, second...))
			b.before = nil
			if whole := most >= 4; whole != (err == nil) || !whole && !errors.Is(err, broken) {
				t.Fatalf("after %d writes: %v", most, err)
			}
			to, want := t.TempDir(), second
			fetched := at(t, b, "s3://b/x").Fetch(t.Context(), to)
			if err != nil && there {
				want = first
			}
			switch {
			case err != nil && !there:
				if !errors.Is(fetched, store.ErrNone) || len(files(t, to)) != 0 {
					t.Errorf("after %d writes: fetched %q: %v; want nothing", most, files(t, to), fetched)
				}
			case fetched != nil || !slices.Equal(files(t, to), want):
				t.Errorf("after %d writes: fetched %q: %v; want %q", most, files(t, to), fetched, want)
			}
			if err != nil { // once more
				if err := p.Put(t.Context(), folder(t, second...)); err != nil {
					t.Errorf("once more: %v", err)
				}
			}
			if undeleted := there && (most == 4 || most == 5); len(b.objects) != 4 && !undeleted {
				t.Errorf("after %d writes: found the objects %v; want those of the second result", most, b.keys())
			}
		}
	}
}

func TestAResultOfAnotherProcessIsNotReplaced(t *testing.T) {
	b := newBucket()
	one, two := at(t, b, "s3://b/x"), at(t, b, "s3://b/x")
	for _, p := range []*store.Place{one, two} {
		if has, err := p.Has(t.Context()); has || err != nil {
			t.Fatal(has, err)
		}
	}
	mine := folder(t, "run.json", "1")
	if err := one.Put(t.Context(), mine); err != nil {
		t.Fatal(err)
	}
	if err := two.Put(t.Context(), folder(t, "run.json", "2")); !errors.Is(err, store.ErrChanged) {
		t.Errorf("putting another result: %v", err)
	}
	if err := two.Put(t.Context(), mine); err != nil { // the same is no other
		t.Errorf("putting the same result: %v", err)
	}
	if err := one.Put(t.Context(), folder(t, "run.json", "3")); err != nil { // one's own may be replaced
		t.Errorf("putting a later result: %v", err)
	}
	if len(b.objects) != 2 {
		t.Errorf("found %v; want the later result alone", b.keys())
	}
}

// A reader that has read the manifest when another result takes its place gets that one.
func TestAResultThatIsReplacedMeanwhileIsFetched(t *testing.T) {
	b := newBucket()
	writer := at(t, b, "s3://b/x")
	if err := writer.Put(t.Context(), folder(t, "a", "1", "run.json", "1")); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	later := folder(t, "run.json", "2")
	b.before = func(what, key string) error {
		if what == "read" && !strings.HasSuffix(key, "manifest.sha256") {
			once.Do(func() {
				if err := writer.Put(t.Context(), later); err != nil {
					t.Error(err)
				}
			})
		}
		return nil
	}
	to := t.TempDir()
	if err := at(t, b, "s3://b/x").Fetch(t.Context(), to); err != nil || !slices.Equal(files(t, to), []string{"run.json", "2"}) {
		t.Errorf("fetched %q: %v", files(t, to), err)
	}
}

func TestWhatWasChangedOrIsMissingIsTold(t *testing.T) {
	for what, change := range map[string]func(b *bucket, file string){
		"found SHA-256": func(b *bucket, file string) { b.objects[file] = "2" },
		"not exist":     func(b *bucket, file string) { delete(b.objects, file) },
	} {
		b := newBucket()
		if err := at(t, b, "s3://b/x").Put(t.Context(), folder(t, "a", "1", "run.json", "1")); err != nil {
			t.Fatal(err)
		}
		change(b, b.keys()[0])
		to := t.TempDir()
		if err := at(t, b, "s3://b/x").Fetch(t.Context(), to); err == nil || !strings.Contains(err.Error(), what) || len(files(t, to)) > 0 {
			t.Errorf("want %q and no file: found %v, and %q", what, err, files(t, to))
		}
	}
}

// Nothing that a manifest says is written outside of the folder.
func TestHostileManifests(t *testing.T) {
	sum, id := strings.Repeat("0", 64), strings.Repeat("1", 16)
	for _, text := range []string{
		"", "\n", "nonsense", sum, sum + "  run.json", sum + "  " + id + "/", sum + "  " + id + "/../x", sum + "  " + id + "/a/../../x", sum + "  " + id + "//etc/x",
		sum + "  " + id + "/.in-use", sum + "  " + id + "/a\tb", sum + "  " + id + `/a\b`, sum + "  ../x", sum + "  " + strings.Repeat("1", 15) + "g/x", "0" + sum + "  " + id + "/x",
		sum + "  " + id + "/x\n" + sum + "  " + id + "/x", sum + "  " + id + "/x\n" + sum + "  " + strings.Repeat("2", 16) + "/y",
		strings.Repeat("x", 5<<20),
	} {
		b := newBucket()
		b.objects["x/manifest.sha256"] = text
		to := t.TempDir()
		err := at(t, b, "s3://b/x").Fetch(t.Context(), filepath.Join(to, "in"))
		if err == nil || errors.Is(err, store.ErrNone) || !strings.Contains(err.Error(), "found") || len(files(t, to)) > 0 {
			t.Errorf("%.100q: found %v, and %q", text, err, files(t, to))
		}
	}
}

func TestFetchAll(t *testing.T) {
	b := newBucket()
	for _, name := range []string{"shards/shard-1-of-2", "shards/shard-2-of-2", "other"} {
		if err := at(t, b, "s3://b/"+name).Put(t.Context(), folder(t, "run.json", name)); err != nil {
			t.Fatal(err)
		}
	}
	b.objects["shards/begun/0000000000000000/run.json"] = "an upload that was broken off"
	to := t.TempDir()
	names, err := at(t, b, "s3://b/shards").FetchAll(t.Context(), to)
	want := []string{"shard-1-of-2/run.json", "shards/shard-1-of-2", "shard-2-of-2/run.json", "shards/shard-2-of-2"}
	if err != nil || !slices.Equal(names, []string{"shard-1-of-2", "shard-2-of-2"}) || !slices.Equal(files(t, to), want) {
		t.Errorf("found %v, %q: %v", names, files(t, to), err)
	}
	if names, err = at(t, b, "s3://b/other").FetchAll(t.Context(), t.TempDir()); err != nil || !slices.Equal(names, []string{""}) {
		t.Errorf("found %v: %v", names, err)
	}
	if _, err = at(t, b, "s3://b/nowhere").FetchAll(t.Context(), t.TempDir()); !errors.Is(err, store.ErrNone) {
		t.Errorf("found %v; want no result", err)
	}
}

func TestPlaces(t *testing.T) {
	for place, want := range map[string]bool{"s3://b/x": true, "file:///x": true, "s3:/b": true, "results": false, "./s3:/x": false, `C:\x`: false, "C:/x": false, "": false} {
		if store.IsURL(place) != want {
			t.Errorf("%q: it is a URL: %v", place, !want)
		}
	}
	for place, want := range map[string]string{"results": filepath.Join("results", "a"), "s3://b": "s3://b/a", "s3://b/x/?region=r": "s3://b/x/a?region=r"} {
		if got := store.Join(place, "a"); got != want {
			t.Errorf("%q: found %q, want %q", place, got, want)
		}
	}
	for place, want := range map[string]string{"s3://b/x/y?region=r/s": "y", "s3://b": "b", "file:///": "result"} {
		if got := store.Base(place); got != want {
			t.Errorf("%q: found %q, want %q", place, got, want)
		}
	}
	for _, place := range []string{"s3:/b/x", "s3://b/../x", "s3://b/a//x", "s3://me:secret@b/x", "s3://b/x#y", "s3://b\x00/", "s3://b/./x"} {
		_, err := store.Open(t.Context(), func(context.Context, *url.URL) (store.Bucket, error) { return newBucket(), nil }, place)
		if err == nil || !strings.Contains(err.Error(), "accepted: ") {
			t.Errorf("%q: %v", place, err)
		}
	}
}

// What quorumbench writes is what sha256sum -c reads.
func ExamplePlace_Put() {
	b := newBucket()
	place, err := store.Open(context.Background(), func(context.Context, *url.URL) (store.Bucket, error) { return b, nil }, "s3://bucket/today")
	if err != nil {
		panic(err)
	}
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	err = errors.Join(os.WriteFile(filepath.Join(folder, "run.json"), []byte("{}\n"), 0o600), place.Put(context.Background(), folder))
	var out bytes.Buffer
	for _, key := range b.keys() {
		fmt.Fprintln(&out, key)
	}
	fmt.Print(out.String(), b.objects["today/manifest.sha256"])
	fmt.Println(err)
	// Output:
	// today/0c8d81f71850d6ff/run.json
	// today/manifest.sha256
	// ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356  0c8d81f71850d6ff/run.json
	// <nil>
}
