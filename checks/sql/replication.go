package sql

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// largestText is the value that set-up gives to the largest text that replication moves.
const largestText = 2147483647

func textReplication() checks.Check {
	return checks.Check{
		ID:          "sql.text-replication",
		Title:       "Is the largest text that replication moves as set-up sets it?",
		Why:         "The product needs the option max text repl size (B) to have the value 2147483647 on each instance that has a site database.",
		Consequence: "In an availability group the product's own prerequisite check stops the update.",
		Remedy:      "Set the option on the instance; in an availability group on each replica.",
		Command:     "EXEC sp_configure 'max text repl size (B)', 2147483647; RECONFIGURE;",
		Rules:       []string{"Maximum text replication size for SQL Server Always On availability groups"},
		Sources: []string{
			pageRules + "#maximum-text-replication-size-for-sql-server-always-on-availability-groups", pageSQLConfig, pageGroups,
			"https://learn.microsoft.com/sql/database-engine/configure-windows/configure-the-max-text-repl-size-server-configuration-option",
		},
		Rights: []string{inDatabase},
		Reads:  settingsReads(),
		Run:    onSettings(runTextReplication),
	}
}

func runTextReplication(_ context.Context, _ *checks.Case, d discovery.Database, row settingsRow) (checks.Finding, error) {
	group, err := row.inGroup(d)
	if err != nil {
		return checks.Finding{}, err
	}
	wanted := fmt.Sprintf("%d bytes", largestText)
	const noLimit = -1 // a value of the option, and not the one that the documents ask for
	if row.TextSize < noLimit || row.TextSizeConfigured < noLimit {
		return checks.Items("SQL Server does not tell the option.", untold(d.Instance, wanted, d.Instance, "its option max text repl size (B)")), nil
	}
	item := checks.Item{Key: d.Instance, Found: wanted, Wanted: wanted, Where: "sys.configurations, max text repl size (B)", Status: checks.Passed}
	if row.TextSize == largestText && row.TextSizeConfigured == largestText {
		finding := checks.Items("The option has the value that is needed.", item)
		if group {
			finding.Notes = []string{otherReplicas}
		}
		return finding, nil
	}
	item.Status = checks.Warning
	summary := "The option has another value than set-up gives it."
	if group {
		item.Status = checks.Failed
		summary = "The site database is in an availability group, and the option has another value than is needed."
	}
	item.Found = fmt.Sprintf("%d bytes", row.TextSize)
	if row.TextSize != row.TextSizeConfigured {
		item.Found = fmt.Sprintf("%d bytes in use, %d bytes set", row.TextSize, row.TextSizeConfigured)
		item.Wanted += ", set and in use: RECONFIGURE brings into use what is set"
	}
	return checks.Items(summary, item), nil
}

// replicas counts what the site database publishes, and is asked only of a database that is
// published: no other has these tables. A subscription without a server is SQL Server's own.
var replicas = platform.SQL[publishedRow]("mp-replica", `
	SELECT COUNT(DISTINCT CASE WHEN p.name = N'ConfigMgr_MPReplica' THEN p.pubid END) AS replicas,
		COUNT(DISTINCT CASE WHEN p.name <> N'ConfigMgr_MPReplica' THEN p.pubid END) AS others,
		COUNT(DISTINCT CASE WHEN p.name = N'ConfigMgr_MPReplica' AND s.srvid >= 0 THEN s.srvname + N'/' + s.dest_db END) AS subscribers,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.syspublications', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.sysarticles', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.syssubscriptions', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT 1 AS present) x
	LEFT JOIN dbo.syspublications p ON x.present = 1
	LEFT JOIN dbo.sysarticles a ON a.pubid = p.pubid
	LEFT JOIN dbo.syssubscriptions s ON s.artid = a.artid`)

type publishedRow struct {
	Replicas    int `json:"replicas"`    // publications for management points
	Others      int `json:"others"`      // other publications
	Subscribers int `json:"subscribers"` // databases that take part in those for management points
}

