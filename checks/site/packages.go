package site

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/checks/version"
	"siteready/platform"
)

// maxPackageRows is how many rows the statement lists, those that stand in the way first.
const maxPackageRows = 100

// updatePackages has one row for each package, and for each site of a package, that is not
// installed, hidden or not applicable; with none of them, one row without a package. The
// states behind NOT IN are those of final, those of the ORDER BY are good to start from.
//
// FullVersion, Flag and LastUpdateTime are documented for the provider's classes alone. They
// are named without a table inside of subqueries: where the table has no such column, SQL
// Server takes the one of lacking instead, which says that nothing is known.
var updatePackages = platform.SQL[packageRow]("update-packages", `
	WITH states AS (
		SELECT p.PackageGuid AS package, CAST(p.State AS bigint) AS state, -1 AS number FROM dbo.CM_UpdatePackages p
		UNION ALL
		SELECT s.PackageGUID, CAST(s.State AS bigint), s.SiteNumber FROM dbo.CM_UpdatePackageSiteStatus s)
	SELECT TOP (100) ISNULL(CAST(t.package AS nvarchar(36)), N'') AS package,
		ISNULL((SELECT TOP (1) LEFT(l.Name, 100) FROM dbo.v_LocalizedUpdatePackageMetaData_SiteLoc l WHERE l.PackageGuid = t.package ORDER BY l.Name), N'') AS name,
		ISNULL((SELECT TOP (1) CAST(FullVersion AS nvarchar(32)) FROM dbo.CM_UpdatePackages f WHERE f.PackageGuid = t.package), N'') AS version,
		ISNULL((SELECT TOP (1) CAST(Flag AS bigint) FROM dbo.CM_UpdatePackages f WHERE f.PackageGuid = t.package), -1) AS flag,
		ISNULL((SELECT TOP (1) CAST(f.State AS bigint) FROM dbo.CM_UpdatePackages f WHERE f.PackageGuid = t.package), -1) AS package_state,
		ISNULL(t.state, -1) AS state,
		CASE WHEN ISNULL(t.number, -1) = -1 THEN N''
			ELSE ISNULL((SELECT TOP (1) CAST(d.SiteCode AS nvarchar(8)) FROM dbo.ServerData d WHERE d.ID = t.number), N'number ' + CAST(t.number AS nvarchar(12))) END AS site,
		ISNULL((SELECT TOP (1) DATEDIFF(minute, LastUpdateTime, SYSUTCDATETIME()) FROM dbo.CM_UpdatePackageSiteStatus g
			WHERE g.PackageGUID = t.package AND g.SiteNumber = t.number), -1) AS unchanged_minutes,
		COUNT(t.package) OVER () AS listed,
		(SELECT COUNT(1) FROM dbo.CM_UpdatePackages a) AS packages,
		(SELECT COUNT(1) FROM dbo.CM_UpdatePackages a WHERE a.State = 196612) AS installed,
		ISNULL((SELECT MAX(o.Version) FROM dbo.Sites o WHERE o.SiteCode = dbo.fnGetSiteCode()), N'') AS site_version,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.CM_UpdatePackages', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.CM_UpdatePackageSiteStatus', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.v_LocalizedUpdatePackageMetaData_SiteLoc', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.ServerData', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.Sites', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT CAST(NULL AS nvarchar(32)) AS FullVersion, CAST(NULL AS bigint) AS Flag, CAST(NULL AS datetime) AS LastUpdateTime) lacking
	LEFT JOIN states t ON t.state IS NULL OR t.state NOT IN (196612, 393213, 393214)
	ORDER BY CASE WHEN t.state IN (131074, 262146, 327682) THEN 1 ELSE 0 END, t.package, t.number`)

type packageRow struct {
	Package      string `json:"package"`           // GUID; empty in the row that stands for none
	Name         string `json:"name"`              // empty when the site has none for it
	Version      string `json:"version"`           // 5.00.nnnn.mmmm; empty when not known
	Flag         int64  `json:"flag"`              // see packageFlags; -1 when not known
	PackageState int64  `json:"package_state"`     // of the package as a whole; -1 when it has no row
	State        int64  `json:"state"`             // of the package, or of it at the site
	Site         string `json:"site"`              // code; empty for the package as a whole
	Unchanged    int64  `json:"unchanged_minutes"` // since the site's state last changed; negative when not known
	Listed       int64  `json:"listed"`            // how many rows there are, also those beyond the list
	Packages     int64  `json:"packages"`          // all packages
	Installed    int64  `json:"installed"`
	SiteVersion  string `json:"site_version"` // of the database's own site
}

