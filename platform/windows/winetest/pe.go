//go:build linux

package winetest

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"fmt"
	"unicode/utf16"
)

// Data directories of a PE image that are written here.
const (
	exportDirectory   = pe.IMAGE_DIRECTORY_ENTRY_EXPORT
	resourceDirectory = pe.IMAGE_DIRECTORY_ENTRY_RESOURCE
)

const (
	peOffset     = 0x80  // where the PE signature stands in an image made here
	headersSize  = 0x400 // of an image made here: room for a dozen sections
	fileAlign    = 0x200
	sectionAlign = 0x1000
)

// emptyDLL returns a 64-bit DLL without sections and without an entry point.
// It is a DLL, whatever the file is called, so that nobody can start it.
func emptyDLL() []byte {
	image := make([]byte, peOffset)
	copy(image, "MZ")
	binary.LittleEndian.PutUint32(image[0x3c:], peOffset)
	image = append(image, "PE\x00\x00"...)
	image = appendLE(image, pe.FileHeader{
		Machine:              pe.IMAGE_FILE_MACHINE_AMD64,
		SizeOfOptionalHeader: uint16(binary.Size(pe.OptionalHeader64{})),
		Characteristics:      pe.IMAGE_FILE_EXECUTABLE_IMAGE | pe.IMAGE_FILE_LARGE_ADDRESS_AWARE | pe.IMAGE_FILE_DLL,
	})
	image = appendLE(image, pe.OptionalHeader64{
		Magic:                       0x20b, // PE32+
		ImageBase:                   0x6a0000000,
		SectionAlignment:            sectionAlign,
		FileAlignment:               fileAlign,
		MajorOperatingSystemVersion: 6,
		MajorSubsystemVersion:       6,
		SizeOfImage:                 sectionAlign,
		SizeOfHeaders:               headersSize,
		Subsystem:                   pe.IMAGE_SUBSYSTEM_WINDOWS_CUI,
		DllCharacteristics:          pe.IMAGE_DLLCHARACTERISTICS_NX_COMPAT,
		SizeOfStackReserve:          1 << 20,
		SizeOfStackCommit:           1 << 12,
		SizeOfHeapReserve:           1 << 20,
		SizeOfHeapCommit:            1 << 12,
		NumberOfRvaAndSizes:         16,
	})
	return pad(image, headersSize)
}

// addSection returns the image with one more section, which becomes the given
// data directory. The content is asked for with the address at which the
// section will lie. The image that is passed in may be overwritten.
func addSection(image []byte, name string, directory int, content func(rva uint32) []byte) ([]byte, error) {
	file, err := pe.NewFile(bytes.NewReader(image))
	if err != nil {
		return nil, fmt.Errorf("add section %s: read the image: %w", name, err)
	}
	optional, ok := file.OptionalHeader.(*pe.OptionalHeader64)
	if !ok {
		return nil, fmt.Errorf("add section %s: the image is not a 64-bit one", name)
	}
	at := int(binary.LittleEndian.Uint32(image[0x3c:])) + 4
	tableEnd := at + binary.Size(file.FileHeader) + int(file.SizeOfOptionalHeader) +
		len(file.Sections)*binary.Size(pe.SectionHeader32{})
	if tableEnd+binary.Size(pe.SectionHeader32{}) > int(optional.SizeOfHeaders) {
		return nil, fmt.Errorf("add section %s: the image's headers have no room for one more section", name)
	}

	rva := align(optional.SizeOfImage, optional.SectionAlignment)
	data := content(rva)
	image = pad(image, int(align(uint32(len(image)), optional.FileAlignment)))
	header := pe.SectionHeader32{
		VirtualSize:      uint32(len(data)),
		VirtualAddress:   rva,
		SizeOfRawData:    align(uint32(len(data)), optional.FileAlignment),
		PointerToRawData: uint32(len(image)),
		Characteristics:  pe.IMAGE_SCN_CNT_INITIALIZED_DATA | pe.IMAGE_SCN_MEM_READ,
	}
	copy(header.Name[:], name)
	image = append(image, data...)
	image = pad(image, int(align(uint32(len(image)), optional.FileAlignment)))

	file.NumberOfSections++
	optional.SizeOfImage = align(rva+uint32(len(data)), optional.SectionAlignment)
	optional.DataDirectory[directory] = pe.DataDirectory{VirtualAddress: rva, Size: uint32(len(data))}
	copy(image[at:], appendLE(appendLE(nil, file.FileHeader), optional))
	copy(image[tableEnd:], appendLE(nil, header))
	return image, nil
}

