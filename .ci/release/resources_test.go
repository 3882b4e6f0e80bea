package main

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"encoding/xml"
	"testing"
	"unicode/utf16"
)

// The types of resources that the program has.
const (
	versionResource  = 16
	manifestResource = 24
)

// lookAtProgram reads back what Windows reads of a program before it starts it.
func lookAtProgram(t *testing.T, program []byte, architecture string) {
	t.Helper()
	image, err := pe.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	machines := map[string]uint16{"amd64": pe.IMAGE_FILE_MACHINE_AMD64, "arm64": pe.IMAGE_FILE_MACHINE_ARM64}
	if image.Machine != machines[architecture] {
		t.Errorf("the program for %s is for the machine %x", architecture, image.Machine)
	}
	section := image.Section(".rsrc")
	if section == nil {
		t.Fatal("the program has no resources")
	}
	data, err := section.Data()
	if err != nil {
		t.Fatal(err)
	}
	found := map[uint32][]byte{}
	resources(data, section.VirtualAddress, 0, 0, 0, found)

	version := found[versionResource]
	const signature = 0xFEEF04BD // of VS_FIXEDFILEINFO
	at := bytes.Index(version, binary.LittleEndian.AppendUint32(nil, signature))
	if at < 0 || len(version) < at+24 {
		t.Fatal("the program has no version")
	}
	var numbers [4]uint32 // file and product version
	for i := range numbers {
		numbers[i] = binary.LittleEndian.Uint32(version[at+8+4*i:])
	}
	if numbers != [4]uint32{1<<16 | 2, 3 << 16, 1<<16 | 2, 3 << 16} {
		t.Errorf("the versions are %x, wanted 1.2.3.0 twice", numbers)
	}
	for _, text := range []string{"The siteready authors", "1.2.3.0", "Built from v1.2.3", "siteready.exe"} {
		if !bytes.Contains(version, wide(text)) {
			t.Errorf("the version resource lacks %q", text)
		}
	}

	var assembly struct {
		XMLName xml.Name `xml:"urn:schemas-microsoft-com:asm.v1 assembly"`
		Level   struct {
			Level    string `xml:"level,attr"`
			UIAccess string `xml:"uiAccess,attr"`
		} `xml:"urn:schemas-microsoft-com:asm.v3 trustInfo>security>requestedPrivileges>requestedExecutionLevel"`
		Supported []struct {
			ID string `xml:"Id,attr"`
		} `xml:"urn:schemas-microsoft-com:compatibility.v1 compatibility>application>supportedOS"`
		Application struct {
			Settings struct {
				LongPathAware string `xml:"http://schemas.microsoft.com/SMI/2016/WindowsSettings longPathAware"`
			} `xml:"windowsSettings"`
		} `xml:"urn:schemas-microsoft-com:asm.v3 application"`
	}
	if err := xml.Unmarshal(found[manifestResource], &assembly); err != nil {
		t.Fatalf("the manifest: %v", err)
	}
	if assembly.Level.Level != "asInvoker" || assembly.Level.UIAccess != "false" ||
		len(assembly.Supported) != 1 || assembly.Application.Settings.LongPathAware != "true" {
		t.Errorf("the manifest says %+v", assembly)
	}
}

// resources walks through the tree of a program's resources: types, names, languages.
// https://learn.microsoft.com/windows/win32/debug/pe-format#the-rsrc-section
func resources(data []byte, base uint32, at, depth, kind uint32, found map[uint32][]byte) {
	const below = 1 << 31
	order := binary.LittleEndian
	entries := uint32(order.Uint16(data[at+12:])) + uint32(order.Uint16(data[at+14:]))
	for i := range entries {
		id, to := order.Uint32(data[at+16+8*i:]), order.Uint32(data[at+20+8*i:])
		if depth == 0 {
			kind = id
		}
		if to&below != 0 {
			resources(data, base, to&^below, depth+1, kind, found)
			continue
		}
		start, size := order.Uint32(data[to:])-base, order.Uint32(data[to+4:])
		found[kind] = data[start : start+size]
	}
}

// wide is text as Windows stores it.
func wide(text string) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}