func packagesInFlight() checks.Check {
	return checks.Check{
		ID:          "site.packages",
		Title:       "Is no update package in flight, failed or stuck?",
		Why:         "The sites install one update at a time. What is in flight must end, and what failed must be understood, before the next one is started.",
		Consequence: "A second update on top of one that is in flight or half installed leaves sites that only a restore brings back.",
		Remedy:      "Follow what the notes say for the state of each package named here, and run siteready again.",
		Command:     "SELECT PackageGuid, State FROM dbo.CM_UpdatePackages WHERE State NOT IN (196612, 393213, 393214)",
		Sources: []string{
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/understand-troubleshoot-updates-servicing",
			"https://learn.microsoft.com/intune/configmgr/develop/reference/sum/updateprereqandstateflags-method-in-class-sms_cm_updatepackages",
			"https://learn.microsoft.com/intune/configmgr/core/servers/manage/update-reset-tool",
		},
		Rights: []string{
			discovery.RegistryRight,
			"SQL Server: SELECT on CM_UpdatePackages, CM_UpdatePackageSiteStatus, v_LocalizedUpdatePackageMetaData_SiteLoc, ServerData and Sites, and EXECUTE on fnGetSiteCode in the site database",
		},
		Reads: append(discovery.DatabaseReads(), updatePackages.In("{SQL Server}", "{site database}").Form()),
		Run:   discovery.OnDatabase(runPackagesInFlight),
	}
}

const (
	whereUpdates   = "CM_UpdatePackages and CM_UpdatePackageSiteStatus of the site database"
	wantsNoFlight  = "nothing in flight, failed or stuck"
	allPackages    = "update packages"
	furtherUpdates = "further packages"
)

func runPackagesInFlight(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("a secondary site is updated by its parent, not by packages of its own"), nil
	}
	rows, err := askPackages(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	first := rows[0]
	none := first.Package == ""
	listed := int64(len(rows))
	items := []checks.Item{{
		Key: allPackages, Found: fmt.Sprintf("%d, of which %d are installed", first.Packages, first.Installed), Wanted: "at least one", Where: whereUpdates,
		Status: checks.Passed,
	}}
	if first.Packages == 0 {
		items[0].Status = checks.Warning // nothing was synchronized yet, so no update can be started
	}
	var notes []string
	if !none {
		keys := packageKeys(rows)
		for i, row := range rows {
			item, state := judgePackage(keys[i], row)
			items = append(items, item)
			if note := advice(state); item.Status != checks.Passed && note != "" && !slices.Contains(notes, note) {
				notes = append(notes, note)
			}
		}
	}
	if first.Listed > listed {
		items = append(items, checks.UnknownItem(furtherUpdates, wantsNoFlight, platform.Refuse(platform.ErrTooLarge,
			"%d further rows are not in the list, which holds %d", first.Listed-listed, listed)))
	}
	if note := notOffered(c.Target, rows); note != "" {
		notes = append(notes, note)
	}
	finding := checks.Items(packagesSummary(items), items...)
	finding.Notes = notes
	return finding, nil
}

// askPackages asks for the packages that are not done with, and refuses what cannot be.
func askPackages(ctx context.Context, c *checks.Case, d discovery.Database) ([]packageRow, error) {
	rows, err := platform.Ask(ctx, c, updatePackages.In(d.Instance, d.Name))
	if err != nil {
		return nil, err
	}
	first := rows[0]
	none := first.Package == ""
	listed := int64(len(rows))
	switch {
	case none && (len(rows) != 1 || first.Listed != 0), !none && first.Listed < listed,
		first.Listed > listed && listed < maxPackageRows, first.Installed < 0 || first.Installed > first.Packages:
		return nil, platform.Refuse(platform.ErrMalformed,
			"SQL Server %s says that %s has %d update packages, %d of them installed, and %d rows to look at, and answered with %d",
			d.Instance, d.Name, first.Packages, first.Installed, first.Listed, listed)
	}
	return rows, nil
}

