package result

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// heldFile is in a result folder while its process waits for somebody to take the result elsewhere; see Folder.Hold.
const heldFile = ".held"

// pollEvery is how often a file is looked for that another process makes or removes.
const pollEvery = 100 * time.Millisecond

// Hold releases the folder, and waits until Taken was called for it, for some time at most, or until the context ends. It serves where
// a folder is gone with the process, as in a container. It reports whether the result was taken.
func (f *Folder) Hold(ctx context.Context, atMost time.Duration) (taken bool, err error) {
	mark := filepath.Join(f.Path, heldFile)
	if err := os.WriteFile(mark, nil, 0o644); err != nil {
		return false, fmt.Errorf("holding the result: %w", err)
	}
	defer os.Remove(mark)
	f.Release()
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	return poll(ctx, func() bool { return !isRegular(mark) }), nil
}

// Taken tells a process that holds the result of a folder that it was taken. Without such a process it does nothing.
func Taken(folder string) error {
	if err := os.Remove(filepath.Join(folder, heldFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("telling that the result was taken: %w", err)
	}
	return nil
}

// AwaitWhole waits until a folder has a result into which nobody writes any more, for some time at most, or until the context ends.
func AwaitWhole(ctx context.Context, folder string, atMost time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	whole := func() bool { return isRegular(filepath.Join(folder, runFile)) && !inUse(folder) }
	switch {
	case whole() || poll(ctx, whole):
		return nil
	case isRegular(filepath.Join(folder, runFile)):
		return fmt.Errorf("a run still writes into %s", folder)
	}
	return fmt.Errorf("%s is not a result folder: it has no %s", folder, runFile)
}

// poll asks again and again until it is told yes, and then returns true, or until the context ends.
func poll(ctx context.Context, is func() bool) bool {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return is()
		case <-tick.C:
			if is() {
				return true
			}
		}
	}
}

func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// inUse reports whether another process is going to write into a result folder: it has locked the lock's file, and removes it when it
// gives the folder free.
func inUse(folder string) bool {
	path := filepath.Join(folder, lockFile)
	if !isRegular(path) {
		return false
	}
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	locked, err := lock.TryRLock()
	if err != nil {
		return isRegular(path)
	}
	if locked {
		_ = lock.Unlock()
	}
	return !locked
}

// Archive writes a result folder as a tar archive, compressed by gzip: a folder of the same name with everything in it but what is
// there during a run only.
func Archive(w io.Writer, folder string) error {
	compressed := gzip.NewWriter(w)
	out := tar.NewWriter(compressed)
	files, base := os.DirFS(folder), filepath.Base(folder)
	err := Walk(files, func(name string, _ fs.DirEntry) error { return addTo(out, files, name, path.Join(base, name)) })
	if err := errors.Join(err, out.Close(), compressed.Close()); err != nil {
		return fmt.Errorf("writing an archive of %s: %w", folder, err)
	}
	return nil
}

// Walk calls visit for a result folder, as ".", and for all files and folders in it, but for those that are there during a run only: their
// names begin with a full stop. Names have slashes, and come in lexical order. It ends with the first error.
func Walk(folder fs.FS, visit func(name string, entry fs.DirEntry) error) error {
	return fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == "." || !strings.HasPrefix(entry.Name(), "."):
			return visit(name, entry)
		case entry.IsDir():
			return fs.SkipDir
		}
		return nil
	})
}

// addTo adds a file or a folder to an archive, by another name.
func addTo(out *tar.Writer, files fs.FS, name, as string) error {
	file, err := files.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	h, err := tar.FileInfoHeader(info, "")
	if err != nil {
		return err
	}
	h.Name, h.Uid, h.Gid, h.Uname, h.Gname = as, 0, 0, "", ""
	if info.IsDir() {
		h.Name += "/"
	}
	if err := out.WriteHeader(h); err != nil || info.IsDir() {
		return err
	}
	_, err = io.Copy(out, file)
	return err
}
