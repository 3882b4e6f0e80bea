package main

import (
	"siteready/platform"
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
			platform.KindDigest: machine, platform.KindFolder: machine, platform.KindVolume: machine, platform.KindOS: machine, platform.KindAccount: machine, platform.KindEvents: machine,
			platform.KindLog: machine, platform.KindShare: machine, platform.KindCertificate: machine, platform.KindTCP: around, platform.KindName: around, platform.KindSQL: sql,
		},
		Elsewhere: "this version of siteready cannot read that",
	}
}
