package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"quorumbench/bench/result"
	"quorumbench/bench/store"
)

// buildStores builds the program that reaches object stores, in a clone of this repository, and starts it.
const buildStores = "go build -C stores -o ../quorumbench-stores . && ./quorumbench-stores"

// storesKey is the key of a context's value: the store.Opener of a program that reaches object stores.
type storesKey struct{}

// openStore opens the place in an object store that a URL names.
func openStore(cmd *cobra.Command, at string) (*store.Place, error) {
	open, _ := cmd.Context().Value(storesKey{}).(store.Opener)
	if open == nil {
		return nil, fmt.Errorf("found %s, and this program reaches no object stores; accepted: a folder, or the program that does: %s %s", at, buildStores, cmd.Name())
	}
	return store.Open(cmd.Context(), open, at)
}

// Times for putting a result into an object store.
const (
	deliverWithin   = 30 * time.Minute // in the end
	meanwhileWithin = 30 * time.Second // between runs
)

// resultFolder is the folder that a command writes a result into, and the place in an object store where the result goes from there, if the
// user has named one. What was written is in the folder in any case.
type resultFolder struct {
	*result.Folder
	place   *store.Place // nil: none
	fetched bool         // the folder was made for what was fetched from the store
	written bool         // something was written since then
	behind  bool         // and is not in the store
}

// Write is result.Folder.Write.
func (f *resultFolder) Write(r *result.Result) error {
	f.wrote()
	return f.Folder.Write(r)
}

// Put is result.Folder.Put.
func (f *resultFolder) Put(name string, content []byte) error {
	f.wrote()
	return f.Folder.Put(name, content)
}

func (f *resultFolder) wrote() { f.written, f.behind = true, f.place != nil }

// Release is result.Folder.Release. A folder that has nothing but what was fetched is removed.
func (f *resultFolder) Release() {
	f.Folder.Release()
	if f.fetched && !f.written {
		_ = os.RemoveAll(f.Path)
	}
	if f.place != nil {
		_ = f.place.Close()
	}
}

