//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

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
	if err := askEverything(ctx, m, checks.Conditions{JudgedFor: m.ReadAt(), KeyBackups: keyBackups(site)}); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err := recording.Write(&text, recording.Header{Version: "constructed", ReadAt: site.ReadAt, About: site.About}, m.Outcomes())
	return text.Bytes(), err
}

// keyBackups are the backups of encryption keys that a site has, of the server itself.
func keyBackups(site *platformtest.Site) []checks.KeyBackup {
	var files []checks.KeyBackup
	for _, server := range slices.Sorted(maps.Keys(site.KeyBackups)) {
		files = append(files, checks.KeyBackup{Path: site.KeyBackups[server]})
	}
	return files
}

// onTime are the rows of SQL Server's clock, later by what has passed since the site was read: a
// clock that stood would be compared with that of the machine that the test runs on.
func onTime(rows []map[string]any, since time.Duration) []map[string]any {
	var all []map[string]any
	for _, row := range rows {
		row = maps.Clone(row)
		if seconds, ok := row["utc_seconds"].(json.Number); ok {
			at, _ := seconds.Int64() // a constructed site has whole seconds
			row["utc_seconds"] = json.Number(strconv.FormatInt(at+int64(since.Seconds()), 10))
		}
		all = append(all, row)
	}
	return all
}

// tables are the databases of a constructed site as the fake SQL Server serves them.
func tables(site *platformtest.Site) (map[string]sqlservertest.Tables, error) {
	databases := map[string]sqlservertest.Tables{}
	for _, instance := range site.SQL {
		for database, statements := range instance {
			databases[database] = sqlservertest.Tables{}
			for statement, rows := range statements {
				if statement == "server-clock" {
					rows = onTime(rows, time.Since(site.ReadAt))
				}
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
