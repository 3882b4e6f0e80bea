package main

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sourceFile is one Go file of the product, without tests.
type sourceFile struct {
	path string // slashes, relative to the top folder
	*ast.File
}

// sources parses all Go files but tests, testdata and what only tests import.
func sources(t *testing.T) []sourceFile {
	t.Helper()
	const top = "../.."
	var all []sourceFile
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != top && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "build"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		relative, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		all = append(all, sourceFile{filepath.ToSlash(relative), file})
		return err
	})
	if err != nil || len(all) < 30 {
		t.Fatalf("%d source files: %v", len(all), err)
	}
	return all
}

// onlyTests reports whether a file belongs to a package that only tests import.
func onlyTests(path string) bool {
	return slices.ContainsFunc([]string{"platform/platformtest/", "platform/sqlserver/sqlservertest/", "platform/windows/winetest/", "cmd/siteready/schedule/scheduletest/", "report/notify/notifytest/"},
		func(folder string) bool { return strings.HasPrefix(path, folder) })
}

func imports(f sourceFile) []string {
	var paths []string
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err == nil {
			paths = append(paths, path)
		}
	}
	return paths
}

// Imports point one way: cmd, report, checks, platform. Readers are chosen by the command alone; but
// what is known of failures in logs is data, and what was found in logs are values to be shown.
func TestImportsPointOneWay(t *testing.T) {
	allowed := map[string][]string{
		"checks/": {"siteready/platform/logscan/signatures"},
		"report/": {"siteready/platform/logscan", "siteready/platform/logscan/signatures"},
	}
	forbidden := map[string][]string{
		"platform/": {"siteready/checks", "siteready/report", "siteready/cmd"},
		"checks/":   {"siteready/report", "siteready/cmd", "siteready/platform/"},
		"report/":   {"siteready/cmd", "siteready/platform/"},
	}
	for _, f := range sources(t) {
		for folder, prefixes := range forbidden {
			if !strings.HasPrefix(f.path, folder) {
				continue
			}
			for _, path := range imports(f) {
				for _, prefix := range prefixes {
					if strings.HasPrefix(path, prefix) && !slices.Contains(allowed[folder], path) {
						t.Errorf("%s imports %s", f.path, path)
					}
				}
			}
		}
	}
}

// The product starts no process but schtasks.exe, for `siteready schedule`, and only tests import
// what is made for tests.
func TestForbiddenImports(t *testing.T) {
	for _, f := range sources(t) {
		if onlyTests(f.path) {
			continue
		}
		for _, path := range imports(f) {
			if path == "os/exec" && !strings.HasPrefix(f.path, "cmd/siteready/schedule/") || path == "plugin" || path == "unsafe" && !strings.HasPrefix(f.path, "platform/windows/") || path == "testing" || onlyTests(strings.TrimPrefix(path, "siteready/")+"/") {
				t.Errorf("%s imports %s", f.path, path)
			}
		}
	}
}

// The one process is started in one place, and is the one that the choice of the live machine
// names: schtasks.exe in the folder of Windows.
func TestOneProcess(t *testing.T) {
	starts, users := 0, []string{}
	for _, f := range sources(t) {
		if onlyTests(f.path) {
			continue
		}
		for _, path := range imports(f) {
			if path == "siteready/cmd/siteready/schedule" {
				users = append(users, f.path)
			}
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			from, ok := selector.X.(*ast.Ident)
			switch {
			case !ok:
			case from.Name == "exec" && (selector.Sel.Name == "Command" || selector.Sel.Name == "CommandContext"):
				starts++
			case from.Name == "os" && selector.Sel.Name == "StartProcess", from.Name == "syscall" && strings.Contains(selector.Sel.Name, "Exec"), strings.HasSuffix(from.Name, "windows") && strings.HasPrefix(selector.Sel.Name, "CreateProcess"):
				t.Errorf("%s starts a process with %s.%s", f.path, from.Name, selector.Sel.Name)
			}
			return true
		})
	}
	slices.Sort(users)
	if want := []string{"cmd/siteready/live_other.go", "cmd/siteready/live_windows.go", "cmd/siteready/schedule.go", "cmd/siteready/schedule_status.go"}; starts != 1 || !slices.Equal(users, want) {
		t.Errorf("%d places start a process, and %q use the package", starts, users)
	}
}

// A question is built in package platform only, so that its constructors stay the catalogue
// of what can be asked.
func TestQuestionsAreBuiltInPlatform(t *testing.T) {
	for _, f := range sources(t) {
		if strings.HasPrefix(f.path, "platform/") {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			literal, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if name, ok := literal.Type.(*ast.SelectorExpr); ok && (name.Sel.Name == "Question" || name.Sel.Name == "Query") {
				t.Errorf("%s builds a %s", f.path, name.Sel.Name)
			}
			return true
		})
	}
}

// Wiring is explicit: no init functions.
func TestNoInit(t *testing.T) {
	for _, f := range sources(t) {
		for _, decl := range f.Decls {
			if function, ok := decl.(*ast.FuncDecl); ok && function.Recv == nil && function.Name.Name == "init" {
				t.Errorf("%s has an init function", f.path)
			}
		}
	}
}

// Every package says once what it gives.
func TestPackageComments(t *testing.T) {
	comments := map[string]int{}
	for _, f := range sources(t) {
		comments[filepath.Dir(f.path)] += 0
		if f.Doc != nil {
			comments[filepath.Dir(f.path)]++
		}
	}
	for folder, n := range comments {
		if n != 1 {
			t.Errorf("%s has %d package comments, not one", folder, n)
		}
	}
}

// Only the live reader, the command's choice of reader, the event log and the lock of a history
// depend on the system.
func TestWindowsTagIsRare(t *testing.T) {
	for _, f := range sources(t) {
		if strings.HasPrefix(f.path, "platform/windows/") || strings.HasPrefix(f.path, "cmd/siteready/live_") ||
			strings.HasPrefix(f.path, "report/eventlog_") || strings.HasPrefix(f.path, "report/history/lock_") {
			continue
		}
		tagged := strings.HasSuffix(f.path, "_windows.go")
		for _, group := range f.Comments {
			for _, c := range group.List {
				tagged = tagged || constraint.IsGoBuild(c.Text)
			}
		}
		if tagged {
			t.Errorf("%s is built on some systems only", f.path)
		}
	}
}
