package result

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"quorumbench/configs"
)

// addSum adds the line of a file to the content of SHA256SUMS.
func addSum(sums *bytes.Buffer, name string, content []byte) {
	fmt.Fprintf(sums, "%x  %s\n", sha256.Sum256(content), name)
}

// checkSum checks a file of a result against SHA256SUMS, if the folder has one with that file. Results of former editions
// have none.
func checkSum(folder, name string, content []byte) error {
	sums, err := configs.ReadFile(filepath.Join(folder, sumsFile), maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for its checksum: %w", err)
	}
	for line := range strings.Lines(string(sums)) {
		want, of, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if got := fmt.Sprintf("%x", sha256.Sum256(content)); of == name && got != want {
			return fmt.Errorf("found SHA-256 %.12s…; %s expects %.12s…: the file was changed or cut after the run; to use it all the same, remove %s",
				got, sumsFile, want, sumsFile)
		}
	}
	return nil
}

// CheckNoFileOf returns an error if one of the files is part of a result, by the checksums in its folder: what is written there
// would take the result's place.
func CheckNoFileOf(paths ...string) error {
	for _, path := range paths {
		folder, name := filepath.Split(path)
		sums, err := configs.ReadFile(filepath.Join(folder, sumsFile), maxFile)
		if err != nil {
			continue // no result, or one that could not be written to either
		}
		for line := range strings.Lines(string(sums)) {
			if _, of, _ := strings.Cut(strings.TrimSpace(line), "  "); of == name {
				return fmt.Errorf("found %s, which is a file of a result; accepted: another name, or another folder", path)
			}
		}
	}
	return nil
}
