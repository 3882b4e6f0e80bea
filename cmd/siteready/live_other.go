//go:build !windows

package main

import (
	"errors"

	"siteready/cmd/siteready/schedule"
	"siteready/platform"
	"siteready/platform/logscan"
	"siteready/platform/sqlserver"
)

// machineName is empty: here os.Hostname gives the name in full.
func machineName() string { return "" }

// liveReader reads SQL Server only: what lies on the site server itself can be read there.
func liveReader(sql *sqlserver.Reader) platform.Reader {
	return platform.ByKind{
		Readers:   map[platform.Kind]platform.Reader{platform.KindSQL: sql},
		Elsewhere: "this is not Windows: run siteready on the site server itself; from here it reads only the site database that --sql-server and --database name",
	}
}

// taskScheduler says that there is none.
func taskScheduler() (schedule.Scheduler, error) {
	return schedule.Scheduler{}, errors.New("this is not Windows: `siteready schedule print` prints the XML of the task here")
}

// logFile is a file as a log.
func logFile(path string) logscan.File { return logscan.OnDisk(path, 0) }