// forwarderDLL returns a DLL without code whose one export stands for a
// function of another DLL, named as `dll.Function`.
func forwarderDLL(dllName, export, target string) ([]byte, error) {
	return addSection(emptyDLL(), ".edata", exportDirectory, func(rva uint32) []byte {
		type directory struct {
			Characteristics, TimeDateStamp uint32
			MajorVersion, MinorVersion     uint16
			Name, OrdinalBase              uint32
			FunctionCount, NameCount       uint32
			Functions, Names, NameOrdinals uint32
		}
		type tables struct {
			Function, Name uint32
			NameOrdinal    uint16
		}
		tablesAt := rva + uint32(binary.Size(directory{}))
		dllNameAt := tablesAt + uint32(binary.Size(tables{}))
		exportAt := dllNameAt + uint32(len(dllName)+1)
		targetAt := exportAt + uint32(len(export)+1)

		section := appendLE(nil, directory{
			Name: dllNameAt, OrdinalBase: 1,
			FunctionCount: 1, NameCount: 1,
			Functions: tablesAt, Names: tablesAt + 4, NameOrdinals: tablesAt + 8,
		})
		// A function whose address lies inside the export directory is a forwarder.
		section = appendLE(section, tables{Function: targetAt, Name: exportAt})
		return append(section, dllName+"\x00"+export+"\x00"+target+"\x00"...)
	})
}

// fileVersion is the four numbers of a version resource.
type fileVersion [4]uint16

// addVersion returns the image with a version resource whose fixed part has
// the given file version, and the same product version.
func addVersion(image []byte, version fileVersion) ([]byte, error) {
	return addSection(image, ".rsrc", resourceDirectory, func(rva uint32) []byte {
		type directory struct {
			Characteristics, TimeDateStamp         uint32
			MajorVersion, MinorVersion, Named, IDs uint16
			ID, Offset                             uint32 // the only entry
		}
		type dataEntry struct{ RVA, Size, CodePage, Reserved uint32 }
		const isDirectory = 1 << 31
		const resourceTypeVersion, resourceName, languageEnglish = 16, 1, 0x409
		level := uint32(binary.Size(directory{}))
		info := versionInfo(version)

		section := appendLE(nil, []directory{
			{IDs: 1, ID: resourceTypeVersion, Offset: level | isDirectory},
			{IDs: 1, ID: resourceName, Offset: 2*level | isDirectory},
			{IDs: 1, ID: languageEnglish, Offset: 3 * level},
		})
		infoAt := rva + 3*level + uint32(binary.Size(dataEntry{}))
		section = appendLE(section, dataEntry{RVA: infoAt, Size: uint32(len(info))})
		return append(section, info...)
	})
}

// versionInfo returns a VS_VERSIONINFO block without strings.
func versionInfo(version fileVersion) []byte {
	type fixedFileInfo struct {
		Signature, StructVersion                      uint32
		FileVersionHigh, FileVersionLow               uint32
		ProductVersionHigh, ProductVersionLow         uint32
		FlagsMask, Flags, OS, Type, Subtype, DateHigh uint32
		DateLow                                       uint32
	}
	high := uint32(version[0])<<16 | uint32(version[1])
	low := uint32(version[2])<<16 | uint32(version[3])
	fixed := appendLE(nil, fixedFileInfo{
		Signature: 0xfeef04bd, StructVersion: 0x10000,
		FileVersionHigh: high, FileVersionLow: low,
		ProductVersionHigh: high, ProductVersionLow: low,
		FlagsMask: 0x3f, OS: 0x40004, Type: 1,
	})
	key := appendLE(nil, utf16.Encode([]rune("VS_VERSION_INFO\x00")))
	const prelude = 3 * 2 // the block's length, the value's length, the value's type
	valueAt := align(uint32(prelude+len(key)), 4)
	block := appendLE(nil, []uint16{uint16(int(valueAt) + len(fixed)), uint16(len(fixed)), 0})
	block = pad(append(block, key...), int(valueAt))
	return append(block, fixed...)
}

// appendLE appends a value of fixed size in little-endian order. Any other
// value is a mistake in this package.
func appendLE(to []byte, value any) []byte {
	out, err := binary.Append(to, binary.LittleEndian, value)
	if err != nil {
		panic(err)
	}
	return out
}

func align(n, to uint32) uint32 { return (n + to - 1) / to * to }

func pad(data []byte, size int) []byte {
	return append(data, make([]byte, max(0, size-len(data)))...)
}
