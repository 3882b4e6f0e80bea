package logscan_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"siteready/platform/logscan"
)

func TestGrouped(t *testing.T) {
	got := logscan.Grouped([]string{
		`E:\Logs\hman.log`, `E:\Logs\HMAN.LO_`, `E:\Logs\hman-20260311-021444.log`, `E:\Logs\hman-20260310-235959.log`,
		`E:\Other\hman.log`, `E:\Logs\dmpdownloader.log`,
		`D:\MSSQL\Log\ERRORLOG`, `D:\MSSQL\Log\ERRORLOG.10`, `D:\MSSQL\Log\ERRORLOG.2`,
		`SCSMInstall.log`, `E:\Logs\hman-old.log`,
	}, func(path string) logscan.File { return logscan.File{Name: path} })
	var shown []string
	for _, log := range got {
		line := log.Name + ":"
		for _, file := range log.Files {
			line += " " + file.Name
		}
		shown = append(shown, line)
	}
	want := []string{
		`errorlog: D:\MSSQL\Log\ERRORLOG.10 D:\MSSQL\Log\ERRORLOG.2 D:\MSSQL\Log\ERRORLOG`,
		`dmpdownloader.log: E:\Logs\dmpdownloader.log`,
		`hman-old.log: E:\Logs\hman-old.log`,
		`hman.log: E:\Logs\hman-20260310-235959.log E:\Logs\hman-20260311-021444.log E:\Logs\HMAN.LO_ E:\Logs\hman.log`,
		`hman.log: E:\Other\hman.log`,
		`scsminstall.log: SCSMInstall.log`,
	}
	if !slices.Equal(shown, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(shown, "\n"), strings.Join(want, "\n"))
	}
}

// A log that rolled over is one log: its lines are told in the order in which they were written.
func TestScanRolledOver(t *testing.T) {
	folder := t.TempDir()
	var paths []string
	for name, text := range map[string]string{
		"x.log":                 "2026-03-13 03:00:00 Unable to connect to the remote server C",
		"x.lo_":                 "2026-03-12 03:00:00 Unable to connect to the remote server B",
		"x-20260311-040000.log": "2026-03-11 03:00:00 Unable to connect to the remote server A",
	} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	paths = append(paths, filepath.Join(folder, "missing.log"))
	found, err := logscan.Scan(t.Context(), logscan.Grouped(paths, func(path string) logscan.File { return logscan.OnDisk(path, 0) }), logscan.Options{Catalogue: catalogue(t), Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	s := seen(t, found, "dl-unable-connect")
	var order string
	for _, l := range s.Lines {
		order += l.Text[len(l.Text)-1:]
	}
	if s.Count != 3 || order != "ABC" {
		t.Errorf("%d seen, in the order %s", s.Count, order)
	}
	if f := found.Files[0]; found.Complete() || f.Log != "missing.log" || !strings.Contains(f.Problem, "could not be opened") {
		t.Errorf("the missing file: %+v", f)
	}
	for _, f := range found.Files[1:] {
		if f.Problem != "" || f.Grew {
			t.Errorf("%+v", f)
		}
	}
}

func TestOnDiskTellsOfChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one line of it")
	opened, err := logscan.OnDisk(path, 0).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	write("one line of it, and more")
	if size, same, err := opened.After(); size != 24 || !same || err != nil {
		t.Errorf("grown: %d, %v, %v", size, same, err)
	}
	if err := os.Rename(path, path+"_"); err != nil {
		t.Fatal(err)
	}
	write("anew")
	if _, same, err := opened.After(); same || err != nil {
		t.Errorf("begun anew: %v, %v", same, err)
	}
	if _, err := logscan.OnDisk(t.TempDir(), 0).Open(t.Context()); err == nil {
		t.Error("a folder was opened")
	}
}
