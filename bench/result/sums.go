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

// listedSums returns what SHA256SUMS in a folder lists for a file: its checksum, or nothing if it is no file of a result.
func listedSums(folder, name string) (sums []string, err error) {
	content, err := configs.ReadFile(filepath.Join(folder, sumsFile), maxFile)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(content)) {
		if sum, of, _ := strings.Cut(strings.TrimSpace(line), "  "); of == name {
			sums = append(sums, sum)
		}
	}
	return sums, nil
}

// checkSum checks a file of a result against SHA256SUMS, if the folder has one with that file. Results of former editions
// have none.
func checkSum(folder, name string, content []byte) error {
	sums, err := listedSums(folder, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for its checksum: %w", err)
	}
	got := fmt.Sprintf("%x", sha256.Sum256(content))
	for _, want := range sums {
		if got != want {
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
		// A folder without readable checksums is no result, or one that could not be written to either.
		if sums, err := listedSums(filepath.Split(path)); err == nil && len(sums) > 0 {
			return fmt.Errorf("found %s, which is a file of a result; accepted: another name, or another folder", path)
		}
	}
	return nil
}
