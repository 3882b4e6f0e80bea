package sqlservertest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Types of columns and parameters ([MS-TDS] 2.2.5.4).
const (
	typeNull           = 0x1F
	typeGUID           = 0x24
	typeIntN           = 0x26
	typeDateN          = 0x28
	typeTimeN          = 0x29
	typeDateTime2N     = 0x2A
	typeDateTimeOffset = 0x2B
	typeInt4           = 0x38
	typeVariant        = 0x62
	typeBitN           = 0x68
	typeDecimalN       = 0x6A
	typeNumericN       = 0x6C
	typeFloatN         = 0x6D
	typeDateTimeN      = 0x6F
	typeInt8           = 0x7F
	typeVarBinary      = 0xA5
	typeVarChar        = 0xA7
	typeBinary         = 0xAD
	typeChar           = 0xAF
	typeNVarChar       = 0xE7
	typeNChar          = 0xEF
)

// columnType says how a column is described and how its values are written.
type columnType struct {
	info   []byte                                      // TYPE_INFO
	null   []byte                                      // NULL in a row
	encode func(dst []byte, value any) ([]byte, error) // value is not nil
}

// parseType understands a type as T-SQL writes it: "int", "nvarchar(128)", "decimal(18,2)".
func parseType(name string) (columnType, error) {
	base, arguments, err := splitType(name)
	if err != nil {
		return columnType{}, err
	}
	if base == "sysname" && len(arguments) == 0 {
		base, arguments = "nvarchar", []string{"128"}
	}
	least, most := 0, 0 // number of arguments
	var build func([]int) (columnType, error)
	switch base {
	case "tinyint":
		build = func([]int) (columnType, error) { return intType(1, 0, math.MaxUint8), nil }
	case "smallint":
		build = func([]int) (columnType, error) { return intType(2, math.MinInt16, math.MaxInt16), nil }
	case "int":
		build = func([]int) (columnType, error) { return intType(4, math.MinInt32, math.MaxInt32), nil }
	case "bigint":
		build = func([]int) (columnType, error) { return intType(8, math.MinInt64, math.MaxInt64), nil }
	case "bit":
		build = func([]int) (columnType, error) { return byteType([]byte{typeBitN, 1}, bitValue), nil }
	case "float":
		build = func([]int) (columnType, error) { return byteType([]byte{typeFloatN, 8}, floatValue), nil }
	case "uniqueidentifier":
		build = func([]int) (columnType, error) { return byteType([]byte{typeGUID, 16}, guidValue), nil }
	case "datetime":
		build = func([]int) (columnType, error) { return byteType([]byte{typeDateTimeN, 8}, dateTimeValue), nil }
	case "sql_variant":
		build = func([]int) (columnType, error) { return variantType(), nil }
	case "datetime2":
		most, build = 1, dateTime2Type
	case "decimal", "numeric":
		most, build = 2, decimalType
	case "nvarchar":
		least, most, build = 1, 1, nvarcharType
	default:
		return columnType{}, fmt.Errorf("the type %q is not known", name)
	}
	if len(arguments) < least || len(arguments) > most {
		return columnType{}, fmt.Errorf("the type %q has %d arguments: not %d to %d", name, len(arguments), least, most)
	}
	numbers := []int{}
	for _, a := range arguments {
		n := maxLength
		if base != "nvarchar" || a != "max" {
			if n, err = strconv.Atoi(a); err != nil || n < 0 {
				return columnType{}, fmt.Errorf("the type %q: %q is not a number", name, a)
			}
		}
		numbers = append(numbers, n)
	}
	t, err := build(numbers)
	if err != nil {
		return columnType{}, fmt.Errorf("the type %q: %w", name, err)
	}
	return t, nil
}

// splitType cuts "name(a,b)" into its parts, in lower case.
func splitType(name string) (base string, arguments []string, err error) {
	base, rest, found := strings.Cut(strings.ToLower(strings.TrimSpace(name)), "(")
	if found {
		inner, closed := strings.CutSuffix(rest, ")")
		if !closed {
			return "", nil, fmt.Errorf("the type %q has no closing bracket", name)
		}
		for a := range strings.SplitSeq(inner, ",") {
			arguments = append(arguments, strings.TrimSpace(a))
		}
	}
	return strings.TrimSpace(base), arguments, nil
}

// byteType is a type whose values have their length in one byte, and 0 for NULL.
func byteType(info []byte, value func(any) ([]byte, error)) columnType {
	return columnType{
		info: info,
		null: []byte{0},
		encode: func(dst []byte, v any) ([]byte, error) {
			b, err := value(v)
			if err != nil {
				return dst, err
			}
			return append(append(dst, byte(len(b))), b...), nil
		},
	}
}

func intType(size byte, least, most int64) columnType {
	return byteType([]byte{typeIntN, size}, func(v any) ([]byte, error) {
		n, err := toInt(v)
		if err != nil {
			return nil, err
		}
		if n < least || n > most {
			return nil, fmt.Errorf("%d is not between %d and %d", n, least, most)
		}
		return binary.LittleEndian.AppendUint64(nil, uint64(n))[:size], nil
	})
}

// maxLength stands for max in nvarchar(max).
const maxLength = math.MaxInt

