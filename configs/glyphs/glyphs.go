// Package glyphs tells which letters figures can draw: those of the font that is built in, Liberation Sans, as far as they are
// set from left to right. Names that experiments give are checked when a file is read, since a figure would leave other
// letters out without a word.
package glyphs

import (
	"fmt"
	"unicode"
)

// drawable are the letters of the font, regular and bold, without Hebrew, whose letters run from right to left, and without
// marks that turn the direction. A test of package reports holds it against the font.
var drawable = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x20, Hi: 0x7e, Stride: 1}, {Lo: 0xa0, Hi: 0x36f, Stride: 1}, {Lo: 0x374, Hi: 0x375, Stride: 1}, {Lo: 0x37a, Hi: 0x37e, Stride: 1},
	{Lo: 0x384, Hi: 0x38a, Stride: 1}, {Lo: 0x38c, Hi: 0x38c, Stride: 1}, {Lo: 0x38e, Hi: 0x3a1, Stride: 1}, {Lo: 0x3a3, Hi: 0x3ce, Stride: 1},
	{Lo: 0x3d0, Hi: 0x513, Stride: 1}, {Lo: 0x51a, Hi: 0x51d, Stride: 1}, {Lo: 0x1d00, Hi: 0x1dca, Stride: 1}, {Lo: 0x1dfe, Hi: 0x1e9b, Stride: 1},
	{Lo: 0x1e9e, Hi: 0x1e9e, Stride: 1}, {Lo: 0x1ea0, Hi: 0x1ef9, Stride: 1}, {Lo: 0x1f00, Hi: 0x1f15, Stride: 1}, {Lo: 0x1f18, Hi: 0x1f1d, Stride: 1},
	{Lo: 0x1f20, Hi: 0x1f45, Stride: 1}, {Lo: 0x1f48, Hi: 0x1f4d, Stride: 1}, {Lo: 0x1f50, Hi: 0x1f57, Stride: 1}, {Lo: 0x1f5f, Hi: 0x1f7d, Stride: 1},
	{Lo: 0x1f80, Hi: 0x1fb4, Stride: 1}, {Lo: 0x1fb6, Hi: 0x1fc4, Stride: 1}, {Lo: 0x1fc6, Hi: 0x1fd3, Stride: 1}, {Lo: 0x1fd6, Hi: 0x1fdb, Stride: 1},
	{Lo: 0x1fdd, Hi: 0x1fef, Stride: 1}, {Lo: 0x1ff2, Hi: 0x1ff4, Stride: 1}, {Lo: 0x1ff6, Hi: 0x1ffe, Stride: 1}, {Lo: 0x2010, Hi: 0x2010, Stride: 1},
	{Lo: 0x2012, Hi: 0x2022, Stride: 1}, {Lo: 0x2026, Hi: 0x2026, Stride: 1}, {Lo: 0x2030, Hi: 0x2030, Stride: 1}, {Lo: 0x2032, Hi: 0x2034, Stride: 1},
	{Lo: 0x2039, Hi: 0x203a, Stride: 1}, {Lo: 0x2044, Hi: 0x2044, Stride: 1}, {Lo: 0x2074, Hi: 0x2078, Stride: 1}, {Lo: 0x207f, Hi: 0x2089, Stride: 1},
	{Lo: 0x20a0, Hi: 0x20b5, Stride: 1}, {Lo: 0x2116, Hi: 0x2117, Stride: 1}, {Lo: 0x2122, Hi: 0x2122, Stride: 1}, {Lo: 0x2126, Hi: 0x2126, Stride: 1},
	{Lo: 0x2153, Hi: 0x2154, Stride: 1}, {Lo: 0x215b, Hi: 0x215e, Stride: 1}, {Lo: 0x2190, Hi: 0x2195, Stride: 1}, {Lo: 0x2211, Hi: 0x2212, Stride: 1},
	{Lo: 0x221e, Hi: 0x221e, Stride: 1}, {Lo: 0x2248, Hi: 0x2248, Stride: 1}, {Lo: 0x2260, Hi: 0x2260, Stride: 1}, {Lo: 0x2264, Hi: 0x2265, Stride: 1},
	{Lo: 0x25a0, Hi: 0x25a1, Stride: 1}, {Lo: 0x25cf, Hi: 0x25cf, Stride: 1}, {Lo: 0x2c60, Hi: 0x2c6d, Stride: 1}, {Lo: 0x2c71, Hi: 0x2c77, Stride: 1},
}, LatinOffset: 1}

// Drawable reports whether figures can draw a letter.
func Drawable(letter rune) bool { return unicode.Is(drawable, letter) }

// Check returns an error that names the first letter of a text that figures cannot draw; nil if they can draw all.
func Check(text string) error {
	for _, letter := range text {
		if !Drawable(letter) {
			return fmt.Errorf("found %q, whose %q (U+%04X) figures cannot draw", text, letter, letter)
		}
	}
	return nil
}
