package roles

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// packageCopies counts the copies of packages on distribution points by their state, whose
// numbers are those of Microsoft's class SMS_PackageStatusDistPointsSummarizer. A copy that is
// being removed is not behind, and no copy of the client is missed where it is removed.
// Task sequences (4) have no content of their own; public scripts leave them out, too.
var packageCopies = platform.SQL[copiesRow]("package-copies", `
	SELECT COUNT(*) AS copies, COUNT(CASE WHEN s.SourceVersion < p.SourceVersion AND ISNULL(s.State, 0) NOT IN (4, 5, 6) THEN 1 END) AS behind,
		COUNT(DISTINCT CASE WHEN s.SourceVersion < p.SourceVersion AND ISNULL(s.State, 0) NOT IN (4, 5, 6) THEN s.PackageID END) AS behind_packages,
		COUNT(CASE WHEN s.State IN (3, 6) THEN 1 END) AS failed, COUNT(CASE WHEN s.State IN (2, 5) THEN 1 END) AS retrying,
		COUNT(CASE WHEN s.State IN (1, 4, 7) THEN 1 END) AS working, COUNT(CASE WHEN s.State IN (0, 8) THEN 1 END) AS done,
		COUNT(CASE WHEN s.SourceVersion IS NULL OR p.SourceVersion IS NULL THEN 1 END) AS unnumbered,
		COUNT(DISTINCT CASE WHEN p.Name = N'Configuration Manager Client Package' AND ISNULL(s.State, 0) NOT IN (4, 5, 6) THEN s.PackageID END) AS clients,
		COUNT(CASE WHEN p.Name = N'Configuration Manager Client Package' AND ISNULL(s.State, 0) NOT IN (4, 5, 6) THEN 1 END) AS client_copies,
		COUNT(CASE WHEN p.Name = N'Configuration Manager Client Package' AND s.State IN (0, 8) AND s.SourceVersion = p.SourceVersion THEN 1 END) AS client_done,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.v_PackageStatusDistPointsSumm', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.v_Package', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.v_PackageStatusDistPointsSumm s JOIN dbo.v_Package p ON p.PackageID = s.PackageID
	WHERE ISNULL(p.PackageType, 0) <> 4`)

type copiesRow struct {
	Copies         int `json:"copies"` // of all packages on all distribution points
	Behind         int `json:"behind"` // of an older version of their package
	BehindPackages int `json:"behind_packages"`
	Failed         int `json:"failed"`   // given up: of installing or of removing
	Retrying       int `json:"retrying"` // failed, and tried again
	Working        int `json:"working"`  // under way
	Done           int `json:"done"`
	Unnumbered     int `json:"unnumbered"` // without a version
	Clients        int `json:"clients"`    // packages with the name of the client's
	ClientCopies   int `json:"client_copies"`
	ClientDone     int `json:"client_done"` // of these, whole and of the newest version
}

// contradicts says whether the counts cannot be.
func (r copiesRow) contradicts() bool {
	for _, n := range []int{r.Behind, r.BehindPackages, r.Failed, r.Retrying, r.Working, r.Done, r.Unnumbered, r.Clients, r.ClientCopies, r.ClientDone} {
		if n < 0 || n > r.Copies {
			return true
		}
	}
	return r.BehindPackages > r.Behind || (r.Behind > 0) != (r.BehindPackages > 0) || r.Failed+r.Retrying+r.Working+r.Done > r.Copies ||
		r.ClientDone > r.ClientCopies || r.Clients > r.ClientCopies || (r.Clients > 0) != (r.ClientCopies > 0)
}

const (
	copiesRight = "SQL Server: SELECT on v_PackageStatusDistPointsSumm and v_Package in the site database"
	whereCopies = "v_PackageStatusDistPointsSumm, v_Package"
	pageCopies  = "https://learn.microsoft.com/intune/configmgr/develop/reference/core/servers/configure/sms_packagestatusdistpointssummarizer-server-wmi-class"
	pageContent = "https://learn.microsoft.com/troubleshoot/mem/configmgr/content-management/advanced-troubleshooting-tips"
)

