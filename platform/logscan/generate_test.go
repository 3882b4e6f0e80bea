package logscan_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"siteready/platform/logscan/literals"
)

// rows are the lines of a file of the test's data, cut at the first tabulator.
func rows(t testing.TB, name string) [][2]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "logs", name))
	if err != nil {
		t.Fatal(err)
	}
	var all [][2]string
	for text := range strings.Lines(string(raw)) {
		first, second, found := strings.Cut(strings.TrimRight(text, "\r\n"), "\t")
		if !found {
			t.Fatalf("%s: no tabulator in %q", name, text)
		}
		all = append(all, [2]string{first, second})
	}
	return all
}

// grammar frames a message; at is printed by a clock that is an hour before UTC.
type grammar func(message, component string, at time.Time, thread int) string

func serverLine(message, component string, at time.Time, thread int) string {
	return fmt.Sprintf("%s  $$<%s><%s-60><thread=%d (0x%X)>\r\n", message, component, at.Add(time.Hour).Format("01-02-2006 15:04:05.000"), thread, thread)
}

func clientLine(message, component string, at time.Time, thread int) string {
	at = at.Add(time.Hour)
	return fmt.Sprintf("<![LOG[%s]LOG]!><time=%q date=%q component=%q context=\"\" type=\"1\" thread=\"%d\" file=\"easysetup.cpp:1042\">\r\n",
		message, at.Format("15:04:05.000")+"-60", at.Format("01-02-2006"), component, thread)
}

// generated is a log of about a size, of normal messages in varied order with failures between
// them, one line in 2000. It is the same for the same seed. failures is how many there are.
func generated(t testing.TB, size int, seed uint64, frame grammar) (log []byte, failures int) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 7))
	normal, samples := rows(t, "normal.tsv"), rows(t, "samples.tsv")
	c := catalogue(t)
	normal = slices.DeleteFunc(normal, func(row [2]string) bool { // a plain search for the keys finds the failures alone
		return slices.ContainsFunc(c.Append(nil, []byte(row[1])), func(f literals.Found) bool { return f.Literal < len(c.All) })
	})
	var framed [][2]string // samples whose message can be framed anew
	for _, row := range samples {
		if message, _, found := strings.Cut(row[1], "  $$<"); found {
			framed = append(framed, [2]string{row[0], message})
		}
	}
	at := time.Date(2026, 3, 11, 2, 14, 0, 0, time.UTC)
	b := bytes.NewBuffer(make([]byte, 0, size+1024))
	for b.Len() < size {
		at = at.Add(time.Duration(random.IntN(900)) * time.Millisecond)
		message := normal[random.IntN(len(normal))][1]
		if random.IntN(2000) == 0 {
			message = framed[random.IntN(len(framed))][1]
			failures++
		}
		b.WriteString(frame(message, "SMS_DMP_DOWNLOADER", at, 2000+random.IntN(9000)))
	}
	return b.Bytes(), failures
}
