package result

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// lockFile is in a result folder while a run is going to write into it, and locked by that run's process.
const lockFile = ".in-use"

// scratchPrefixes begin the names of what a run makes in its folder and removes when it ends: the replicas' logs, and
// files that are not complete yet.
var scratchPrefixes = []string{".logs-", ".tmp-"}

// probeSize is how much is written on trial before a run, in bytes.
const probeSize = 1 << 20

// Folder is a result folder that is reserved for this process. Not safe for use by several goroutines.
type Folder struct {
	Path string
	lock *flock.Flock
	made bool // it was not there before
}

// ErrTaken is the error of Reserve for a folder that another run uses or that has something in it.
var ErrTaken = errors.New("accepted: a new or an empty folder")

// Reserve makes a result folder, or takes one that is empty, tries whether it can be written into, and keeps other runs
// out of it until Release. What a run that was killed has left in the folder is removed.
func Reserve(path string) (*Folder, error) {
	if path == "" {
		return nil, fmt.Errorf("found no name of a result folder; %w", ErrTaken)
	}
	f := &Folder{Path: filepath.Clean(path)}
	_, err := os.Stat(f.Path)
	f.made = errors.Is(err, fs.ErrNotExist)
	if err := f.take(); err != nil {
		return nil, err
	}
	if err := f.prepare(); err != nil {
		f.Release()
		return nil, err
	}
	return f, nil
}

// Reopen takes the folder of a result, so that Write can put another in its place, and keeps other runs out of it until
// Release. What a run that was killed has left in the folder is removed.
func Reopen(path string) (*Folder, error) { return ReopenWith(path, runFile) }

// ReopenWith is Reopen for a folder whose result is a file of that name.
func ReopenWith(path, file string) (*Folder, error) {
	if info, err := os.Stat(filepath.Join(path, file)); path == "" || err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a result folder: it has no %s", cmp.Or(path, `""`), file)
	}
	f := &Folder{Path: filepath.Clean(path)}
	if err := f.take(); err != nil {
		return nil, err
	}
	if err := f.probe(); err != nil {
		f.Release()
		return nil, err
	}
	return f, nil
}