func readsCopies() []platform.Form {
	return append(discovery.DatabaseReads(), packageCopies.In("{SQL Server}", "{site database}").Form())
}

// onCopies is the Run of a check that judges the copies of packages.
func onCopies(run func(*checks.Case, copiesRow) checks.Finding) func(context.Context, *checks.Case) (checks.Finding, error) {
	return discovery.OnDatabase(func(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
		if d.OfType == discovery.Secondary {
			return checks.DoesNotApply("the parent site keeps the state of content: run siteready on the parent's site server"), nil
		}
		row, err := platform.AskOne(ctx, c, packageCopies.In(d.Instance, d.Name))
		if err != nil {
			return checks.Finding{}, err
		}
		if row.contradicts() {
			return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "what SQL Server %s counts of the copies of packages contradicts itself: %+v", d.Instance, row)
		}
		if row.Copies == 0 {
			return checks.DoesNotApply("no package has a copy on a distribution point"), nil
		}
		return run(c, row), nil
	})
}

func packageVersions() checks.Check {
	return checks.Check{
		ID:          "roles.package-versions",
		Title:       "Have all distribution points the newest version of their packages?",
		Why:         "The product wants all distribution points at the newest version of packages before an update.",
		Consequence: "The product's own prerequisite check warns; an update that is not told to ignore warnings does not go on.",
		Remedy:      "Wait for what is on its way. For the rest, look in Monitoring, Distribution Status, Content Status why it stays behind; redistribute it, or remove it where it is not wanted.",
		Command: "SELECT TOP (50) s.PackageID, s.ServerNALPath, s.SourceVersion, p.SourceVersion AS wanted\n" +
			"FROM dbo.v_PackageStatusDistPointsSumm s JOIN dbo.v_Package p ON p.PackageID = s.PackageID\n" +
			"WHERE s.SourceVersion < p.SourceVersion AND p.PackageType <> 4",
		Rules:   []string{"Distribution point package version"},
		Sources: []string{pageRules + "#distribution-point-package-version", pageCopies},
		Rights:  []string{copiesRight},
		Reads:   readsCopies(),
		Run:     onCopies(runPackageVersions),
	}
}

func runPackageVersions(_ *checks.Case, row copiesRow) checks.Finding {
	const key, wanted = "packages", "the newest version everywhere"
	if row.Unnumbered > 0 {
		return checks.Items("Not all versions of packages are known.", checks.UnknownItem(key, wanted, platform.Refuse(platform.ErrMalformed,
			"%d of %d copies of packages have no version", row.Unnumbered, row.Copies)))
	}
	item := checks.Item{Key: key, Found: fmt.Sprintf("%d copies, none behind", row.Copies), Wanted: wanted, Where: whereCopies + ", SourceVersion", Status: checks.Passed}
	if row.Behind > 0 {
		item.Found, item.Status = fmt.Sprintf("%d of %d copies are behind, of %d packages", row.Behind, row.Copies, row.BehindPackages), checks.Warning
		finding := checks.Items("Distribution points have old versions of packages.", item)
		if row.Working > 0 {
			finding.Notes = []string{fmt.Sprintf("Copies that are being made or removed now: %d. Look again when that has come to an end.", row.Working)}
		}
		return finding
	}
	return checks.Items("All distribution points have the newest version of their packages.", item)
}

