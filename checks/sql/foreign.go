package sql

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// foreignObjects lists what is at the instance and in the site database and can be told from the
// product's own: triggers of the instance, audits of it that do more than write, a function that
// sorts sessions into groups with limits, plan guides for objects, schemas that are not the
// product's and hold something, what SQL Server's tuning advisor leaves behind, snapshots of the
// database, and triggers on the database itself, which the product may have made. Most of
// the product's objects are in dbo, where nothing documented tells them from others. Without any
// it has one row of no kind. The names come from the instance and from the database, whose
// collations may differ.
var foreignObjects = platform.SQL[foreignRow]("foreign-objects", `
	SELECT TOP (300) ISNULL(f.kind, N'') AS kind, ISNULL(f.name, N'') AS name, ISNULL(f.is_off, 0) AS is_off, ISNULL(f.objects, 0) AS objects,
		COUNT(1) OVER () AS listed,
		CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW ANY DEFINITION') = 1 AND HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW ANY DATABASE') = 1
			AND HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'VIEW DEFINITION') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT 1 AS present) x
	LEFT JOIN (SELECT N'server trigger' AS kind, t.name COLLATE DATABASE_DEFAULT AS name, CAST(t.is_disabled AS int) AS is_off, 1 AS objects
			FROM sys.server_triggers t WHERE t.is_ms_shipped = 0
		UNION ALL SELECT N'database trigger', u.name COLLATE DATABASE_DEFAULT, CAST(u.is_disabled AS int), 1 FROM sys.triggers u WHERE u.parent_class = 0 AND u.is_ms_shipped = 0
		UNION ALL SELECT N'plan guide', g.name COLLATE DATABASE_DEFAULT, CAST(g.is_disabled AS int), 1 FROM sys.plan_guides g WHERE g.scope_type = 1
		UNION ALL SELECT N'snapshot', n.name COLLATE DATABASE_DEFAULT, 0, 1 FROM sys.databases n WHERE n.source_database_id = DB_ID()
		UNION ALL SELECT N'audit', v.name COLLATE DATABASE_DEFAULT, CASE v.is_state_enabled WHEN 0 THEN 1 ELSE 0 END, 1 FROM sys.server_audits v WHERE v.on_failure <> 0
		UNION ALL SELECT N'classifier', N'', 0, 1 FROM sys.resource_governor_configuration c WHERE c.is_enabled = 1 AND c.classifier_function_id <> 0
		UNION ALL SELECT N'schema', s.name COLLATE DATABASE_DEFAULT, 0, COUNT(o.object_id)
			FROM sys.schemas s JOIN sys.objects o ON o.schema_id = s.schema_id AND o.is_ms_shipped = 0
			WHERE s.name NOT IN (N'dbo', N'sys', N'cdc', N'guest', N'INFORMATION_SCHEMA') AND s.name NOT LIKE N'SCCM%' AND s.name NOT LIKE N'SMS%'
				AND s.name NOT LIKE N'ConfigMgr%' AND s.name NOT LIKE N'db[_]%'
			GROUP BY s.name
		UNION ALL SELECT N'tuning', N'', 0, COUNT(i.index_id) FROM sys.indexes i WHERE i.is_hypothetical = 1 OR i.name LIKE N'[_]dta[_]%'
		UNION ALL SELECT N'statistics', N'', 0, COUNT(q.stats_id) FROM sys.stats q WHERE q.user_created = 1 AND q.name LIKE N'[_]dta[_]%') f
		ON f.objects > 0
	ORDER BY f.kind, f.name`)

type foreignRow struct {
	Kind    string `json:"kind"` // one of foreignKinds; empty when there is nothing
	Name    string `json:"name"`
	Off     int    `json:"is_off"`  // 1: a trigger, a plan guide or an audit that is disabled
	Objects int64  `json:"objects"` // in a schema, or in all; else 1
	Listed  int    `json:"listed"`  // rows there are, of which at most 300 are told
}

// The kinds of foreignRow.
const (
	serverTrigger   = "server trigger"
	databaseTrigger = "database trigger"
	planGuide       = "plan guide"
	snapshot        = "snapshot"
	foreignSchema   = "schema"
	audit           = "audit"
	classifier      = "classifier"
	tuningIndexes   = "tuning"
	tuningStats     = "statistics"
)

var foreignKinds = [...]string{serverTrigger, databaseTrigger, planGuide, snapshot, foreignSchema, audit, classifier, tuningIndexes, tuningStats}

const (
	definitionRight = "SQL Server: VIEW ANY DEFINITION, also from 2022 on"
	pagePolicy      = "https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/support-policy-for-manual-database-changes"
	pageBlocked     = "https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/understand-troubleshoot-updates-servicing"
)

