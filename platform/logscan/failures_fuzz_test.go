package logscan_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"siteready/platform"
	"siteready/platform/logscan"
)

// Whatever stands in a log and its older generation, the digest fits into an answer, and what it
// counts agrees.
func FuzzFailures(f *testing.F) {
	search := logscan.NewSearch()
	f.Add("Failed to find folder that stores msi file", "\xff\xfea\x00\n\x00")
	f.Add("<![LOG[INFO: 196612.ESC file was found.\nmore]LOG]!><time=\"01:02:03.4+60\" date=\"11-19-2026\" component=\"X\">", "STATMSG: ID=2302 SEV=E\x00\n")
	f.Fuzz(func(t *testing.T, newest, older string) {
		files := map[string]string{`D:\Logs\hman.log`: newest, `D:\Logs\hman.lo_`: older}
		log, err := logscan.LogOf(`D:\Logs\hman.log`, []string{`D:\Logs\hman.log`, `D:\Logs\hman.lo_`}, func(path string) logscan.File {
			return logscan.File{Name: path, Open: func(context.Context) (logscan.Opened, error) {
				return logscan.Opened{Source: logscan.Source{Name: path, Data: strings.NewReader(files[path]), Size: int64(len(files[path]))}}, nil
			}}
		})
		if err != nil {
			t.Fatal(err)
		}
		d, err := search.Failures(t.Context(), log, nil, readAt)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(d)
		if err != nil || len(raw) > platform.MaxAnswer {
			t.Fatalf("%d bytes: %v", len(raw), err)
		}
		if d.Read != d.Bytes || d.Bytes != int64(len(newest)+len(older)) || len(d.Files) != 2 || d.FilesLeft != 0 {
			t.Errorf("%+v", d)
		}
		for _, k := range d.Known {
			if k.Count < 1 || k.Undated > k.Count || len(k.Lines) == 0 || k.Undated < k.Count && k.Last == nil {
				t.Errorf("%+v", k)
			}
		}
	})
}
