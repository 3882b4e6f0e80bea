package logscan_test

import (
	"bytes"
	"strings"
	"testing"

	"siteready/platform/logscan"
)

// Whatever stands in a log, the scan ends, reads all of it and keeps its limits.
func FuzzScan(f *testing.F) {
	for _, row := range rows(f, "samples.tsv")[:20] {
		f.Add([]byte(row[1] + "\r\n"))
	}
	f.Add([]byte("<![LOG[Unable to connect to the remote server\r\n]LOG]!><time=\"04:14:44.447-60\" date=\"03-11-2026\" thread=\"7\">"))
	f.Add([]byte("\xFF\xFEa\x00\r\x00\n\x00"))
	f.Add([]byte("<![LOG[\n<![LOG[Access is denied$$<><>\n]LOG]!>\n"))
	c := catalogue(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		found := search(t, logscan.Options{Catalogue: c}, inMemory("x", raw))
		told := found.Files[0]
		if strings.Contains(told.Problem, "it is no text") {
			return
		}
		if told.Problem != "" || told.Read != int64(len(raw)) {
			t.Fatalf("%+v of %d bytes", told, len(raw))
		}
		if told.Lines < 0 || told.Lines > int64(len(raw)) {
			t.Fatalf("%d lines in %d bytes", told.Lines, len(raw))
		}
		for _, s := range found.Signatures {
			if s.Count < 1 || s.Undated > s.Count || len(s.Lines) < 1 || len(s.Lines) > logscan.MaxLines || (s.First == nil) != (s.Undated == s.Count) {
				t.Fatalf("%+v", s)
			}
			for _, l := range s.Lines {
				if len(l.Text) > logscan.MaxLineText || l.Number < 1 || l.Number > told.Lines {
					t.Fatalf("%+v of %d lines", l, told.Lines)
				}
			}
		}
		// A normal line before it changes no count.
		head := []byte("INFO: set additional flag.\n")
		oldMac := bytes.IndexByte(raw, '\n') < 0 && bytes.IndexByte(raw, '\r') >= 0 // whose lines end otherwise behind it
		if !oldMac && !bytes.HasPrefix(raw, []byte{0xFF, 0xFE}) && !bytes.HasPrefix(raw, []byte{0xFE, 0xFF}) && !bytes.HasPrefix(raw, []byte{0xEF, 0xBB}) && bytes.IndexByte(raw, 0) < 0 {
			again := search(t, logscan.Options{Catalogue: c}, inMemory("x", append(head, raw...)))
			if len(again.Signatures) != len(found.Signatures) {
				t.Fatalf("%d signatures, and %d behind a normal line", len(found.Signatures), len(again.Signatures))
			}
		}
	})
}
