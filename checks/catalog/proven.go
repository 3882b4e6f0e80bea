package catalog

import (
	"slices"

	"siteready/checks"
	"siteready/platform"
)

// proven says of each kind of question how far its answers have been proven. What the
// sentences leave out stands in docs/limits.md.
var proven = map[platform.Kind]string{
	platform.KindAccount:     "accounts, rights and groups: by the shipped program under Wine, for rights, groups and accounts of a domain against stand-ins for Windows' own libraries",
	platform.KindCertificate: "certificates: by the shipped program under Wine, with certificates made for the test",
	platform.KindEvents:      "event logs: by the reader under Wine, against a stand-in for Windows' own library",
	platform.KindFile:        "files: by the shipped program under Wine",
	platform.KindDigest:      "contents of files: by the shipped program under Wine",
	platform.KindFolder:      "folders: by the shipped program under Wine",
	platform.KindOS:          "Windows itself: by the shipped program under Wine, which pretends to be one of several releases",
	platform.KindRegistry:    "registry: by the shipped program under Wine",
	platform.KindService:     "services: by the shipped program under Wine",
	platform.KindLog:         "logs: by the shipped program under Wine, with logs composed from public samples; no log of a real site was read",
	platform.KindShare:       "shared folders: by the reader under Wine, for what its network can show",
	platform.KindName:        "names: by the shipped program under Wine, by its hosts file",
	platform.KindTCP:         "connections: by the shipped program under Wine, to ports of its own machine",
	platform.KindSQL:         "SQL Server: by the shipped program over the real protocol, against a stand-in that answers statements by name; the statements have not met a real SQL Server",
	platform.KindAccess:      "access lists of folders: by the shipped program under Wine, against a stand-in for Windows' own library",
	platform.KindVolume:      "volumes: by the shipped program under Wine, with volumes of a known size",
}

// provenElsewhere is said beside it of what is asked of another server than SQL Server.
const provenElsewhere = "other servers: by the shipped program under Wine only that they cannot be reached"

// Proven says how far each kind of question that the check asks has been proven, in the order
// of the kinds.
func Proven(check checks.Check) []string {
	var kinds []platform.Kind
	elsewhere := false
	for _, form := range check.Reads {
		kinds = append(kinds, form.Kind)
		elsewhere = elsewhere || form.On != "" && form.Kind != platform.KindSQL
	}
	slices.Sort(kinds)
	var all []string
	for _, kind := range slices.Compact(kinds) {
		all = append(all, proven[kind])
	}
	if elsewhere {
		all = append(all, provenElsewhere)
	}
	return all
}
