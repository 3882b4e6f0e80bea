//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"

	"siteready/checks"
	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/platform/recording"
	"siteready/platform/sqlserver/sqlservertest"
)

// recorded is the recording of a constructed site, read through r, as `siteready record`
// makes it.
func recorded(ctx context.Context, site *platformtest.Site, r platform.Reader) ([]byte, error) {
	m := platform.Open(ctx, r, site.ReadAt, platform.DefaultLimits())
	if err := askEverything(ctx, m, checks.Conditions{JudgedFor: m.ReadAt()}); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err := recording.Write(&text, recording.Header{Version: "constructed", ReadAt: site.ReadAt, About: site.About}, m.Outcomes())
	return text.Bytes(), err
}

// tables are the databases of a constructed site as the fake SQL Server serves them.
func tables(site *platformtest.Site) (map[string]sqlservertest.Tables, error) {
	databases := map[string]sqlservertest.Tables{}
	for _, instance := range site.SQL {
		for database, statements := range instance {
			databases[database] = sqlservertest.Tables{}
			for statement, rows := range statements {
				result, err := sqlservertest.Rows(rows)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", statement, err)
				}
				databases[database][statement] = result
			}
		}
	}
	return databases, nil
}
