package main

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestParseOutput(t *testing.T) {
	for _, test := range []struct{ text, format, path string }{
		{"report.json", "json", "report.json"},
		{"report.txt", "table", "report.txt"},
		{"REPORT.JSON", "json", "REPORT.JSON"},
		{"json=report", "json", "report"},
		{"table=report.json", "table", "report.json"}, // what is said wins over the name
		{"json=a=b", "json", "a=b"},
		{"json=a=b.json", "json", "a=b.json"},
		{"./a=b.json", "json", "./a=b.json"},
		{"out/a=b.txt", "table", "out/a=b.txt"},
		{`C:\a=b.json`, "json", `C:\a=b.json`},
		{`C:a=b.json`, "json", `C:a=b.json`},
		{`json=C:\a=b`, "json", `C:\a=b`},
		{`\\server\share\a=b.txt`, "table", `\\server\share\a=b.txt`},
		{"a.b=c.json", "json", "a.b=c.json"},
		{"r.xml", "junit", "r.xml"},
		{"r.csv", "csv", "r.csv"},
		{`D:\textfile_inputs\siteready.prom`, "prometheus", `D:\textfile_inputs\siteready.prom`},
		{`C:\Reports\Site.HTML`, "html", `C:\Reports\Site.HTML`},
		{"Logs/siteready.LOG", "cmtrace", "Logs/siteready.LOG"},
		{"nagios=r", "nagios", "r"},
		{"summary=r.txt", "summary", "r.txt"},
		{"verdict=r", "verdict", "r"},
	} {
		format, path, err := parseOutput(test.text)
		if err != nil || format != test.format || path != test.path {
			t.Errorf("%s: format %q, path %q, %v; wanted %q and %q", test.text, format, path, err, test.format, test.path)
		}
	}
}

func TestParseOutputRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":              "a path is missing",
		"json=":         "a path is missing",
		"-":             "--format",
		"json=-":        "--format",
		"report":        "json=report or table=report",
		"report.pdf":    "json=report.pdf or table=report.pdf",
		"report.json=":  "json=report.json=",
		"pdf=report":    `"pdf" is no format`,
		"pdf=r.json":    `"pdf" is no format`,
		"a=b.json":      "json=a=b.json",
		"=report.json":  `"" is no format`,
		"JSON=report":   `"JSON" is no format`,
		`C:\a=b.report`: `json=C:\a=b.report`,
	} {
		format, path, err := parseOutput(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: format %q, path %q, %v; wanted an error with %q", text, format, path, err, want)
		}
	}
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// names are what a folder holds.
func names(t testing.TB, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

// A file is replaced whole or not at all, and nothing is left beside it.
func TestReplaceFile(t *testing.T) {
	const before, after = "what was there before", "new"
	half := errors.New("half way")
	for _, test := range []struct {
		name  string
		write func(io.Writer) error
		want  string
		err   error
	}{
		{"written", func(w io.Writer) error { _, err := io.WriteString(w, after); return err }, after, nil},
		{"nothing written", func(io.Writer) error { return nil }, "", nil},
		{"broken off", func(w io.Writer) error { _, err := io.WriteString(w, after); return errors.Join(err, half) }, before, half},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			file := filepath.Join(folder, "report.txt")
			if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := replaceFile(file, test.write); !errors.Is(err, test.err) {
				t.Errorf("%v, wanted %v", err, test.err)
			}
			if got := string(readFile(t, file)); got != test.want {
				t.Errorf("the file has %q, wanted %q", got, test.want)
			}
			if left := names(t, folder); !slices.Equal(left, []string{"report.txt"}) {
				t.Errorf("the folder holds %q", left)
			}
		})
	}
}

// What cannot be replaced is told with its name, once, and nothing is left.
func TestReplaceFileRefuses(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	below := filepath.Join(folder, "folder")
	socket := filepath.Join(folder, "socket") // stands for a device, which a test must not put at stake
	listener, err := net.Listen("unix", socket)
	if err = errors.Join(err, os.WriteFile(file, nil, 0o600), os.Mkdir(below, 0o700)); err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for path, want := range map[string]string{
		filepath.Join(folder, "missing", "report.txt"): "there is no folder " + filepath.Join(folder, "missing"),
		filepath.Join(file, "report.txt"):              file + " is no folder",
		below:                                          "no file but a folder",
		socket:                                         "or a device",
	} {
		err := replaceFile(path, func(io.Writer) error { return nil })
		if err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), path) != 1 || strings.Contains(err.Error(), ".siteready-") {
			t.Errorf("%s: %v; wanted %q", path, err, want)
		}
	}
	if left := names(t, folder); !slices.Equal(left, []string{"file", "folder", "socket"}) {
		t.Errorf("the folder holds %q", left)
	}
}

// FuzzParseOutput: what is taken is the whole text as a path, or what follows FORMAT=; and
// with a format before it every path is taken.
func FuzzParseOutput(f *testing.F) {
	for _, text := range []string{
		"report.json", "json=report", "table=report.json", "json=a=b", "./a=b.json", `C:\a=b.json`, `json=C:\a=b`, `\\server\share\a=b.txt`,
		"", "json=", "-", "json=-", "pdf=r.json", "r.prom", "nagios=r", "csv=r.xml", "=report.json", "JSON=report", "a.txt=b", "json==", "report.TXT", "\x00.json", "table=table=x",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		format, path, err := parseOutput(text)
		_, known := formatNamed(format)
		switch {
		case err != nil && (format != "" || path != "" || !strings.HasPrefix(err.Error(), "-o ")):
			t.Errorf("%q is refused with %q beside %q and %q", text, err, format, path)
		case err == nil && (!known || path == "" || path == "-"):
			t.Errorf("%q: format %q, path %q", text, format, path)
		case err == nil && text != path && text != format+"="+path:
			t.Errorf("%q: format %q, path %q, so something is lost", text, format, path)
		}
		if text == "" || text == "-" {
			return
		}
		for _, f := range formats() {
			want := f.name
			if format, path, err := parseOutput(want + "=" + text); format != want || path != text || err != nil {
				t.Errorf("%s=%q: format %q, path %q, %v", want, text, format, path, err)
			}
		}
	})
}