// deliver puts what is in the folder into the object store, if there is one.
func (f *resultFolder) deliver(ctx context.Context, within time.Duration) error {
	if !f.behind {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	err := f.place.Put(ctx, f.Path)
	f.behind = err != nil
	return err
}

// deliverAll is deliver in the end, also of a command that was interrupted: a second Ctrl-C ends it. It says on w where the result is.
func (f *resultFolder) deliverAll(cmd *cobra.Command, w io.Writer) error {
	if f.place == nil || !f.written {
		return nil
	}
	if err := f.deliver(context.WithoutCancel(cmd.Context()), deliverWithin); err != nil {
		return fmt.Errorf("the result is in %s, and not in the object store: %w; to put it there: %s collect %s --out '%s'", f.Path, err, programName(), f.Path, f.place.URL)
	}
	fmt.Fprintf(w, "stored: %s\n", f.place.URL)
	return nil
}

// reserve makes the result folder: the one that is named, or results/NAME-TIME. It removes what runs that were killed
// have left beside it.
func reserve(cmd *cobra.Command, name, out string) (*resultFolder, error) {
	if cmd.Flags().Changed("out") {
		return reserveAt(cmd, out)
	}
	return reserveNew(cmd, name)
}

// reserveNew makes the result folder results/NAME-TIME, as reserve does.
func reserveNew(cmd *cobra.Command, name string) (*resultFolder, error) {
	out := filepath.Join("results", name+"-"+time.Now().Format("20060102-150405"))
	folder, err := result.Reserve(out)
	for i := 2; i < 100 && errors.Is(err, result.ErrTaken); i++ { // by a run that began in the same second
		folder, err = result.Reserve(fmt.Sprintf("%s-%d", out, i))
	}
	return tidied(cmd, folder, err)
}

// reserveAt makes the result folder of that name, as reserve does. If it is a URL, the result is put there from a new folder below results; the
// place must have no result, and must be one that can be written to.
func reserveAt(cmd *cobra.Command, place string) (*resultFolder, error) {
	if !store.IsURL(place) {
		folder, err := result.Reserve(place)
		return tidied(cmd, folder, err)
	}
	p, err := openStore(cmd, place)
	if err != nil {
		return nil, err
	}
	has, err := p.Has(cmd.Context())
	if err == nil && has {
		err = fmt.Errorf("%s has a result; accepted: a place that has none", place)
	}
	if err == nil {
		err = p.Try(cmd.Context())
	}
	return reserveFor(cmd, p, err)
}

// reserveFor makes a new folder for the result of a place, unless there is an error; then it closes the place.
func reserveFor(cmd *cobra.Command, p *store.Place, err error) (*resultFolder, error) {
	var folder *resultFolder
	if err == nil {
		folder, err = reserveNew(cmd, store.Base(p.URL))
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	folder.place = p
	return folder, nil
}

// tidied removes what runs that were killed have left beside a folder that was reserved without an error.
func tidied(cmd *cobra.Command, folder *result.Folder, err error) (*resultFolder, error) {
	if err != nil {
		return nil, err
	}
	for _, path := range result.RemoveRemains(filepath.Dir(folder.Path)) {
		fmt.Fprintf(cmd.ErrOrStderr(), "removed what a run that was killed has left: %s\n", path)
	}
	return &resultFolder{Folder: folder}, nil
}

// reopen takes the folder of a result that is to be resumed, which is in a file of that name. A result at a URL is fetched into a new folder
// below results.
func reopen(cmd *cobra.Command, place, file string) (*resultFolder, error) {
	if cmd.Flags().Changed("out") {
		return nil, errBothFolders
	}
	if !store.IsURL(place) {
		folder, err := result.ReopenWith(place, file)
		if err != nil {
			return nil, err
		}
		return &resultFolder{Folder: folder}, nil
	}
	p, err := openStore(cmd, place)
	if err != nil {
		return nil, err
	}
	folder, err := reserveFor(cmd, p, p.Try(cmd.Context()))
	if err != nil {
		return nil, err
	}
	folder.fetched = true
	if err = p.Fetch(cmd.Context(), folder.Path); err == nil && !isFile(filepath.Join(folder.Path, file)) {
		err = fmt.Errorf("%s has no %s", place, file)
	}
	if err != nil {
		folder.Release()
		return nil, err
	}
	return folder, nil
}

// hasResult reports whether a place has a result, which is in a file of that name.
func hasResult(cmd *cobra.Command, place, file string) (bool, error) {
	if !store.IsURL(place) {
		return isFile(filepath.Join(place, file)), nil
	}
	p, err := openStore(cmd, place)
	if err != nil {
		return false, err
	}
	has, err := p.Has(cmd.Context())
	return has, errors.Join(err, p.Close())
}

// onDisk is the folder for a result at that place whose disk has to have room for it; empty: the default.
func onDisk(place string) string {
	if store.IsURL(place) {
		return ""
	}
	return place
}

// readable are the folders of results that are only read: of each place the folder itself, or, of a URL, a temporary one of the same name with
// what is there, or with a folder for each result directly below. Done removes what is temporary.
func readable(cmd *cobra.Command, places ...string) (folders []string, done func(), err error) {
	temporary := ""
	done = func() {
		if temporary != "" {
			_ = os.RemoveAll(temporary)
		}
	}
	for i, place := range places {
		folder := place
		if store.IsURL(place) {
			if temporary == "" {
				if temporary, err = os.MkdirTemp("", "quorumbench-"); err != nil {
					return nil, nil, fmt.Errorf("making a folder for what is fetched: %w", err)
				}
			}
			folder = filepath.Join(temporary, strconv.Itoa(i), store.Base(place))
			if err := fetch(cmd, place, folder); err != nil {
				done()
				return nil, nil, err
			}
		}
		folders = append(folders, folder)
	}
	return folders, done, nil
}

// fetch writes what is at a URL into a folder.
func fetch(cmd *cobra.Command, place, folder string) error {
	p, err := openStore(cmd, place)
	if err != nil {
		return err
	}
	_, err = p.FetchAll(cmd.Context(), folder)
	return errors.Join(err, p.Close())
}

// keepFetched fetches the result at a URL into a new folder below results, and returns that.
func keepFetched(cmd *cobra.Command, place string) (string, error) {
	p, err := openStore(cmd, place)
	if err != nil {
		return "", err
	}
	folder, err := reserveFor(cmd, p, nil)
	if err != nil {
		return "", err
	}
	defer folder.Release()
	return folder.Path, p.Fetch(cmd.Context(), folder.Path)
}
