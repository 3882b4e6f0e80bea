package replication

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// maxUnwell is how many components, and how many site systems, each statement lists.
const maxUnwell = 20

// componentHealth sums up the components' status since midnight, which is the product's
// default, and lists those that are critical (2), or of no known status. Public tools know the
// interval by this text.
var componentHealth = platform.SQL[unwellRow]("component-health", `
	SELECT t.objects, t.warned, t.unwell, ISNULL(c.name, N'') AS component, ISNULL(c.machine, N'') AS machine, ISNULL(c.status, -1) AS status,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.v_ComponentSummarizer', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT COUNT(1) AS objects, COUNT(CASE WHEN a.Status = 1 THEN 1 END) AS warned, COUNT(CASE WHEN a.Status IN (0, 1) THEN NULL ELSE 1 END) AS unwell
		FROM dbo.v_ComponentSummarizer a WHERE a.TallyInterval = N'0001128000100008') t
	LEFT JOIN (SELECT TOP (20) ISNULL(CAST(b.ComponentName AS nvarchar(256)), N'') AS name, ISNULL(CAST(b.MachineName AS nvarchar(256)), N'') AS machine,
			ISNULL(CAST(b.Status AS int), -2) AS status
		FROM dbo.v_ComponentSummarizer b WHERE b.TallyInterval = N'0001128000100008' AND (b.Status IS NULL OR b.Status NOT IN (0, 1))
		ORDER BY CASE b.Status WHEN 2 THEN 1 ELSE 0 END, b.ComponentName, b.MachineName) c ON t.unwell > 0`)

// systemHealth does the same for the roles of site systems, of which each may report on several
// things: the worst counts, and a null, which no status is, counts as the worst. SiteSystem is a
// network abstraction path, which ends with \\SERVER\.
var systemHealth = platform.SQL[unwellRow]("site-system-health", `
	SELECT t.objects, t.warned, t.unwell, ISNULL(c.name, N'') AS component, ISNULL(c.machine, N'') AS machine, ISNULL(c.status, -1) AS status,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.v_SiteSystemSummarizer', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT COUNT(1) AS objects, COUNT(CASE WHEN a.Status = 1 THEN 1 END) AS warned, COUNT(CASE WHEN a.Status IN (0, 1) THEN NULL ELSE 1 END) AS unwell
		FROM (SELECT d.SiteSystem, d.Role, MAX(ISNULL(CAST(d.Status AS int), 99)) AS Status FROM dbo.v_SiteSystemSummarizer d GROUP BY d.SiteSystem, d.Role) a) t
	LEFT JOIN (SELECT TOP (20) ISNULL(CAST(b.Role AS nvarchar(256)), N'') AS name,
			CASE WHEN b.SiteSystem LIKE N'%\\%\' THEN REVERSE(SUBSTRING(REVERSE(b.SiteSystem), 2, CHARINDEX(N'\', REVERSE(b.SiteSystem), 2) - 2)) ELSE N'' END AS machine,
			b.Status AS status
		FROM (SELECT CAST(d.SiteSystem AS nvarchar(400)) AS SiteSystem, d.Role, MAX(ISNULL(CAST(d.Status AS int), 99)) AS Status
			FROM dbo.v_SiteSystemSummarizer d GROUP BY d.SiteSystem, d.Role) b
		WHERE b.Status NOT IN (0, 1) ORDER BY CASE b.Status WHEN 2 THEN 1 ELSE 0 END, b.Role, b.SiteSystem) c ON t.unwell > 0`)

// unwellRow is what is critical, or of no known status. Without any there is one row, with empty names.
type unwellRow struct {
	Objects int64  `json:"objects"` // all components or roles
	Warned  int64  `json:"warned"`  // with the status 1
	Unwell  int64  `json:"unwell"`  // all with neither 0 nor 1, also those that are not listed
	Name    string `json:"component"`
	Machine string `json:"machine"`
	Status  int    `json:"status"`
}

const statusCritical = 2