func nvarcharType(n []int) (columnType, error) {
	units := n[0]
	if units == maxLength {
		return columnType{
			info:   append([]byte{typeNVarChar, 0xFF, 0xFF}, collation[:]...),
			null:   []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
			encode: appendLongValue,
		}, nil
	}
	if units < 1 || units > 4000 {
		return columnType{}, fmt.Errorf("the length %d is not between 1 and 4000", units)
	}
	return columnType{
		info: append(binary.LittleEndian.AppendUint16([]byte{typeNVarChar}, uint16(2*units)), collation[:]...),
		null: []byte{0xFF, 0xFF},
		encode: func(dst []byte, v any) ([]byte, error) {
			s, ok := v.(string)
			if !ok {
				return dst, wantType("string", v)
			}
			used := textUnits(s)
			if used > units {
				return dst, fmt.Errorf("a text of %d units in a column for %d", used, units)
			}
			return appendText(binary.LittleEndian.AppendUint16(dst, uint16(2*used)), s), nil
		},
	}, nil
}

// appendLongValue writes a text of any length: the length of all, one chunk with its length, and an end.
func appendLongValue(dst []byte, v any) ([]byte, error) {
	s, ok := v.(string)
	if !ok {
		return dst, wantType("string", v)
	}
	size := 2 * textUnits(s)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(size))
	if size > 0 {
		dst = appendText(binary.LittleEndian.AppendUint32(dst, uint32(size)), s)
	}
	return binary.LittleEndian.AppendUint32(dst, 0), nil
}

func dateTime2Type(n []int) (columnType, error) {
	scale := 7
	if len(n) == 1 {
		scale = n[0]
	}
	if scale > 7 {
		return columnType{}, errors.New("the scale is not between 0 and 7")
	}
	size := 5
	switch {
	case scale <= 2:
		size = 3
	case scale <= 4:
		size = 4
	}
	return byteType([]byte{typeDateTime2N, byte(scale)}, func(v any) ([]byte, error) {
		t, ok := v.(time.Time)
		if !ok {
			return nil, wantType("time.Time", v)
		}
		days, inDay, err := splitTime(t, 1, 1)
		if err != nil {
			return nil, err
		}
		unit := int64(time.Second)
		for range scale {
			unit /= 10
		}
		b := binary.LittleEndian.AppendUint64(nil, uint64(int64(inDay)/unit))[:size]
		return append(b, byte(days), byte(days>>8), byte(days>>16)), nil
	}), nil
}

func decimalType(n []int) (columnType, error) {
	precision, scale := 18, 0
	if len(n) > 0 {
		precision = n[0]
	}
	if len(n) > 1 {
		scale = n[1]
	}
	if precision < 1 || precision > 38 || scale > precision {
		return columnType{}, errors.New("precision goes from 1 to 38 and scale from 0 to the precision")
	}
	size := 17 // the sign and the number
	switch {
	case precision <= 9:
		size = 5
	case precision <= 19:
		size = 9
	case precision <= 28:
		size = 13
	}
	return byteType([]byte{typeDecimalN, byte(size), byte(precision), byte(scale)}, func(v any) ([]byte, error) {
		number, err := toDecimal(v, precision, scale)
		if err != nil {
			return nil, err
		}
		b := make([]byte, size)
		if number.Sign() >= 0 {
			b[0] = 1
		}
		for i, digit := range number.FillBytes(make([]byte, size-1)) {
			b[size-1-i] = digit
		}
		return b, nil
	}), nil
}

// maxVariant is the size that SQL Server declares for a sql_variant.
const maxVariant = 8009

// variantType holds numbers as int or, if they are too large for it, bigint, and text as nvarchar.
func variantType() columnType {
	return columnType{
		info: binary.LittleEndian.AppendUint32([]byte{typeVariant}, maxVariant),
		null: []byte{0, 0, 0, 0},
		encode: func(dst []byte, v any) ([]byte, error) {
			var value []byte // base type, number of property bytes, properties, data
			if s, ok := v.(string); ok {
				size := 2 * textUnits(s)
				if size > 8000 {
					return dst, fmt.Errorf("a text of %d units in a sql_variant, which holds 4000", size/2)
				}
				value = append([]byte{typeNVarChar, 7}, collation[:]...)
				value = appendText(binary.LittleEndian.AppendUint16(value, 8000), s)
			} else {
				n, err := toInt(v)
				switch {
				case err != nil:
					return dst, wantType("string or a whole number", v)
				case n < math.MinInt32 || n > math.MaxInt32:
					value = binary.LittleEndian.AppendUint64([]byte{typeInt8, 0}, uint64(n))
				default:
					value = binary.LittleEndian.AppendUint32([]byte{typeInt4, 0}, uint32(n))
				}
			}
			return append(binary.LittleEndian.AppendUint32(dst, uint32(len(value))), value...), nil
		},
	}
}

// toDecimal reads a number, as text or whole, into units of its last place.
func toDecimal(v any, precision, scale int) (*big.Int, error) {
	text, ok := v.(string)
	if !ok {
		n, err := toInt(v)
		if err != nil {
			return nil, wantType(`a number as string, like "12.50", or a whole number`, v)
		}
		text = strconv.FormatInt(n, 10)
	}
	whole, fraction, _ := strings.Cut(text, ".")
	if whole+fraction == "" {
		return nil, fmt.Errorf("%q is not a decimal number", text)
	}
	if len(fraction) > scale {
		return nil, fmt.Errorf("%q has more than %d digits behind the point", text, scale)
	}
	number, ok := new(big.Int).SetString(whole+fraction+strings.Repeat("0", scale-len(fraction)), 10)
	if !ok {
		return nil, fmt.Errorf("%q is not a decimal number", text)
	}
	if limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil); number.CmpAbs(limit) >= 0 {
		return nil, fmt.Errorf("%q has more than %d digits", text, precision)
	}
	return number, nil
}
