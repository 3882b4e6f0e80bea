package servicemanager

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/checks/version"
	"siteready/platform"
)

// Where the drivers' set-ups keep their versions is known of the newer ODBC driver, and taken for
// alike of these.
var (
	odbc17       = platform.ReadText(`HKLM\SOFTWARE\Microsoft\MSODBCSQL17`, "InstalledVersion")
	oledb18      = platform.ReadText(`HKLM\SOFTWARE\Microsoft\MSOLEDBSQL`, "InstalledVersion")
	nativeClient = platform.ReadText(`HKLM\SOFTWARE\Microsoft\SQLNCLI11`, "InstalledVersion")
)

func drivers() checks.Check {
	return checks.Check{
		ID:    "smprereq.drivers",
		Title: "Are the drivers for SQL Server of versions that Service Manager supports?",
		Why: "Service Manager 2019 and newer reach SQL Server with the ODBC Driver 17 and the OLE DB Driver 18, each of a range of versions: newer ones are not supported either. " +
			"All releases list the SQL Server Native Client.",
		Consequence: "The prerequisite check of Setup fails, or the services do not reach their databases after the upgrade.",
		Remedy:      "Install a version within the range; another driver of the same name must be removed first. ODBC Driver 18 and OLE DB Driver 19 may stand beside them.",
		Covers:      []string{"Versions of the ODBC and OLE DB drivers", "SQL Server Native Client"},
		Sources:     []string{pageSQL, pageNeeds},
		Rights:      []string{discovery.RegistryRight},
		Reads:       reads(odbc17.Form(), oledb18.Form(), nativeClient.Form()),
		Run:         discovery.OnServer(runDrivers, both()...),
	}
}

func runDrivers(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	target := discovery.TargetOf(c, sm)
	var items []checks.Item
	for _, d := range []struct {
		name  string
		query platform.Query[platform.Text]
		good  requirement.DriverRange
	}{{"ODBC Driver 17", odbc17, target.ODBC}, {"OLE DB Driver 18", oledb18, target.OLEDB}} {
		if d.good.Known() {
			items = append(items, judgeDriver(ctx, c, d.name, d.query, d.good))
		}
	}
	native := checks.Item{Key: "SQL Server Native Client", Found: "not installed", Wanted: "installed", Where: nativeClient.String(), Status: checks.Warning}
	text, found, err := platform.Lookup(ctx, c, nativeClient)
	switch {
	case err != nil:
		native = unread(native, err)
	case found:
		native.Found, native.Status = string(text), checks.Passed
	}
	items = append(items, native)
	return checks.Items(summaryOf(items, [3]string{
		"The drivers are of versions that Service Manager supports.", "A driver is missing, or of a version that Service Manager does not support.", "Not all versions of drivers are known.",
	}), items...), nil
}

func judgeDriver(ctx context.Context, c *checks.Case, name string, query platform.Query[platform.Text], good requirement.DriverRange) checks.Item {
	item := checks.Item{Key: name, Found: "not installed, as far as the registry shows", Wanted: fmt.Sprintf("%s to %s", good.Least, good.Most), Where: query.String(), Status: checks.Warning}
	text, found, err := platform.Lookup(ctx, c, query)
	switch {
	case err != nil:
		return unread(item, err)
	case !found:
		return item
	}
	installed, err := version.Parse(string(text))
	if err != nil {
		return unread(item, platform.Refuse(platform.ErrMalformed, "%s: %v", query, err))
	}
	item.Found, item.Status = installed.String(), checks.Failed
	if good.Has(installed) {
		item.Status = checks.Passed
	}
	return item
}
