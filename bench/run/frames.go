//go:build !js

package run

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
)

// frameHeader is the size of the CRC-32C, little-endian, that stands before each record in a log file.
const frameHeader = 4

// appendFrame appends a record as it stands in a log file, without the length that package wal puts before it. The
// checksum is that of the record's index and its bytes, so that a record at another place fails it, too.
func appendFrame(to []byte, index uint64, record []byte) []byte {
	to = binary.LittleEndian.AppendUint32(to, frameSum(index, record))
	return append(to, record...)
}

func frameSum(index uint64, record []byte) uint32 {
	var number [8]byte
	binary.LittleEndian.PutUint64(number[:], index)
	return crc32.Update(crc32.Checksum(number[:], castagnoli), castagnoli, record)
}

// readFrames reads the records of a log, from index first on. If the last file ends with what is not a whole record
// with its checksum, and no record of that part is among those up to durable, it cuts the file there. Any other damage
// is an error. The log must be closed.
//
// The log's files are those of package wal in binary format: each is named after the index of its first record, and has
// one record after the other, with its length as a uvarint.
func readFrames(folder string, first, durable uint64) (records [][]byte, err error) {
	files, err := os.ReadDir(folder) // sorted by name
	if err != nil {
		return nil, fmt.Errorf("looking for log files: %w", err)
	}
	next := first
	for i, file := range files {
		index, err := strconv.ParseUint(file.Name(), 10, 64)
		if err != nil || index != next {
			return nil, fmt.Errorf("its log has a file %s where one that begins with record %d was expected", file.Name(), next)
		}
		path := filepath.Join(folder, file.Name())
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading a log: %w", err)
		}
		at := 0
		for at < len(content) {
			record, size := readFrame(content[at:], next)
			if size == 0 {
				break
			}
			records, next, at = append(records, record), next+1, at+size
		}
		if at == len(content) {
			continue
		}
		if i < len(files)-1 || next <= durable {
			return nil, fmt.Errorf("its log is damaged: record %d, at byte %d of %d of %s, is cut or fails its checksum; records up to %d were synced",
				next, at, len(content), file.Name(), durable)
		}
		if err := os.Truncate(path, int64(at)); err != nil {
			return nil, fmt.Errorf("cutting off an incomplete record: %w", err)
		}
	}
	if next <= durable {
		return nil, fmt.Errorf("its log ends before record %d; records up to %d were synced", next, durable)
	}
	return records, nil
}

// readFrame reads the record at the beginning of a part of a log file and returns a copy of it and its size there. The
// size is 0 if no whole record of that index with its checksum is there.
func readFrame(content []byte, index uint64) (record []byte, size int) {
	length, n := binary.Uvarint(content)
	if n <= 0 || length < frameHeader || length > uint64(len(content)-n) {
		return nil, 0
	}
	size = n + int(length)
	record = content[n+frameHeader : size]
	if frameSum(index, record) != binary.LittleEndian.Uint32(content[n:]) {
		return nil, 0
	}
	return append([]byte{}, record...), size
}
