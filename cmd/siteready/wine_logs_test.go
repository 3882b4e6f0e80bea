//go:build linux

package main

import (
	"regexp"
	"testing"
	"time"

	"siteready/platform/platformtest"
)

// stamped is the time in a log's line.
var stamped = regexp.MustCompile(`<\d\d-\d\d-\d{4} \d\d:\d\d:\d\d\.\d{3}`)

// addLogs writes the site's logs. Their times are moved on by as much as the clock of this machine
// is past the time at which the site was read, so that they are as old as on the site.
func (s *siteServer) addLogs(t *testing.T, site *platformtest.Site) {
	t.Helper()
	const layout = "<01-02-2006 15:04:05.000"
	later := time.Since(site.ReadAt)
	for path, text := range site.Logs {
		moved := stamped.ReplaceAllStringFunc(text, func(stamp string) string {
			at, err := time.Parse(layout, stamp)
			if err != nil {
				t.Fatal(err)
			}
			return at.Add(later).Format(layout)
		})
		s.WriteFile(path, []byte(moved))
	}
}
