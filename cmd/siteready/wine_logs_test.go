//go:build linux

package main

import (
	"regexp"
	"testing"
	"time"

	"siteready/platform/platformtest"
)

// stamps are the times in the lines of the site's logs, and in those of SQL Server's.
var stamps = []struct {
	form   *regexp.Regexp
	layout string
}{
	{regexp.MustCompile(`<\d\d-\d\d-\d{4} \d\d:\d\d:\d\d\.\d{3}`), "<01-02-2006 15:04:05.000"},
	{regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}`), "2006-01-02 15:04:05.000"},
}

// addLogs writes the site's logs. Their times are moved on by as much as the clock of this machine
// is past the time at which the site was read, so that they are as old as on the site.
func (s *siteServer) addLogs(t *testing.T, site *platformtest.Site) {
	t.Helper()
	later := time.Since(site.ReadAt)
	for path, text := range site.Logs {
		for _, s := range stamps {
			text = s.form.ReplaceAllStringFunc(text, func(stamp string) string {
				at, err := time.Parse(s.layout, stamp)
				if err != nil {
					t.Fatal(err)
				}
				return at.Add(later).Format(s.layout)
			})
		}
		s.WriteFile(path, []byte(text))
	}
}
