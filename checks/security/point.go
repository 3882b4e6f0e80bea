package security

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/servers"
	"siteready/platform"
)

// remoteRight is the right to read another server's registry.
const remoteRight = "Windows: read the registry of the service connection point over the network, as its administrators may, when it is on another server; its service RemoteRegistry must run"

// point is the service connection point that brings the update.
type point struct {
	servers.Point
	on string // as questions name its server; empty when it is this machine
}

// where says which server that is.
func (p point) where() string {
	if p.on == "" {
		return "this server"
	}
	return p.on
}

// pointReads are the questions of onPoint, and further ones.
func pointReads(forms ...platform.Form) []platform.Form {
	return withDatabase(append([]platform.Form{platform.ReadComputer().Form(), servers.PointsForm()}, forms...)...)
}

// onPoint is the Run of a check that judges the server of the service connection point. It does
// not apply where there is none in this database, and where it works offline.
func onPoint(run func(context.Context, *checks.Case, discovery.Database, point) (checks.Finding, error)) func(context.Context, *checks.Case) (checks.Finding, error) {
	return discovery.OnDatabase(func(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
		if d.OfType == discovery.Secondary {
			return checks.DoesNotApply("a secondary site has no service connection point"), nil
		}
		rows, err := platform.Ask(ctx, c, servers.Points(d))
		if err != nil {
			return checks.Finding{}, err
		}
		row := rows[0]
		switch {
		case row.Server == "" && row.Points == 0 && len(rows) == 1:
			return checks.DoesNotApply("the database of this site knows no service connection point"), nil
		case row.Server == "" || row.Points != len(rows):
			return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "database %s on SQL Server %s is said to know %d service connection points, and %d rows came, the first about %q",
				d.Name, d.Instance, row.Points, len(rows), row.Server)
		case len(rows) > 1:
			no := platform.Refuse(platform.ErrUnsupported, "database %s on SQL Server %s knows %d service connection points, and a hierarchy supports one", d.Name, d.Instance, len(rows))
			no.Help = "Remove the ones that are not needed."
			return checks.Finding{}, no
		case row.Offline == 1:
			return checks.DoesNotApply(fmt.Sprintf("the service connection point on %s is offline, and connects to nothing", row.Server)), nil
		case row.Offline != 0:
			return checks.Finding{}, platform.Refuse(platform.ErrUnsupported, "whether the service connection point on %s is online is not said in database %s on SQL Server %s (%d)",
				row.Server, d.Name, d.Instance, row.Offline)
		}
		p := point{Point: row, on: row.Server}
		if d.OfType != discovery.Remote {
			own, err := platform.Ask(ctx, c, platform.ReadComputer())
			if err != nil {
				return checks.Finding{}, err
			}
			if servers.IsOwn(own, row.Server) {
				p.on = ""
			}
		}
		return run(ctx, c, d, p)
	})
}
