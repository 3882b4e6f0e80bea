package report_test

import (
	"bytes"
	"testing"

	"siteready/report"
)

// What is given as a report is refused, or it is the report that was written: one byte more or less
// in it is damage that is found.
func FuzzReadReport(f *testing.F) {
	var file bytes.Buffer
	if err := report.JSON(&file, report.New(accepted())); err != nil {
		f.Fatal(err)
	}
	whole := file.Bytes()
	f.Add(0, []byte{}, 0)
	f.Add(len(whole)/2, []byte("x"), 1)
	f.Add(len(whole)-1, []byte("{}"), 0)
	f.Add(bytes.Index(whole, []byte(`"code"`)), []byte(`"code": 0,`), 0)
	f.Add(0, []byte("\xff\xfe"), 0)
	f.Add(0, []byte("[[[["), len(whole))
	f.Add(1, []byte{}, len(whole)-1)
	f.Fuzz(func(t *testing.T, at int, text []byte, length int) {
		at = min(max(at, 0), len(whole))
		length = min(max(length, 0), len(whole)-at)
		data := append(append(bytes.Clone(whole[:at]), text...), whole[at+length:]...)
		r, err := report.Read(data)
		if err != nil {
			if err.Error() == "" {
				t.Error("nobody says why")
			}
			return
		}
		var again bytes.Buffer
		if err := report.JSON(&again, r); err != nil || !bytes.Equal(again.Bytes(), whole) {
			t.Errorf("%d bytes at %d became %q, and nobody found it: %v", length, at, text, err)
		}
	})
}