func replicaPoints() checks.Check {
	return checks.Check{
		ID:          "sql.mp-replica",
		Title:       "Has no management point a replica of the site database?",
		Why:         "A primary site whose database is replicated to management points cannot be updated.",
		Consequence: "The product's own prerequisite check stops the update.",
		Remedy: "In the properties of each management point let it use the site database, delete the subscriptions and then the publication " +
			"ConfigMgr_MPReplica. Set the replicas up again after the update.",
		Command: "SELECT name, status FROM dbo.syspublications",
		Rules:   []string{"Active replica MP"},
		Sources: []string{
			pageRules + "#active-replica-mp",
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/configure/database-replicas-for-management-points",
			"https://learn.microsoft.com/intune/configmgr/core/servers/manage/checklist-for-installing-update-2603",
			pageDatabases,
			"https://learn.microsoft.com/sql/relational-databases/system-tables/syssubscriptions-transact-sql",
		},
		Rights: []string{inDatabase, "SQL Server, only where the site database is published: SELECT on syspublications, sysarticles and syssubscriptions in it"},
		Reads:  append(settingsReads(), replicas.In("{SQL Server}", "{site database}").Form()),
		Run: discovery.OnDatabase(func(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
			if d.OfType == discovery.CAS || d.OfType == discovery.Secondary {
				return checks.DoesNotApply("only the database of a primary site can have replicas for management points"), nil
			}
			return onSettings(runReplicaPoints)(ctx, c)
		}),
	}
}

func runReplicaPoints(ctx context.Context, c *checks.Case, d discovery.Database, row settingsRow) (checks.Finding, error) {
	const wanted = "no publication"
	item := checks.Item{Key: d.Instance + "/" + d.Name, Found: wanted, Wanted: wanted, Where: "sys.databases, is_published", Status: checks.Passed}
	if row.Published < 0 || row.Published > 1 || row.MergePublished < 0 || row.MergePublished > 1 {
		return checks.Items("Whether the database is published is not known.", untold(item.Key, wanted, d.Instance, "whether "+d.Name+" is published")), nil
	}
	merged := checks.Item{Key: item.Key + " merge", Found: "published for merge replication", Wanted: wanted, Where: "sys.databases, is_merge_published", Status: checks.Warning}
	if row.Published == 0 {
		if row.MergePublished == 1 {
			return checks.Items("The site database is published in a way that is not supported.", item, merged), nil
		}
		return checks.Items("SQL Server replication publishes nothing of the site database.", item), nil
	}
	published, err := platform.AskOne(ctx, c, replicas.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	if published.Replicas < 0 || published.Others < 0 || published.Subscribers < 0 || published.Subscribers > 0 && published.Replicas == 0 {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "SQL Server %s says that %s has %d publications for management points with %d subscribers and %d others, which cannot be",
			d.Instance, d.Name, published.Replicas, published.Subscribers, published.Others)
	}
	item.Where = "dbo.syspublications and dbo.syssubscriptions, ConfigMgr_MPReplica"
	finding := checks.Items("SQL Server replication may publish the site database, and publishes nothing of it.", item)
	switch {
	case published.Subscribers > 0:
		finding.Summary = "Management points use replicas of the site database."
		item.Found, item.Status = fmt.Sprintf("ConfigMgr_MPReplica, databases that subscribe to it: %d", published.Subscribers), checks.Failed
	case published.Replicas > 0:
		finding.Summary = "The publication for replicas of management points is still there."
		item.Found, item.Status = "ConfigMgr_MPReplica, to which nothing subscribes", checks.Warning
	}
	finding.Items = []checks.Item{item}
	if published.Others > 0 {
		finding.Items = append(finding.Items, checks.Item{
			Key: item.Key + " other", Found: fmt.Sprintf("other publications: %d", published.Others), Wanted: wanted, Where: "dbo.syspublications", Status: checks.Warning,
		})
	}
	if row.MergePublished == 1 {
		finding.Items = append(finding.Items, merged)
	}
	if item.Status == checks.Passed && len(finding.Items) > 1 {
		finding.Summary = "The site database is published in a way that is not supported."
	}
	return finding, nil
}
