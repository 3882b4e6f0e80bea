package windows

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestImports keeps out what would change the machine or start a process. Both packages of
// gopsutil act as soon as a program that imports them starts: disk writes the value
// EnableCounterForIoctl below HKLM\SYSTEM, and process, which host imports, switches on the
// debug privilege.
func TestImports(t *testing.T) {
	forbidden := []string{
		"os/exec",
		"github.com/shirou/gopsutil/v3/disk",
		"github.com/shirou/gopsutil/v3/host",
		"github.com/shirou/gopsutil/v3/process",
		"github.com/shirou/gopsutil/v3/winservices",
		"golang.org/x/sys/windows/svc/mgr",
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			seen++
			for _, no := range forbidden {
				if path == no {
					t.Errorf("%s imports %s", name, path)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no imports were found in this folder")
	}
}