func contentDistribution() checks.Check {
	return checks.Check{
		ID:          "roles.content-distribution",
		Title:       "Does the distribution of content hardly ever fail?",
		Why:         "An update gives distribution points new content, such as the client and boot images. Where much content fails today, that of the update will, too. A few copies fail at any site.",
		Consequence: "Distribution points stay without the new client and the new boot images, and clients cannot be updated from them.",
		Remedy:      "Look in Monitoring, Distribution Status, and in distmgr.log why it fails. Repair it, redistribute the content, or remove the distribution point that is no longer there.",
		Command:     "SELECT TOP (50) PackageID, ServerNALPath, State, LastCopied FROM dbo.v_PackageStatusDistPointsSumm WHERE State IN (2, 3, 5, 6)",
		Sources:     []string{pageCopies, pageContent},
		Rights:      []string{copiesRight},
		Reads:       readsCopies(),
		Settings: []checks.Setting{
			{Name: "warns_above", Default: 1, Unit: "%", About: "share of the copies of packages on distribution points that failed, or are tried again"},
		},
		Run: onCopies(runContentDistribution),
	}
}

func runContentDistribution(c *checks.Case, row copiesRow) checks.Finding {
	const key = "copies"
	most := c.Setting("warns_above")
	wanted := fmt.Sprintf("at most %.4g %% failed, or tried again", most)
	if odd := row.Copies - row.Failed - row.Retrying - row.Working - row.Done; odd > 0 {
		return checks.Items("Not all states of content are known.", checks.UnknownItem(key, wanted, platform.Refuse(platform.ErrUnsupported,
			"%d of %d copies of packages are in a state that is not known here", odd, row.Copies)))
	}
	item := checks.Item{Key: key, Found: fmt.Sprintf("%d, none failed", row.Copies), Wanted: wanted, Where: whereCopies + ", State", Status: checks.Passed}
	finding := checks.Items("No distribution of content has failed.", item)
	if bad := row.Failed + row.Retrying; bad > 0 {
		percent := 100 * float64(bad) / float64(row.Copies)
		finding.Items[0].Found = fmt.Sprintf("%d of %d failed, %d tried again (%.2f %%)", row.Failed, row.Copies, row.Retrying, percent)
		finding.Summary = "The distribution of little content has failed, or is tried again."
		if percent > most {
			finding.Items[0].Status = checks.Warning
			finding.Summary = "The distribution of much content has failed, or is tried again."
		}
	}
	if row.Working > 0 {
		finding.Notes = []string{fmt.Sprintf("Copies that are being made or removed now: %d. Let that come to an end before the update.", row.Working)}
	}
	return finding
}

func clientPackage() checks.Check {
	return checks.Check{
		ID:          "roles.client-package",
		Title:       "Have the distribution points the client of this release whole?",
		Why:         "The update replaces the package of the client on every distribution point, and clients install the new one from there.",
		Consequence: "Where the package does not arrive today the new client will not arrive either, and clients stay at the old version.",
		Remedy:      "Look in Monitoring, Distribution Status, Content Status at Configuration Manager Client Package. The site distributes it by itself; repair what keeps it from a distribution point.",
		Command:     "SELECT PackageID, Name, SourceVersion FROM dbo.v_Package WHERE Name = N'Configuration Manager Client Package'",
		Sources:     []string{pageCopies, pageContent, "https://learn.microsoft.com/intune/configmgr/core/clients/manage/upgrade/upgrade-clients"},
		Rights:      []string{copiesRight},
		Reads:       readsCopies(),
		Run:         onCopies(runClientPackage),
	}
}

func runClientPackage(_ *checks.Case, row copiesRow) checks.Finding {
	const key, wanted = "Configuration Manager Client Package", "the newest version, whole on all distribution points"
	if row.Clients == 0 {
		return checks.Items("The package of the client was not found.", checks.UnknownItem(key, wanted, platform.Refuse(platform.ErrMalformed,
			"no package with the name %s has a copy on a distribution point", key)))
	}
	item := checks.Item{Key: key, Found: fmt.Sprintf("whole on %d of %d", row.ClientDone, row.ClientCopies), Wanted: wanted, Where: whereCopies, Status: checks.Passed}
	if row.ClientDone < row.ClientCopies {
		item.Status = checks.Warning
		return checks.Items("Distribution points have not the whole client.", item)
	}
	return checks.Items("All distribution points have the client.", item)
}