func packagesSummary(items []checks.Item) string {
	switch bad := checks.Count(items, checks.Failed); {
	case bad == 1:
		return "One update package is in flight or failed: do not start an update."
	case bad > 1:
		return fmt.Sprintf("Update packages are in flight or failed, in %d places: do not start an update.", bad)
	case checks.Count(items, checks.Unknown) > 0:
		return "Not every update package's state is known."
	case items[0].Status == checks.Warning:
		return "The site knows no update package; nothing was synchronized yet."
	case checks.Count(items, checks.Warning) > 0:
		return "Nothing is being installed, but some update packages need a look."
	default:
		return "No update package is in flight, failed or stuck."
	}
}

// notOffered says that no package of the target is among the rows, where that is sure: the site
// is older, the list is whole, and the version of each package in it is known.
func notOffered(target requirement.Release, rows []packageRow) string {
	own, err := version.Parse(rows[0].SiteVersion)
	if err != nil || own.Part(2) >= target.Build || rows[0].Packages == 0 || rows[0].Listed > int64(len(rows)) {
		return ""
	}
	for _, row := range rows {
		if row.Package == "" {
			continue
		}
		if pkg, err := version.Parse(row.Version); err != nil || pkg.Part(2) == target.Build {
			return ""
		}
	}
	return fmt.Sprintf("No package of %s is offered to this site yet, so it cannot be started from the console.", target.Version)
}

// packageKeys names each row: the package's name, its GUID where another package has the same
// name or there is none, and the site.
func packageKeys(rows []packageRow) []string {
	guids := map[string]string{}
	for _, row := range rows {
		if old, seen := guids[row.Name]; seen && old != row.Package {
			guids[row.Name] = ""
		} else if !seen {
			guids[row.Name] = row.Package
		}
	}
	var keys []string
	for _, row := range rows {
		key := row.Name
		switch {
		case row.Name == "":
			key = row.Package
		case guids[row.Name] == "":
			key += " " + row.Package
		}
		if row.Site != "" {
			key += ", site " + row.Site
		}
		keys = append(keys, key)
	}
	return keys
}

// judgePackage judges one row. Its state is nil when the code is not known.
func judgePackage(key string, row packageRow) (checks.Item, *packageState) {
	states := packageStates()
	i := slices.IndexFunc(states, func(s packageState) bool { return s.code == row.State })
	if i < 0 {
		no := platform.Refuse(platform.ErrUnsupported, "the state of %s is %d, which is not known here", key, row.State)
		no.Help = "Look at the package in Administration, Updates and Servicing, before an update is started."
		return checks.UnknownItem(key, wantsNoFlight, no), nil
	}
	state := states[i]
	item := checks.Item{
		Key: key, Found: fmt.Sprintf("%s: %s (%s, %d)", state.phase, state.meaning, state.name, state.code),
		Wanted: wantsNoFlight, Where: whereUpdates, Status: state.status,
	}
	if flag, ok := packageFlags()[row.Flag]; ok && state.underWay() && !final(row.PackageState) {
		item.Found += "; " + flag
	}
	if row.Unchanged >= 0 && item.Status == checks.Failed {
		item.Found += "; unchanged for " + span(time.Duration(row.Unchanged)*time.Minute)
	}
	switch {
	case row.Site != "" && final(row.PackageState):
		// The package is done with only after every site has reported, so this row is late, or
		// is left of a site that is gone.
		item.Status = checks.Warning
		item.Found += "; the package as a whole is done with"
	case state.failure() && superseded(row):
		item.Status = checks.Passed
		item.Found += "; left of a version before the site's own"
	case state.status == checks.Unknown:
		return checks.UnknownItem(key, wantsNoFlight, platform.Refuse(platform.ErrUnsupported, "%s: %s (%s, %d)", key, state.meaning, state.name, state.code)), &state
	case state.code == statePrereqSuccess && (row.Flag == 0 || row.Flag == 2):
		item.Status = checks.Warning
		item.Found += ": the installation follows by itself"
	}
	return item, &state
}

// superseded reports whether the package is of a release before the site's own.
func superseded(row packageRow) bool {
	pkg, err := version.Parse(row.Version)
	if err != nil {
		return false
	}
	own, err := version.Parse(row.SiteVersion)
	return err == nil && pkg.Part(0) == own.Part(0) && pkg.Part(2) != 0 && pkg.Part(2) < own.Part(2)
}

// advice says what may be done in a state, and what not.
func advice(s *packageState) string {
	if s == nil {
		return ""
	}
	return strings.TrimSpace(s.name + ": " + s.safe + " " + s.avoid)
}

// span writes a time for people.
func span(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f minutes", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}
