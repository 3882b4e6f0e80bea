//go:build linux

package winetest

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf16"
)

// ExpandString is a registry value of type REG_EXPAND_SZ.
type ExpandString string

// Registry value types.
const (
	regSZ       = 1
	regExpandSZ = 2
	regBinary   = 3
	regDWORD    = 4
	regMultiSZ  = 7
	regQWORD    = 11
)

// seed is what is known about one value, or about one key when it has no name,
// before the prefix's first program runs.
type seed struct {
	key, name string
	kind      uint32
	data      []byte
	absent    bool // the value is to be removed
}

// SetRegistry writes a registry value before the first Run. The key begins with
// HKLM or HKCU, as in `HKLM\SOFTWARE\Microsoft\SMS\Setup`; 32-bit programs' keys
// lie below `HKLM\SOFTWARE\Wow6432Node`. The type follows from the value:
//
//	string       REG_SZ
//	ExpandString REG_EXPAND_SZ
//	[]string     REG_MULTI_SZ
//	uint32, int  REG_DWORD
//	uint64       REG_QWORD
//	[]byte       REG_BINARY
//
// The name "@" is the key's default value. An empty name only makes the key.
func (p *Prefix) SetRegistry(key, name string, value any) {
	p.tb.Helper()
	if name == "" {
		p.addSeed(seed{key: key})
		return
	}
	kind, data, err := registryData(value)
	if err != nil {
		p.tb.Fatalf("set the registry value %s of %s: %v", name, key, err)
	}
	p.addSeed(seed{key: key, name: name, kind: kind, data: data})
}

// removeRegistry makes sure that a value is absent.
func (p *Prefix) removeRegistry(key, name string) {
	p.tb.Helper()
	p.addSeed(seed{key: key, name: name, absent: true})
}

func (p *Prefix) addSeed(s seed) {
	p.tb.Helper()
	if _, _, err := hiveOf(s.key); err != nil {
		p.tb.Fatal(err)
	}
	if p.session.started {
		p.tb.Fatalf("seed %s before the first Run: a running Wine does not see it", s.key)
	}
	p.seeds = append(p.seeds, s)
}

// registryData returns a value's type and its bytes as Windows stores them.
func registryData(value any) (kind uint32, data []byte, err error) {
	switch v := value.(type) {
	case string:
		return regSZ, utf16Z(v), nil
	case ExpandString:
		return regExpandSZ, utf16Z(string(v)), nil
	case []string:
		for _, s := range v {
			data = append(data, utf16Z(s)...)
		}
		return regMultiSZ, append(data, 0, 0), nil
	case uint32:
		return regDWORD, binary.LittleEndian.AppendUint32(nil, v), nil
	case int:
		if int(uint32(v)) != v {
			return 0, nil, fmt.Errorf("%d does not fit a REG_DWORD", v)
		}
		return regDWORD, binary.LittleEndian.AppendUint32(nil, uint32(v)), nil
	case uint64:
		return regQWORD, binary.LittleEndian.AppendUint64(nil, v), nil
	case []byte:
		return regBinary, v, nil
	}
	return 0, nil, fmt.Errorf("a %T has no registry type", value)
}

// utf16Z returns the text as UTF-16LE with a zero at its end.
func utf16Z(s string) []byte {
	return appendLE(nil, utf16.Encode([]rune(s+"\x00")))
}

// hiveOf returns the file in which Wine keeps a key, and the key's path in it.
func hiveOf(key string) (file, path string, err error) {
	root, path, _ := strings.Cut(key, `\`)
	switch {
	case path == "":
	case strings.EqualFold(root, "HKLM"):
		return "system.reg", path, nil
	case strings.EqualFold(root, "HKCU"):
		return "user.reg", path, nil
	}
	return "", "", fmt.Errorf(`the registry key %s does not begin with HKLM\ or HKCU\`, key)
}

// writeSeeds puts the seeds into the prefix's registry files. No server may run.
func writeSeeds(prefix string, seeds []seed) error {
	files := map[string][]seed{}
	for _, s := range seeds {
		file, path, err := hiveOf(s.key)
		if err != nil {
			return err
		}
		s.key = path
		files[file] = append(files[file], s)
	}
	for file, seeds := range files {
		path := filepath.Join(prefix, file)
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(mergeSeeds(string(content), seeds, time.Now())), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// mergeSeeds returns the text of a Wine registry file with the seeds in it. It
// takes out the old values of the seeded names and appends the new ones; Wine
// joins sections of the same key when it loads the file.
func mergeSeeds(hive string, seeds []seed, now time.Time) string {
	type valueID struct{ key, name string }
	last := map[valueID]int{}
	for i, s := range seeds {
		last[valueID{sectionStart(s.key), valueStart(s.name)}] = i
	}

	var out strings.Builder
	var section string
	dropping := false
	for line := range strings.Lines(hive) {
		switch {
		case strings.HasPrefix(line, "["):
			end := strings.LastIndex(line, "]")
			section, dropping = strings.ToLower(line[:end+1]), false
		case strings.HasPrefix(line, `"`), strings.HasPrefix(line, "@="):
			_, dropping = last[valueID{section, strings.ToLower(line[:nameEnd(line)])}]
		case !strings.HasPrefix(line, "  "): // neither a value nor its next line
			dropping = false
		}
		if !dropping {
			out.WriteString(line)
		}
	}
	for i, s := range seeds {
		if s.absent || last[valueID{sectionStart(s.key), valueStart(s.name)}] != i {
			continue
		}
		fmt.Fprintf(&out, "\n[%s] %d\n", escape(s.key, "[]"), now.Unix())
		if s.name != "" {
			fmt.Fprintf(&out, "%s=%s\n", valueName(s.name), hexData(s))
		}
	}
	return out.String()
}

// nameEnd returns the length of the name with which a value's line begins.
func nameEnd(line string) int {
	for i := 1; i < len(line); i++ {
		switch {
		case line[0] == '@':
			return 1
		case line[i] == '\\':
			i++
		case line[i] == '"':
			return i + 1
		}
	}
	return len(line)
}

func sectionStart(key string) string { return strings.ToLower("[" + escape(key, "[]") + "]") }

func valueStart(name string) string { return strings.ToLower(valueName(name)) }

func valueName(name string) string {
	if name == "@" {
		return name
	}
	return `"` + escape(name, `""`) + `"`
}

// hexData writes a value in the one notation that fits every type.
func hexData(s seed) string {
	var text strings.Builder
	fmt.Fprintf(&text, "hex(%x):", s.kind)
	for i, b := range s.data {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, "%02x", b)
	}
	return text.String()
}

// escape writes a name in the ASCII notation of Wine's registry files.
func escape(name, special string) string {
	var text strings.Builder
	for _, unit := range utf16.Encode([]rune(name)) {
		switch {
		case unit < 0x20 || unit > 0x7e:
			fmt.Fprintf(&text, `\x%04x`, unit)
		case unit == '\\' || strings.ContainsRune(special, rune(unit)):
			text.WriteByte('\\')
			text.WriteByte(byte(unit))
		default:
			text.WriteByte(byte(unit))
		}
	}
	return text.String()
}
