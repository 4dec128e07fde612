package reports

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/plot/vg/vgimg"
)

// dpi is the resolution of figures, which is what journals ask of line art in colour.
const dpi = 300

// writePNG writes the picture as a whole or not at all.
func writePNG(path string, picture *vgimg.Canvas) error {
	var encoded bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: picture}).WriteTo(&encoded); err != nil {
		return fmt.Errorf("encoding %s: %w", path, err)
	}
	return writeWhole(path, withResolution(encoded.Bytes()))
}

// writeWhole writes under a temporary name and renames: a reader of path finds the old file or the
// whole new one.
func writeWhole(path string, data []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".tmp-*"+filepath.Ext(path))
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer os.Remove(temporary.Name()) // of no effect once it has its name
	_, err = temporary.Write(data)
	if closing := temporary.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Chmod(temporary.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// afterHeader is where a PNG's second chunk begins: after the signature and the IHDR chunk.
const afterHeader = 8 + 4 + 4 + 13 + 4

// withResolution adds the pHYs chunk (PNG specification, section 11.3.4.3), which the encoder does
// not write: it makes programs place the figure in the size for which it was drawn.
func withResolution(png []byte) []byte {
	perMetre := uint32(math.Round(dpi / 0.0254))
	body := append([]byte("pHYs"), 0, 0, 0, 0, 0, 0, 0, 0, 1) // 1: the unit is the metre
	binary.BigEndian.PutUint32(body[4:], perMetre)
	binary.BigEndian.PutUint32(body[8:], perMetre)

	out := append([]byte(nil), png[:afterHeader]...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(body)-4))
	out = append(out, body...)
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(body))
	return append(out, png[afterHeader:]...)
}
