package servicemanager

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/version"
	"siteready/platform"
)

// registeredWarehouse names the data warehouse management server that is registered here. Without
// one it has one row without a name.
var registeredWarehouse = platform.SQL[warehouseRow]("registered-warehouse", `
	SELECT ISNULL(w.name, N'') AS server, o.stores,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.MT_Microsoft$SystemCenter$ResourceAccessLayer$DwSdkResourceStore', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.BaseManagedEntity', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT COUNT(1) AS stores FROM dbo.MT_Microsoft$SystemCenter$ResourceAccessLayer$DwSdkResourceStore s
		INNER JOIN dbo.BaseManagedEntity b ON b.BaseManagedEntityId = s.BaseManagedEntityId WHERE b.IsDeleted = 0) o
	LEFT JOIN (SELECT TOP (1) d.Server_48B308F9_CF0E_0F74_83E1_0AEB1B58E2FA AS name
		FROM dbo.MT_Microsoft$SystemCenter$ResourceAccessLayer$DwSdkResourceStore d
		INNER JOIN dbo.BaseManagedEntity e ON e.BaseManagedEntityId = d.BaseManagedEntityId WHERE e.IsDeleted = 0) w ON o.stores > 0`)

type warehouseRow struct {
	Server string `json:"server"` // a NetBIOS or DNS name
	Stores int    `json:"stores"` // registered data warehouses
}

func upgradeOrder() checks.Check {
	return checks.Check{
		ID:    "smprepare.order",
		Title: "Was the data warehouse management server upgraded first?",
		Why: "Each release is set up on the data warehouse management server first, then on the initial management server, and then on all others. " +
			"The data warehouse reads from the other side, and must understand the newer one.",
		Consequence: "The jobs of the data warehouse fail against the newer management server, and there may be no way back but the restore of both.",
		Remedy:      "Upgrade the data warehouse management server that is named here, see its jobs run once, and only then upgrade this server.",
		Command:     `reg query "\\SERVER\HKLM\SOFTWARE\Microsoft\System Center\2010\Service Manager\Setup" /v ServerVersion`,
		Covers:      []string{"Data warehouse first"},
		Sources:     []string{pageUpgrade, pageEnvUp, pageCSS},
		Rights: []string{
			discovery.RegistryRight,
			"SQL Server: SELECT on MT_Microsoft$SystemCenter$ResourceAccessLayer$DwSdkResourceStore and BaseManagedEntity in the database ServiceManager",
			"Windows: read the registry of the data warehouse management server over the network",
		},
		Reads: managementReads(registeredWarehouse.In("{SQL Server}", "{database}").Form(),
			platform.ReadText(discovery.KeyForm(setupKey), serverVersion).At("{data warehouse management server}").Form()),
		Run: discovery.OnServer(runUpgradeOrder, discovery.Management),
	}
}

const setupKey, serverVersion = `\Service Manager\Setup`, "ServerVersion"

func runUpgradeOrder(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	target := discovery.TargetOf(c, sm)
	if slices.Equal(sm.Names(), []string{target.Version}) {
		return checks.DoesNotApply("Service Manager is already " + target.Version), nil
	}
	d, err := managementDatabase(ctx, c, sm)
	if err != nil {
		return checks.Finding{}, err
	}
	server, err := warehouseServer(ctx, c, d)
	switch {
	case err != nil:
		return checks.Finding{}, err
	case server == "":
		finding := checks.Passes("No data warehouse is registered here, so none has to be upgraded first.")
		finding.Notes = []string{"When there is a data warehouse all the same, register it before the upgrade: Microsoft's page asks that its jobs can be seen from here."}
		return finding, nil
	}
	query := platform.ReadText(sm.Key(setupKey), serverVersion).At(server)
	item := checks.Item{Key: server, Wanted: "Service Manager " + target.Version, Where: query.String(), Status: checks.Passed}
	const unknown = "Whether the data warehouse management server was upgraded first is not known."
	text, err := platform.Ask(ctx, c, query)
	if err != nil {
		return checks.Items(unknown, unread(item, err)), nil
	}
	installed, err := version.Parse(string(text))
	if err != nil {
		return checks.Items(unknown, unread(item, platform.Refuse(platform.ErrMalformed, "%s: %v", query, err))), nil
	}
	names := discovery.ServiceManager{Version: installed}.Names()
	item.Found = fmt.Sprintf("%s (%s)", installed, strings.Join(names, " or "))
	switch {
	case len(names) == 0:
		return checks.Items(unknown, unread(item, platform.Refuse(platform.ErrUnsupported, "version %s of Service Manager on %s is not known here", installed, server))), nil
	case slices.Equal(names, []string{target.Version}):
		return checks.Items("The data warehouse management server was upgraded first.", item), nil
	case slices.Contains(names, target.Version):
		return checks.Items(unknown, unread(item, platform.Refuse(platform.ErrUnsupported, "version %s on %s may be %s, which cannot be told apart", installed, server, strings.Join(names, " or ")))), nil
	}
	item.Status = checks.Failed
	return checks.Items(fmt.Sprintf("The data warehouse management server %s is not of the release %s, to which it has to be upgraded before this server.", server, target.Version), item), nil
}

// warehouseServer is the data warehouse management server that is registered in a management
// server's database; empty when none is.
func warehouseServer(ctx context.Context, c *checks.Case, d discovery.Database) (string, error) {
	row, err := platform.AskOne(ctx, c, registeredWarehouse.In(d.Instance, d.Name))
	switch {
	case err != nil:
		return "", err
	case row.Stores == 0 && row.Server == "":
		return "", nil
	case row.Stores != 1 || row.Server == "":
		return "", platform.Refuse(platform.ErrMalformed, "database %s names %d registered data warehouses, the first on server %q, and not one", d.Name, row.Stores, row.Server)
	}
	return row.Server, nil
}
