package main

import (
	"path/filepath"
	"strings"

	xwindows "golang.org/x/sys/windows"

	"siteready/cmd/siteready/schedule"
	"siteready/platform"
	"siteready/platform/logscan"
	"siteready/platform/network"
	"siteready/platform/sqlserver"
	"siteready/platform/windows"
)

// machineName is this machine's fully qualified name, by which a site names a SQL Server on
// its own site server; empty when it is not known.
func machineName() string {
	name, err := windows.FullName()
	if err != nil {
		return ""
	}
	return name
}

// liveReader reads this machine, and SQL Server from it.
func liveReader(sql *sqlserver.Reader) platform.Reader {
	machine, around := windows.New(), network.New()
	return platform.ByKind{
		Readers: map[platform.Kind]platform.Reader{
			platform.KindRegistry: machine, platform.KindService: machine, platform.KindFile: machine,
			platform.KindDigest: machine, platform.KindFolder: machine, platform.KindAccess: machine, platform.KindVolume: machine, platform.KindOS: machine, platform.KindAccount: machine, platform.KindEvents: machine,
			platform.KindLog: machine, platform.KindShare: machine, platform.KindCertificate: machine, platform.KindTCP: around, platform.KindName: around, platform.KindSQL: sql,
		},
		Elsewhere: "this version of siteready cannot read that",
	}
}

// taskScheduler is that of this machine. schtasks.exe is taken from the folder of Windows, not from
// PATH, where anybody's program may lie.
func taskScheduler() (schedule.Scheduler, error) {
	folder, err := xwindows.GetSystemDirectory()
	if err != nil {
		return schedule.Scheduler{}, failure("the folder of Windows is not known: %w", err)
	}
	return schedule.Scheduler{Schtasks: filepath.Join(folder, "schtasks.exe"), Text: consoleText}, nil
}

// consoleText is what a program printed into a pipe, in the code page of consoles.
func consoleText(output []byte) string {
	const oemCodePage = 1
	if len(output) == 0 {
		return ""
	}
	wide := make([]uint16, len(output))
	n, err := xwindows.MultiByteToWideChar(oemCodePage, 0, &output[0], int32(len(output)), &wide[0], int32(len(wide)))
	if err != nil {
		return strings.ToValidUTF8(string(output), "?")
	}
	return xwindows.UTF16ToString(wide[:n])
}

// logFile is a file as a log. Whoever writes it may rename it meanwhile.
func logFile(path string) logscan.File { return windows.LogFile(path) }
