//go:build linux

package winetest

import (
	"bytes"
	"context"
	"debug/pe"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// ReplaceDLL puts a DLL made from C source in the place of one of Wine's own, as "netapi32",
// for the programs of Run alone. The source defines the exports that are named; every other
// export stays Wine's. It needs the Debian package gcc-mingw-w64-x86-64.
//
// So a test shows what a program does with the answers of a call that Wine only pretends to
// have. It shows nothing of what Windows answers: keep the source as small as the call's
// contract, its errors included.
func (p *Prefix) ReplaceDLL(name, source string, exports ...string) {
	p.tb.Helper()
	path := `C:\windows\system32\` + name + ".dll"
	builtin, err := os.ReadFile(p.Path(path))
	if err != nil {
		p.tb.Fatalf("replace %s: %v", name, err)
	}
	original, library, err := replaceDLL(p.tb.Context(), p.tb.TempDir(), name, builtin, source, exports)
	if err != nil {
		p.tb.Fatalf("replace %s: %v", name, err)
	}
	p.WriteFile(path, library)
	p.WriteFile(`C:\windows\system32\`+originalName(name)+".dll", original)
	p.replaced = append(p.replaced, name)
}

// dllOverrides says which DLLs are taken from the prefix, and that two of Wine's are not there.
func (p *Prefix) dllOverrides() string {
	overrides := "WINEDLLOVERRIDES=mscoree,mshtml="
	for _, name := range p.replaced {
		overrides += ";" + name + "," + originalName(name) + "=n"
	}
	for _, name := range p.versioned {
		overrides += ";" + name + "=n"
	}
	return overrides
}

// originalName is the name under which a replaced DLL can still be reached.
func originalName(name string) string { return name + "_o" }

// replaceDLL returns a copy of Wine's DLL that Wine takes for one of somebody else, and the
// compiled DLL, which forwards to the copy what it does not define.
func replaceDLL(ctx context.Context, dir, name string, builtin []byte, source string, own []string) (original, library []byte, err error) {
	const signature, none = "Wine builtin DLL", "Wine copied  DLL"
	if !bytes.Contains(builtin, []byte(signature)) {
		return nil, nil, errors.New("it is not one of Wine's own")
	}
	all, err := exportNames(builtin)
	if err != nil {
		return nil, nil, err
	}
	for _, export := range own {
		if !slices.Contains(all, export) {
			return nil, nil, fmt.Errorf("there is no export %s in it", export)
		}
	}
	var definition strings.Builder
	fmt.Fprintf(&definition, "LIBRARY %s.dll\nEXPORTS\n", name)
	for _, export := range all {
		if slices.Contains(own, export) {
			fmt.Fprintf(&definition, "  %s\n", export)
		} else {
			fmt.Fprintf(&definition, "  %s = %s.%s\n", export, originalName(name), export)
		}
	}
	code, exports, dll := filepath.Join(dir, name+".c"), filepath.Join(dir, name+".def"), filepath.Join(dir, name+".dll")
	if err := os.WriteFile(code, []byte(source), 0o644); err != nil {
		return nil, nil, err
	}
	if err := os.WriteFile(exports, []byte(definition.String()), 0o644); err != nil {
		return nil, nil, err
	}
	gcc := exec.CommandContext(ctx, "x86_64-w64-mingw32-gcc", "-Wall", "-Werror", "-O2", "-s", "-shared", "-o", dll, code, exports)
	if out, err := gcc.CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("%s (Debian package gcc-mingw-w64-x86-64): %w\n%s", gcc, err, out)
	}
	library, err = os.ReadFile(dll)
	return bytes.Replace(builtin, []byte(signature), []byte(none), 1), library, err
}

// exportNames lists what a DLL exports by name.
func exportNames(image []byte) ([]string, error) {
	file, err := pe.NewFile(bytes.NewReader(image))
	if err != nil {
		return nil, err
	}
	optional, ok := file.OptionalHeader.(*pe.OptionalHeader64)
	if !ok {
		return nil, errors.New("the image is not a 64-bit one")
	}
	// at returns the image's bytes from an address on.
	at := func(rva uint32) []byte {
		for _, section := range file.Sections {
			if size := max(section.VirtualSize, section.Size); rva >= section.VirtualAddress && rva-section.VirtualAddress < size {
				if offset := int(rva - section.VirtualAddress + section.Offset); offset < len(image) {
					return image[offset:]
				}
			}
		}
		return nil
	}
	const nameCount, nameTable, directorySize = 24, 32, 40
	directory := at(optional.DataDirectory[exportDirectory].VirtualAddress)
	if len(directory) < directorySize {
		return nil, errors.New("the image exports nothing")
	}
	count := binary.LittleEndian.Uint32(directory[nameCount:])
	table := at(binary.LittleEndian.Uint32(directory[nameTable:]))
	if uint64(len(table)) < 4*uint64(count) {
		return nil, fmt.Errorf("the image's table of %d exports is cut off", count)
	}
	names := make([]string, count)
	for i := range names {
		name, _, _ := bytes.Cut(at(binary.LittleEndian.Uint32(table[4*i:])), []byte{0})
		names[i] = string(name)
	}
	return names, nil
}

// Build builds the package of a Windows program as exe.
func Build(ctx context.Context, pkg, exe string) error { return buildWindows(ctx, pkg, exe) }
