package sqlservertest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"
)

// Parameter is a value that came with a statement.
type Parameter struct {
	Name string // with its @, as the client wrote it; may be empty
	// Value is nil, int64, float64, bool, string, []byte or time.Time. Decimals and uniqueidentifiers come as text.
	Value any
}

func parseParameter(c *cursor) (Parameter, error) {
	name := c.text(int(c.u8()))
	c.u8() // output or default
	value, err := readValue(c)
	if c.err != nil {
		err = c.err
	}
	return Parameter{Name: name, Value: value}, err
}

// readValue reads a TYPE_INFO and the value behind it. The cursor holds the error of a value that is cut.
func readValue(c *cursor) (any, error) {
	kind := c.u8()
	if c.err != nil {
		return nil, c.err
	}
	switch kind {
	case typeNull:
		return nil, nil
	case typeVarBinary, typeBinary, typeVarChar, typeChar, typeNVarChar, typeNChar:
		return readLongValue(c, kind)
	case typeDateN:
		return decodeTime(kind, 0, c.take(int(c.u8())))
	case typeTimeN, typeDateTime2N, typeDateTimeOffset:
		scale := c.u8()
		return decodeTime(kind, scale, c.take(int(c.u8())))
	case typeDecimalN, typeNumericN:
		c.take(2) // size, precision
		scale := c.u8()
		return decodeDecimal(scale, c.take(int(c.u8())))
	case typeIntN, typeBitN, typeFloatN, typeGUID, typeDateTimeN:
		c.u8() // largest size
		return decodeByteValue(kind, c.take(int(c.u8())))
	default:
		return nil, fmt.Errorf("the type %#02x is not known", kind)
	}
}

var errSize = errors.New("the value has a size that its type does not have")

// decodeByteValue decodes a value of one of the types that tell its size in one byte; none is NULL.
func decodeByteValue(kind byte, b []byte) (any, error) {
	size := len(b)
	switch {
	case size == 0:
		return nil, nil
	case kind == typeIntN && size == 1:
		return int64(b[0]), nil
	case kind == typeIntN && size == 2:
		return int64(int16(binary.LittleEndian.Uint16(b))), nil
	case kind == typeIntN && size == 4:
		return int64(int32(binary.LittleEndian.Uint32(b))), nil
	case kind == typeIntN && size == 8:
		return int64(binary.LittleEndian.Uint64(b)), nil
	case kind == typeBitN && size == 1:
		return b[0] != 0, nil
	case kind == typeFloatN && size == 4:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), nil
	case kind == typeFloatN && size == 8:
		return math.Float64frombits(binary.LittleEndian.Uint64(b)), nil
	case kind == typeGUID && size == 16:
		return formatGUID(b), nil
	case kind == typeDateTimeN && size == 8:
		days, ticks := int32(binary.LittleEndian.Uint32(b)), binary.LittleEndian.Uint32(b[4:])
		at := time.Date(1900, 1, 1+int(days), 0, 0, 0, 0, time.UTC)
		return at.Add(time.Duration(ticks) * time.Second / 300), nil
	default:
		return nil, errSize
	}
}

// decodeTime decodes date, time, datetime2 and datetimeoffset: time of the day, days since year 1, minutes from UTC.
func decodeTime(kind, scale byte, b []byte) (any, error) {
	if len(b) == 0 {
		return nil, nil
	}
	dateSize, offsetSize := 3, 0
	switch kind {
	case typeTimeN:
		dateSize = 0
	case typeDateTimeOffset:
		offsetSize = 2
	}
	timeSize := len(b) - dateSize - offsetSize
	if scale > 7 || timeSize < 0 || timeSize > 5 {
		return nil, errSize
	}
	var ticks uint64
	for i := timeSize - 1; i >= 0; i-- {
		ticks = ticks<<8 | uint64(b[i])
	}
	unit := time.Second
	for range scale {
		unit /= 10
	}
	days := 0
	if dateSize > 0 {
		d := b[timeSize:]
		days = int(d[0]) | int(d[1])<<8 | int(d[2])<<16
	}
	at := time.Date(1, 1, 1+days, 0, 0, 0, 0, time.UTC).Add(time.Duration(ticks) * unit)
	if offsetSize > 0 {
		minutes := int16(binary.LittleEndian.Uint16(b[timeSize+dateSize:]))
		at = at.In(time.FixedZone("", int(minutes)*60))
	}
	return at, nil
}

// decodeDecimal gives the number as text.
func decodeDecimal(scale byte, b []byte) (any, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if len(b) > 17 || scale > 38 {
		return nil, errSize
	}
	digits := make([]byte, len(b)-1)
	for i := range digits {
		digits[len(digits)-1-i] = b[1+i]
	}
	text := new(big.Int).SetBytes(digits).String()
	if places := int(scale); places > 0 {
		if len(text) <= places {
			text = strings.Repeat("0", places+1-len(text)) + text
		}
		text = text[:len(text)-places] + "." + text[len(text)-places:]
	}
	if b[0] == 0 {
		text = "-" + text
	}
	return text, nil
}

// readLongValue reads text or bytes with a two-byte length, or, under max, in chunks.
func readLongValue(c *cursor, kind byte) (any, error) {
	const isMax, isNull = 0xFFFF, 0xFFFF
	size := c.u16()
	binaryKind := kind == typeVarBinary || kind == typeBinary
	if !binaryKind {
		c.take(len(collation))
	}
	var value []byte
	if size == isMax {
		if c.u64() == math.MaxUint64 {
			return nil, c.err
		}
		for n := c.u32(); n > 0; n = c.u32() {
			value = append(value, c.take(int(n))...)
		}
	} else {
		n := c.u16()
		if n == isNull {
			return nil, c.err
		}
		value = c.take(int(n))
	}
	switch {
	case c.err != nil:
		return nil, c.err
	case binaryKind:
		return append([]byte{}, value...), nil
	case kind == typeNVarChar || kind == typeNChar:
		return decodeText(value), nil
	default:
		return string(value), nil
	}
}
