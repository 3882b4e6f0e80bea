package sqlservertest

import (
	"encoding/binary"
	"errors"
	"unicode/utf16"
)

var errShort = errors.New("the message ends too early")

// cursor reads a message field by field. After the end every read gives zero and err is set,
// so a parser may check once, after its last field.
type cursor struct {
	rest []byte
	err  error
}

// take returns the next n bytes, or nil when there are not that many.
func (c *cursor) take(n int) []byte {
	if c.err != nil || n < 0 || n > len(c.rest) {
		c.err = errShort
		c.rest = nil
		return nil
	}
	b := c.rest[:n:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) u8() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if b := c.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// text reads n UTF-16 units.
func (c *cursor) text(n int) string { return decodeText(c.take(2 * n)) }

// decodeText turns little-endian UTF-16 into a string. An odd last byte is left out.
func decodeText(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// appendText appends s as little-endian UTF-16.
func appendText(dst []byte, s string) []byte {
	for _, r := range s {
		if r > 0xFFFF {
			var low rune
			r, low = utf16.EncodeRune(r)
			dst = binary.LittleEndian.AppendUint16(dst, uint16(r))
			r = low
		}
		dst = append(dst, byte(r), byte(r>>8))
	}
	return dst
}

// textUnits counts the UTF-16 units of s.
func textUnits(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// cut shortens s to at most n UTF-16 units.
func cut(s string, n int) string {
	for i, r := range s {
		if n -= utf16.RuneLen(r); n < 0 {
			return s[:i]
		}
	}
	return s
}

// appendShortText appends a B_VARCHAR: a one-byte count of units, then the text, cut to what fits.
func appendShortText(dst []byte, s string) []byte {
	s = cut(s, 0xFF)
	return appendText(append(dst, byte(textUnits(s))), s)
}

// appendLongText appends a US_VARCHAR: a two-byte count of units, then the text, cut to what fits.
func appendLongText(dst []byte, s string) []byte {
	s = cut(s, 0xFFFF)
	return appendText(binary.LittleEndian.AppendUint16(dst, uint16(textUnits(s))), s)
}
