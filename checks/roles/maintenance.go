package roles

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// distributionPoints counts the distribution points, and those in maintenance mode. Column and
// view are known from classes that were made of a site database; the property is Microsoft's own.
var distributionPoints = platform.SQL[distributionRow]("distribution-points", `
	SELECT COUNT(*) AS points, COUNT(CASE WHEN p.MaintenanceMode = 1 THEN 1 END) AS maintained,
		COUNT(CASE WHEN p.MaintenanceMode = 0 OR p.MaintenanceMode IS NULL THEN 1 END) AS serving,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.v_DistributionPointInfo', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.v_DistributionPointInfo p`)

type distributionRow struct {
	Points     int `json:"points"`
	Maintained int `json:"maintained"` // in maintenance mode
	Serving    int `json:"serving"`    // not in maintenance mode, or never set to one
}

func maintenanceMode() checks.Check {
	return checks.Check{
		ID:          "roles.maintenance-mode",
		Title:       "Is no distribution point in maintenance mode?",
		Why:         "A distribution point in maintenance mode gets no content. The update gives all of them the new client and new boot images.",
		Consequence: "These distribution points stay without the new content until somebody ends their maintenance mode.",
		Remedy:      "In Administration, Distribution Points, end the maintenance mode of those that are ready again. Leave it where the server is really being worked on.",
		Command:     "SELECT ServerName, SiteCode FROM dbo.v_DistributionPointInfo WHERE MaintenanceMode = 1",
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/configure/install-and-configure-distribution-points#bkmk_maint",
			"https://learn.microsoft.com/intune/configmgr/develop/reference/core/servers/configure/sms_distributionpointinfo-server-wmi-class",
		},
		Rights: []string{"SQL Server: SELECT on v_DistributionPointInfo in the site database"},
		Reads:  append(discovery.DatabaseReads(), distributionPoints.In("{SQL Server}", "{site database}").Form()),
		Run:    discovery.OnDatabase(runMaintenanceMode),
	}
}

func runMaintenanceMode(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("the parent site keeps the distribution points of this secondary site"), nil
	}
	row, err := platform.AskOne(ctx, c, distributionPoints.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	if min(row.Points, row.Maintained, row.Serving) < 0 || row.Maintained+row.Serving > row.Points {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "what SQL Server %s counts of distribution points contradicts itself: %+v", d.Instance, row)
	}
	if row.Points == 0 {
		return checks.DoesNotApply("the site has no distribution point"), nil
	}
	const key, wanted = "distribution points", "none in maintenance mode"
	item := checks.Item{Key: key, Found: fmt.Sprintf("%d, none in maintenance mode", row.Points), Wanted: wanted, Where: "v_DistributionPointInfo, MaintenanceMode", Status: checks.Passed}
	if odd := row.Points - row.Maintained - row.Serving; odd > 0 {
		return checks.Items("Whether distribution points are in maintenance mode is not known.", checks.UnknownItem(key, wanted, platform.Refuse(platform.ErrUnsupported,
			"%d of %d distribution points have a maintenance mode that is not known here", odd, row.Points))), nil
	}
	if row.Maintained > 0 {
		item.Found, item.Status = fmt.Sprintf("%d of %d in maintenance mode", row.Maintained, row.Points), checks.Warning
		return checks.Items("Distribution points are in maintenance mode.", item), nil
	}
	return checks.Items("No distribution point is in maintenance mode.", item), nil
}
