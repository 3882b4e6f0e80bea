package discovery

import (
	"context"
	"strings"

	"siteready/checks"
	"siteready/platform"
)

// PassiveReads are the questions that PassiveHere may ask.
func PassiveReads() []platform.Form {
	return append(DatabaseReads(), SiteServersForm(), platform.ReadComputer().Form())
}

// PassiveHere reports whether this machine is the passive one of a site's two servers, and which
// is the active one. When that cannot be read, it is taken for the active one: what is missing on
// it could not be checked.
func PassiveHere(ctx context.Context, a platform.Asker) (active string, passive bool) {
	computer, err := platform.Ask(ctx, a, platform.ReadComputer())
	if err != nil {
		return "", false
	}
	database, other, err := FindDatabase(ctx, a, checks.Stated{})
	if err != nil || other != nil {
		return "", false
	}
	rows, err := platform.Ask(ctx, a, SiteServers(database))
	if err != nil {
		return "", false
	}
	for _, row := range rows {
		switch {
		case row.Status == ServerActive:
			active = row.Server
		case row.Status == ServerPassive && computer.FQDN != "" && strings.EqualFold(row.Server, computer.FQDN):
			passive = true
		}
	}
	return active, passive && active != ""
}
