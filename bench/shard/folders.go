package shard

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Folders are the folders of shards among those given and directly below them, sorted, each once. A folder is one if it has one of the named
// files; all must have the same, which is returned. What is the word for what shards have found, as errors call it.
func Folders(given []string, what string, files ...string) (folders []string, file string, err error) {
	add := func(folder string) error {
		i := slices.IndexFunc(files, func(name string) bool {
			info, err := os.Stat(filepath.Join(folder, name))
			return err == nil && info.Mode().IsRegular()
		})
		if i < 0 {
			return nil
		}
		if file != "" && file != files[i] {
			return fmt.Errorf("%s: found %s in it, and %s in %s; accepted: results of run, or of check", folder, files[i], file, folders[0])
		}
		folders, file = append(folders, folder), files[i]
		return nil
	}
	for _, one := range given {
		before := len(folders)
		if err := add(one); err != nil {
			return nil, "", err
		}
		if len(folders) > before {
			continue
		}
		entries, err := os.ReadDir(one)
		if err != nil {
			return nil, "", err
		}
		for _, entry := range entries {
			if err := add(filepath.Join(one, entry.Name())); err != nil {
				return nil, "", err
			}
		}
		if len(folders) == before {
			return nil, "", fmt.Errorf("%s: found no %s in it and none directly below; accepted: the folder of a shard, or one with folders of shards", one, what)
		}
	}
	slices.Sort(folders)
	return slices.Compact(folders), file, nil
}
