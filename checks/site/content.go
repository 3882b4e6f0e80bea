package site

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// updateContent counts the copies at sites of the package by which the chosen update travels.
// Microsoft's articles have the view, the table and its codes: 0 to 2 are on the way, 3 is there,
// 4 and 5 are trouble, 6 to 9 are about removing. A copy without a version is not
// counted as there, because it may be an old one.
var updateContent = platform.SQL[contentRow]("update-content", `
	SELECT COUNT(DISTINCT e.PackageID) AS packages, COUNT(s.SiteCode) AS copies, COUNT(CASE WHEN s.Status = 3 AND s.SourceVersion IS NOT NULL AND e.SourceVersion IS NOT NULL THEN 1 END) AS arrived,
		COUNT(CASE WHEN s.Status IN (0, 1, 2) THEN 1 END) AS on_the_way, COUNT(CASE WHEN s.Status IN (4, 5) THEN 1 END) AS failed,
		COUNT(CASE WHEN s.Status IN (6, 7, 8, 9) THEN 1 END) AS removed,
		COUNT(CASE WHEN s.Status = 3 AND s.SourceVersion < e.SourceVersion THEN 1 END) AS old,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vEasySetupPackage', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.PkgStatus', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT 1 AS present) x
	LEFT JOIN dbo.vEasySetupPackage e ON x.present = 1
	LEFT JOIN dbo.PkgStatus s ON s.ID = e.PackageID AND s.Type = 1`)

type contentRow struct {
	Packages int `json:"packages"` // 0 when no update was chosen yet
	Copies   int `json:"copies"`   // at sites
	Arrived  int `json:"arrived"`
	OnTheWay int `json:"on_the_way"`
	Failed   int `json:"failed"` // and those tried again
	Removed  int `json:"removed"`
	Old      int `json:"old"` // of an older version than the package has
}

func contentAtSites() checks.Check {
	return checks.Check{
		ID:          "site.update-content",
		Title:       "Has what the chosen update brings arrived at every site?",
		Why:         "The files of an update travel to the sites as a package. A site starts its prerequisite check only when it has all of it.",
		Consequence: "The prerequisite check of the update seems never to end, while in truth a site still waits for its content.",
		Remedy:      "Wait for what is on the way. For what failed, follow distmgr.log, sender.log and the despooler's log from site to site.",
		Command:     "SELECT SiteCode, Status, SourceVersion FROM dbo.PkgStatus WHERE Type = 1 AND ID IN (SELECT PackageID FROM dbo.vEasySetupPackage)",
		Sources: []string{
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/understand-troubleshoot-updates-servicing",
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/content-management/advanced-troubleshooting-tips",
		},
		Rights: []string{"SQL Server: SELECT on vEasySetupPackage and PkgStatus in the site database"},
		Reads:  append(discovery.DatabaseReads(), updateContent.In("{SQL Server}", "{site database}").Form()),
		Run:    discovery.OnDatabase(runContentAtSites),
	}
}

func runContentAtSites(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("a secondary site is updated by its parent, not by packages of its own"), nil
	}
	row, err := platform.AskOne(ctx, c, updateContent.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	known := row.Arrived + row.OnTheWay + row.Failed + row.Removed
	switch {
	case min(row.Packages, row.Arrived, row.OnTheWay, row.Failed, row.Removed, row.Old) < 0 || known > row.Copies || row.Old > row.Arrived || row.Packages > 1 || row.Packages == 0 && row.Copies > 0:
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "what SQL Server %s counts of the package of the chosen update contradicts itself: %+v", d.Instance, row)
	case row.Packages == 0:
		return checks.DoesNotApply("no update was chosen yet, so none travels"), nil
	case row.Copies == 0:
		return checks.DoesNotApply("no site has a copy of the chosen update's package on record, so it does not travel"), nil
	}
	const key, wanted = "copies at sites", "all there, of the newest version"
	item := checks.Item{Key: key, Found: fmt.Sprintf("%d of %d there", row.Arrived, row.Copies), Wanted: wanted, Where: "PkgStatus, of the package in vEasySetupPackage", Status: checks.Passed}
	late := row.OnTheWay + row.Old
	finding := checks.Items("The chosen update's content is at every site.", item)
	switch {
	case known < row.Copies:
		finding = checks.Items("Not all states of the chosen update's content are known.", checks.UnknownItem(key, wanted, platform.Refuse(platform.ErrUnsupported,
			"%d of %d copies of the chosen update's package are in a state that is not known here, or have no version", row.Copies-known, row.Copies)))
	case row.Failed+late > 0:
		finding.Items[0].Found += fmt.Sprintf(", %d failed or tried again, %d on the way", row.Failed, late)
		finding.Items[0].Status = checks.Warning
		finding.Summary = "The chosen update's content is not at every site."
	case row.Removed == row.Copies:
		return checks.DoesNotApply("the copies of the chosen update's package have been removed, so it does not travel"), nil
	}
	if row.Removed > 0 {
		finding.Notes = []string{fmt.Sprintf("Copies that were or are being removed: %d.", row.Removed)}
	}
	return finding, nil
}