// foreign is a check of some kinds of what is not the product's.
func foreign(check checks.Check, judge func(discovery.Database, []foreignRow) checks.Finding, kinds ...string) checks.Check {
	check.Rights = []string{inDatabase, definitionRight}
	check.Reads = append(discovery.DatabaseReads(), foreignObjects.In("{SQL Server}", "{site database}").Form())
	check.Run = discovery.OnDatabase(func(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
		rows, err := askForeign(ctx, c, d)
		if err != nil {
			return checks.Finding{}, err
		}
		var some []foreignRow
		for _, r := range rows {
			for _, kind := range kinds {
				if r.Kind == kind {
					some = append(some, r)
				}
			}
		}
		finding := judge(d, some)
		if rows[0].Listed > len(rows) {
			if checks.Count(finding.Items, checks.Warning) == 0 {
				finding.Summary = "Not all that is not the product's was looked at."
			}
			finding.Items = append(finding.Items, checks.UnknownItem("the others", "nothing that is not the product's", platform.Refuse(platform.ErrUnsupported,
				"SQL Server %s has %d of them, and only the first %d were looked at", d.Instance, rows[0].Listed, len(rows))))
		}
		return finding, nil
	})
	return check
}

// askForeign asks for what is not the product's, and refuses what cannot be.
func askForeign(ctx context.Context, c *checks.Case, d discovery.Database) ([]foreignRow, error) {
	rows, err := platform.Ask(ctx, c, foreignObjects.In(d.Instance, d.Name))
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		known := r.Kind == "" && r.Objects == 0 && len(rows) == 1
		for _, kind := range foreignKinds {
			known = known || r.Kind == kind && r.Objects > 0
		}
		if !known || r.Off < 0 || r.Off > 1 || r.Listed < len(rows) {
			return nil, platform.Refuse(platform.ErrMalformed, "SQL Server %s lists something that is not known here: %+v", d.Instance, r)
		}
	}
	return rows, nil
}

func foreignSchemas() checks.Check {
	return foreign(checks.Check{
		ID:    "sql.foreign-objects",
		Title: "Is there nothing in the site database that the product did not make?",
		Why: "Additions to the site database are not supported, and Microsoft's support names them as a usual reason why an update fails in the database. " +
			"Those in a schema of their own can be told, and indexes and statistics that SQL Server's tuning advisor left behind; what was added to the schema dbo cannot.",
		Consequence: "A view with SCHEMABINDING or a statistic holds a column that the update wants to change, and the update stops with an error. What it does not stop at, it may remove.",
		Remedy: "Script what is there, so that it can be made again, and drop it before the update; keep it in a database of its own afterwards. " +
			"If a schema is the product's after all, waive the finding.",
		Command: "SELECT s.name AS in_schema, o.name, o.type_desc, o.create_date FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id\n" +
			"WHERE o.is_ms_shipped = 0 AND s.name <> N'dbo' ORDER BY s.name, o.name",
		Sources: []string{
			pagePolicy, pageBlocked,
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/schemas-catalog-views-sys-schemas",
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-indexes-transact-sql",
		},
	}, judgeSchemas, foreignSchema, tuningIndexes, tuningStats, databaseTrigger)
}

func judgeSchemas(d discovery.Database, rows []foreignRow) checks.Finding {
	const wanted = "nothing that the product did not make"
	var items []checks.Item
	var triggers []string
	for _, r := range rows {
		item := checks.Item{Wanted: wanted, Status: checks.Warning}
		switch r.Kind {
		case foreignSchema:
			item.Key, item.Found, item.Where = "schema "+r.Name, fmt.Sprintf("objects: %d", r.Objects), "sys.schemas and sys.objects"
		case tuningIndexes:
			item.Key, item.Found, item.Where = "indexes of the tuning advisor", fmt.Sprintf("%d", r.Objects), "sys.indexes, is_hypothetical and names that begin with _dta_"
		case tuningStats:
			item.Key, item.Found, item.Where = "statistics of the tuning advisor", fmt.Sprintf("%d", r.Objects), "sys.stats, names that begin with _dta_"
		default:
			triggers = append(triggers, r.Name)
			continue
		}
		items = append(items, item)
	}
	finding := checks.Items("There are things in the site database that the product did not make.", items...)
	if len(items) == 0 {
		finding = checks.Items("Nothing was found in the site database that can be told from what the product made.", checks.Item{
			Key: d.Instance + "/" + d.Name, Found: "nothing outside of the product's schemas", Wanted: wanted, Where: "sys.schemas, sys.objects, sys.indexes and sys.stats", Status: checks.Passed,
		})
	}
	if len(triggers) > 0 {
		finding.Notes = []string{"There are triggers on the database itself, which fire when its schema changes. Make sure that they are the product's: " + strings.Join(triggers, ", ") + "."}
	}
	return finding
}