func components() checks.Check {
	return checks.Check{
		ID:          "replication.components",
		Title:       "Do the site's components and site systems report no critical status?",
		Why:         "Before an update, errors in the operation of the site should be cleared. What is critical may be what the update stands on.",
		Consequence: "The update stops at a component that does not work, or is blamed for what was broken before.",
		Remedy:      "Read the status messages: Monitoring, System Status, Component Status and Site Status. Repair the cause, then reset the counts.",
		Command:     "SELECT ComponentName, MachineName, Status, Errors FROM dbo.v_ComponentSummarizer WHERE TallyInterval = '0001128000100008' AND Status > 0",
		Sources: []string{
			pageChecklist,
			"https://learn.microsoft.com/intune/configmgr/develop/core/understand/sqlviews/status-alert-views-configuration-manager",
		},
		Rights: []string{discovery.RegistryRight, "SQL Server: SELECT on v_ComponentSummarizer and v_SiteSystemSummarizer in the site database"},
		Reads: append(
			discovery.DatabaseReads(), componentHealth.In("{SQL Server}", "{site database}").Form(), systemHealth.In("{SQL Server}", "{site database}").Form(),
		),
		Run: discovery.OnDatabase(runComponents),
	}
}

func runComponents(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("the parent site keeps the status of this secondary site: run siteready on the parent's site server"), nil
	}
	items, notes := judgeHealth(ctx, c, componentHealth.In(d.Instance, d.Name), "components", "the view v_ComponentSummarizer of the site database")
	more, further := judgeHealth(ctx, c, systemHealth.In(d.Instance, d.Name), "site systems", "the view v_SiteSystemSummarizer of the site database")
	items, notes = append(items, more...), append(notes, further...)
	finding := checks.Items("No component and no site system is critical.", items...)
	switch {
	case checks.Count(items, checks.Unknown) > 0:
		finding.Summary = "Not every status of components and site systems is known."
	case checks.Count(items, checks.Warning) > 0:
		finding.Summary = "A component or a site system is critical."
	}
	finding.Notes = notes
	return finding, nil
}

func judgeHealth(ctx context.Context, c *checks.Case, q platform.Query[[]unwellRow], what, where string) ([]checks.Item, []string) {
	const wanted = "none critical"
	unknown := func(err error) []checks.Item { return []checks.Item{checks.UnknownItem(what, wanted, err)} }
	rows, err := platform.Ask(ctx, c, q)
	if err != nil {
		return unknown(err), nil
	}
	sum := rows[0]
	if sum.Unwell == 0 && len(rows) == 1 && sum.Name == "" {
		rows = nil
	}
	switch {
	case sum.Objects <= 0:
		return unknown(platform.Refuse(platform.ErrMalformed, "%s names no %s", where, what)), nil
	case sum.Warned < 0 || sum.Warned+sum.Unwell > sum.Objects || int64(len(rows)) != min(sum.Unwell, maxUnwell):
		return unknown(platform.Refuse(platform.ErrMalformed, "%s contradicts itself", where)), nil
	}
	items := []checks.Item{{
		Key: what, Found: fmt.Sprintf("%d, in trouble: %d", sum.Objects, sum.Unwell), Wanted: wanted, Where: where, Status: checks.Passed,
	}}
	if sum.Unwell > 0 {
		items[0].Status = checks.Warning
	}
	for _, row := range rows {
		key := strings.TrimSuffix(row.Name+" on "+row.Machine, " on ")
		if row.Status != statusCritical {
			items = append(items, checks.UnknownItem(key, "not critical", platform.Refuse(platform.ErrUnsupported, "%s gives %s the status %d, which is not known here", where, key, row.Status)))
			continue
		}
		items = append(items, checks.Item{Key: key, Found: fmt.Sprintf("critical (%d)", statusCritical), Wanted: "not critical", Where: where, Status: checks.Warning})
	}
	var notes []string
	if sum.Warned > 0 {
		notes = append(notes, fmt.Sprintf("%d of the %d %s report warnings.", sum.Warned, sum.Objects, what))
	}
	return items, notes
}