// take makes the folder and locks it. A run that looks for remains holds the lock for a moment, so take tries again.
func (f *Folder) take() (err error) {
	for range 10 {
		if err = os.MkdirAll(f.Path, 0o755); err != nil {
			if target, linkErr := os.Readlink(f.Path); linkErr == nil {
				return fmt.Errorf("making the result folder: %s is a link to %s, which is no folder; accepted: a new or an empty folder", f.Path, target)
			}
			return fmt.Errorf("making the result folder: %w", err)
		}
		f.lock = flock.New(filepath.Join(f.Path, lockFile))
		locked, lockErr := f.lock.TryLock()
		switch {
		case errors.Is(lockErr, fs.ErrNotExist): // removed meanwhile
			err = lockErr
		case lockErr != nil:
			return fmt.Errorf("trying to write into the result folder: %w", lockErr)
		case !locked:
			err = fmt.Errorf("the result folder %s is in use by another run; %w", f.Path, ErrTaken)
		case !f.holds():
			err = fmt.Errorf("the result folder %s is in use by another run; %w", f.Path, ErrTaken)
			_ = f.lock.Unlock() // of a file that is not there any more
		default:
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

// holds reports whether the lock's file is still the one of that name.
func (f *Folder) holds() bool {
	mine, err := f.lock.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(f.lock.Path())
	return err == nil && os.SameFile(mine, there)
}

// prepare removes what a killed run has left, refuses a folder with anything else in it, and tries to write.
func (f *Folder) prepare() error {
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		return fmt.Errorf("looking at the result folder: %w", err)
	}
	for _, entry := range entries {
		if entry.Name() != lockFile && !isScratch(entry.Name()) {
			return fmt.Errorf("the result folder %s is not empty; %w", f.Path, ErrTaken)
		}
	}
	return f.probe()
}

// probe removes what a killed run has left, and tries to write.
func (f *Folder) probe() error {
	if _, err := removeScratch(f.Path); err != nil {
		return fmt.Errorf("removing what a run that was killed has left: %w", err)
	}
	probe := filepath.Join(f.Path, ".tmp-probe")
	defer os.Remove(probe)
	if err := os.WriteFile(probe, make([]byte, probeSize), 0o644); err != nil {
		return fmt.Errorf("trying to write 1 MiB into the result folder: %w", err)
	}
	return nil
}

// Release gives the folder free and removes what is not part of a result. A folder that Reserve has made and nothing
// was written into is removed, too.
func (f *Folder) Release() {
	_, _ = removeScratch(f.Path) // what stays is removed by the next run
	_ = os.Remove(f.lock.Path())
	_ = f.lock.Unlock()
	_ = os.Remove(f.lock.Path()) // where an open file cannot be removed
	if f.made {
		_ = os.Remove(f.Path) // fails if anything is in it
	}
}

func isScratch(name string) bool {
	return slices.ContainsFunc(scratchPrefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// removeScratch removes what a run makes in its folder besides its result, and returns what it has removed.
func removeScratch(folder string) (removed []string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if !isScratch(entry.Name()) {
			continue
		}
		path := filepath.Join(folder, entry.Name())
		if err := os.RemoveAll(path); err != nil {
			return removed, err
		}
		removed = append(removed, path)
	}
	return removed, nil
}

// RemoveRemains removes what runs that were killed have left in the result folders below a folder, and returns what it
// has removed. Folders that runs are using are left alone, and so is everything that is not quorumbench's.
func RemoveRemains(parent string) (removed []string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		path := filepath.Join(parent, entry.Name())
		switch {
		case !entry.IsDir():
		case isScratch(entry.Name()):
			if isFormerRemains(path) && os.RemoveAll(path) == nil {
				removed = append(removed, path)
			}
		default:
			removed = append(removed, removeRemains(path)...)
		}
	}
	return removed
}

// removeRemains is RemoveRemains for one result folder. The folder itself goes, too, if nothing else is in it.
func removeRemains(folder string) (removed []string) {
	path := filepath.Join(folder, lockFile)
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	f := &Folder{Path: folder, lock: flock.New(path, flock.SetFlag(os.O_RDWR))}
	if locked, err := f.lock.TryLock(); err != nil || !locked {
		return nil
	}
	if !f.holds() {
		_ = f.lock.Unlock() // of a file that is not there any more
		return nil
	}
	removed, _ = removeScratch(folder)
	_ = os.Remove(path)
	_ = f.lock.Unlock()
	if os.Remove(folder) == nil {
		return []string{folder}
	}
	return append(removed, path)
}

// formerRemainsAge is how long nothing has changed in remains of a former edition, which had no locks. A run changes
// its logs all the time.
const formerRemainsAge = time.Hour

// isFormerRemains reports whether a folder is what a run of a former edition has left beside its result: logs of
// replicas, or the beginning of a result.
func isFormerRemains(folder string) bool {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return false
	}
	latest := time.Time{}
	for _, entry := range entries {
		name := entry.Name()
		known := strings.HasPrefix(name, "replica-") && entry.IsDir() || strings.HasPrefix(name, "history-") ||
			slices.Contains([]string{runFile, logFile, summaryFile, benchFile, crashesFile}, name)
		info, err := entry.Info()
		if !known || err != nil {
			return false
		}
		if info.ModTime().After(latest) {
			latest = info.ModTime()
		}
		files, _ := os.ReadDir(filepath.Join(folder, name)) // none in a file
		for _, file := range files {
			if info, err := file.Info(); err == nil && info.ModTime().After(latest) {
				latest = info.ModTime()
			}
		}
	}
	return len(entries) > 0 && time.Since(latest) > formerRemainsAge
}
