package windows

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unicode/utf16"

	"siteready/platform"
)

// The types of registry values whose data are read, as winnt.h numbers them.
const (
	regText   = 1  // REG_SZ
	regExpand = 2  // REG_EXPAND_SZ
	regDWORD  = 4  // REG_DWORD
	regList   = 7  // REG_MULTI_SZ
	regQWORD  = 11 // REG_QWORD
)

// decodeValue makes the answer of a value's data. What is in the registry need not fit its type:
// every program writes there what it likes.
func decodeValue(kind uint32, data []byte) (platform.RegistryValue, error) {
	var none platform.RegistryValue
	switch kind {
	case regDWORD:
		if len(data) != 4 {
			return none, fmt.Errorf("a DWORD of %d bytes", len(data))
		}
		number := uint64(binary.LittleEndian.Uint32(data))
		return platform.RegistryValue{Type: "dword", Number: &number}, nil
	case regQWORD:
		if len(data) != 8 {
			return none, fmt.Errorf("a QWORD of %d bytes", len(data))
		}
		number := binary.LittleEndian.Uint64(data)
		return platform.RegistryValue{Type: "qword", Number: &number}, nil
	case regText, regExpand, regList:
	default:
		return none, fmt.Errorf("a value of type %d", kind)
	}
	if len(data)%2 != 0 {
		return none, fmt.Errorf("a text of %d bytes, half a character too many", len(data))
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(data[2*i:])
	}
	if kind == regList {
		return platform.ListValue(splitList(units)), nil
	}
	if end := slices.Index(units, 0); end >= 0 {
		units = units[:end] // as every program reads it; some values have rubbish behind their end
	}
	text := string(utf16.Decode(units))
	if kind == regExpand {
		return platform.RegistryValue{Type: "expand_sz", Text: &text}, nil
	}
	return platform.RegistryValue{Type: "sz", Text: &text}, nil
}

// splitList cuts a MULTI_SZ into its texts. Empty texts inside the list are kept:
// PendingFileRenameOperations has one for each file that is to be deleted.
func splitList(units []uint16) []string {
	list := []string{}
	if !slices.ContainsFunc(units, func(u uint16) bool { return u != 0 }) {
		return list
	}
	if units[len(units)-1] == 0 {
		units = units[:len(units)-1] // the end of the list
	}
	for len(units) > 0 {
		end := slices.Index(units, 0)
		if end < 0 { // a writer forgot the end of the last text
			return append(list, string(utf16.Decode(units)))
		}
		list = append(list, string(utf16.Decode(units[:end])))
		units = units[end+1:]
	}
	return list
}
