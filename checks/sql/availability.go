package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// availabilityReplicas lists the replicas of all availability groups of the instance when the
// site database is in one; else it has one row that says so, which everybody sees who may use
// the database. The health of all replicas is known on the primary one only. What SQL Server
// does not tell is -1. The members of a distributed group are groups, and no replicas.
var availabilityReplicas = platform.SQL[replicaRow]("availability-replicas", `
	SELECT TOP (100) CASE WHEN d.replica_id IS NULL THEN 0 ELSE 1 END AS replicated,
		CAST(SERVERPROPERTY(N'EngineEdition') AS int) AS engine, CAST(SERVERPROPERTY(N'Edition') AS nvarchar(128)) AS edition,
		ISNULL(CAST(SERVERPROPERTY(N'IsClustered') AS int), -1) AS cluster_instance,
		CASE WHEN l.group_id = o.group_id THEN 1 ELSE 0 END AS of_site, ISNULL(CAST(l.role AS int), -1) AS local_role,
		ISNULL(CAST(g.basic_features AS int), -1) AS basic,
		ISNULL(r.replica_server_name, N'') AS replica, CASE WHEN CHARINDEX(N'\', r.replica_server_name) > 0 THEN 1 ELSE 0 END AS named,
		ISNULL(CAST(r.failover_mode AS int), -1) AS failover, ISNULL(CAST(r.seeding_mode AS int), -1) AS seeding,
		ISNULL(CAST(r.primary_role_allow_connections AS int), -1) AS as_primary,
		ISNULL(CAST(r.secondary_role_allow_connections AS int), -1) AS as_secondary,
		ISNULL(CAST(s.synchronization_health AS int), -1) AS health,
		COUNT(r.replica_id) OVER () AS replicas,
		CASE WHEN d.replica_id IS NULL AND HAS_DBACCESS(DB_NAME()) = 1 THEN 1
			WHEN d.replica_id IS NOT NULL AND HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW ANY DEFINITION') = 1
			AND (HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1
			OR HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER PERFORMANCE STATE') = 1) THEN 1 ELSE 0 END AS may_see
	FROM sys.databases d
	LEFT JOIN sys.availability_replicas o ON o.replica_id = d.replica_id
	LEFT JOIN sys.dm_hadr_availability_replica_states l ON l.is_local = 1 AND d.replica_id IS NOT NULL
	LEFT JOIN sys.availability_groups g ON g.group_id = l.group_id
	LEFT JOIN sys.availability_replicas r ON r.group_id = l.group_id
	LEFT JOIN sys.dm_hadr_availability_replica_states s ON s.replica_id = r.replica_id AND s.group_id = r.group_id
	WHERE d.database_id = DB_ID() AND ISNULL(CAST(g.is_distributed AS int), 0) = 0
	ORDER BY of_site DESC, replica`)

type replicaRow struct {
	Replicated  int    `json:"replicated"`       // 1 when the site database is in an availability group
	Engine      int    `json:"engine"`           // 3 is Enterprise and its kin
	Edition     string `json:"edition"`          // in words
	Clustered   int    `json:"cluster_instance"` // 1 when the instance that answers is a failover cluster instance
	OfSite      int    `json:"of_site"`          // 1 when this replica's group is the site database's
	LocalRole   int    `json:"local_role"`       // of the instance that answers, in this group: 0 resolving, 1 primary, 2 secondary
	Basic       int    `json:"basic"`            // 1 when the group is a basic one
	Replica     string `json:"replica"`          // SERVER or SERVER\INSTANCE
	Named       int    `json:"named"`            // 1 when it is a named instance
	Failover    int    `json:"failover"`         // 0 automatic, 1 manual
	Seeding     int    `json:"seeding"`          // 0 automatic, 1 manual
	AsPrimary   int    `json:"as_primary"`       // which connections it takes as the primary replica: 2 ALL, 3 READ_WRITE
	AsSecondary int    `json:"as_secondary"`     // as a secondary one: 0 NO, 1 READ_ONLY, 2 ALL
	Health      int    `json:"health"`           // 0 not healthy, 1 partially, 2 healthy
	Replicas    int    `json:"replicas"`         // in all, also those that are not listed
}

func availabilityGroup() checks.Check {
	return checks.Check{
		ID:    "sql.availability-group",
		Title: "Is the availability group of the database ready for an update?",
		Why: "Each update of a site needs all replicas on manual failover, readable and healthy, also those of other groups on the same instance. " +
			"Automatic failover is supported between updates only. For Service Manager no page says so; the harm is the same.",
		Consequence: "The product's own prerequisite check stops the update; a failover in the middle of the changes leaves the database broken.",
		Remedy: "On the primary replica set what differs, and wait until all replicas are healthy. Set automatic failover again after the update. " +
			"A basic group, an edition below Enterprise and a failover cluster instance need a move of the database.",
		Command: "ALTER AVAILABILITY GROUP [name] MODIFY REPLICA ON N'SERVER' WITH (FAILOVER_MODE = MANUAL);\n" +
			"ALTER AVAILABILITY GROUP [name] MODIFY REPLICA ON N'SERVER' WITH (SECONDARY_ROLE (ALLOW_CONNECTIONS = ALL));",
		Covers: []string{"Availability groups fail over by hand"},
		Rules: []string{
			"SQL Server Always On availability groups",
			"SQL Server Always On availability group configured for readable secondaries",
			"SQL Server Always On availability group configured for manual failover",
			"SQL Server Always On availability group replicas on default instance",
			"SQL Server Always On availability group replicas must all have the same seeding mode",
			"SQL Server Always On availability group replicas must be healthy",
		},
		Sources: []string{
			pageGroups, pageRules, "https://learn.microsoft.com/intune/configmgr/hotfix/2603/37426535",
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-availability-replicas-transact-sql",
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-availability-groups-transact-sql",
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-hadr-availability-replica-states-transact-sql",
		},
		Rights: []string{inDatabase, "SQL Server, in an availability group: VIEW ANY DEFINITION, also from 2022 on", performanceState},
		Reads:  append(discovery.DatabasesReads(), availabilityReplicas.In("{SQL Server}", "{site database}").Form()),
		Run:    discovery.OnDatabases(runAvailabilityGroup),
	}
}

// replicaListLimit is how many rows availabilityReplicas has at most.
const replicaListLimit = 100

func runAvailabilityGroup(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("the database of a secondary site cannot be in an availability group"), nil
	}
	rows, err := platform.Ask(ctx, c, availabilityReplicas.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	first := rows[0] // what is said of the database and the instance is alike in all rows
	if first.Replicated == 0 && len(rows) == 1 {
		return checks.DoesNotApply(map[bool]string{true: "the site database is in no availability group", false: "the databases are in no availability group"}[d.OfSite()]), nil
	}
	ofSite := rowsWhere(rows, func(r replicaRow) bool { return r.OfSite == 1 })
	if first.Replicated != 1 || len(ofSite) == 0 || slices.ContainsFunc(rows, func(r replicaRow) bool { return r.Replica == "" }) {
		return checks.Finding{}, platform.Refuse(platform.ErrUnsupported,
			"SQL Server %s says that %s is in an availability group, and does not show its replicas; the cluster may be down", d.Instance, d.Name)
	}
	if first.Replicas != len(rows) || len(rows) >= replicaListLimit {
		return checks.Finding{}, platform.Refuse(platform.ErrTooLarge, "SQL Server %s has %d replicas in its availability groups, and lists %d", d.Instance, first.Replicas, len(rows))
	}
	if !d.OfSite() {
		return groupForServiceManager(d, ofSite), nil
	}
	items := []checks.Item{
		edition(d, first),
		unsupported(d, "failover cluster", "a failover cluster instance", "SERVERPROPERTY, IsClustered, of the replica that answers", first.Clustered),
		unsupported(d, "kind of group", "a basic availability group", "sys.availability_groups, basic_features", ofSite[0].Basic),
		aspect(d, "failover", "sys.availability_replicas, failover_mode", rows, func(r replicaRow) int { return r.Failover },
			"manual on all replicas", map[int]string{0: "automatic"}, 1),
		aspect(d, "readable secondaries", "sys.availability_replicas, secondary_role_allow_connections", rows, func(r replicaRow) int { return r.AsSecondary },
			"ALL on all replicas", map[int]string{0: "NO", 1: "READ_ONLY"}, 2),
		aspect(d, "connections to the primary", "sys.availability_replicas, primary_role_allow_connections", ofSite, func(r replicaRow) int { return r.AsPrimary },
			"ALL on all replicas", map[int]string{3: "READ_WRITE"}, 2),
		seeding(d, ofSite),
		health(d, ofSite),
		namedInstances(ofSite),
	}
	finding := checks.Items("The availability group is ready for an update.", items...)
	switch finding.Status() {
	case checks.Failed:
		finding.Summary = "The availability group is not ready for an update."
	case checks.Unknown:
		finding.Summary = "Not all of the availability group is known."
	case checks.Warning:
		finding.Summary = "Whether the product takes named instances as replicas is not clear: its rule asks for default ones, its page on availability groups allows both."
	}
	if c.Target.Version == "2603" {
		finding.Notes = []string{
			"Updates of databases in availability groups could fail because they asked for SINGLE_USER; KB37426535 says that 2603 no longer does. Download the newest package of 2603 before the update.",
		}
	}
	return finding, nil
}

// groupForServiceManager judges the group of a database of Service Manager, of which no page of
// Microsoft's says more than that groups are supported.
func groupForServiceManager(d discovery.Database, group []replicaRow) checks.Finding {
	items := []checks.Item{
		aspect(d, "failover", "sys.availability_replicas, failover_mode", group, func(r replicaRow) int { return r.Failover },
			"manual on all replicas", map[int]string{0: "automatic"}, 1),
		health(d, group),
	}
	for i := range items {
		if items[i].Status == checks.Failed {
			items[i].Status = checks.Warning
		}
	}
	finding := checks.Items("The availability group is ready for an upgrade.", items...)
	switch finding.Status() {
	case checks.Warning:
		finding.Summary = "The availability group may fail over while Setup changes the database, or is not healthy."
	case checks.Unknown:
		finding.Summary = "Not all of the availability group is known."
	}
	return finding
}

func rowsWhere(rows []replicaRow, keep func(replicaRow) bool) []replicaRow {
	return slices.DeleteFunc(slices.Clone(rows), func(r replicaRow) bool { return !keep(r) })
}

func edition(d discovery.Database, row replicaRow) checks.Item {
	const key, wanted = "edition", "Enterprise"
	item := checks.Item{Key: key, Found: row.Edition, Wanted: wanted, Where: "SERVERPROPERTY, EngineEdition and Edition", Status: checks.Passed}
	switch {
	case editions[row.Engine] == "":
		return untold(key, wanted, d.Instance, "an edition that is known here")
	case editions[row.Engine] != wanted:
		item.Status = checks.Failed
	}
	return item
}

// unsupported judges what must not be, by a value that is 1 when it is.
func unsupported(d discovery.Database, key, what, where string, value int) checks.Item {
	wanted := "not " + what
	item := checks.Item{Key: key, Found: wanted, Wanted: wanted, Where: where, Status: checks.Passed}
	switch value {
	case 0:
	case 1:
		item.Found, item.Status = what, checks.Failed
	default:
		return untold(key, wanted, d.Instance, "whether there is "+what)
	}
	return item
}

// aspect judges one setting of replicas: each must have the good code, bad names the others
// that are known.
func aspect(d discovery.Database, key, where string, rows []replicaRow, code func(replicaRow) int, wanted string, bad map[int]string, good int) checks.Item {
	var wrong []string
	for _, row := range rows {
		switch name, known := bad[code(row)]; {
		case known:
			wrong = append(wrong, name+" on "+row.Replica)
		case code(row) != good:
			return untold(key, wanted, d.Instance, fmt.Sprintf("a value for %s of %s that is known here, but %d", key, row.Replica, code(row)))
		}
	}
	item := checks.Item{Key: key, Found: wanted, Wanted: wanted, Where: where, Status: checks.Passed}
	if len(wrong) > 0 {
		item.Found, item.Status = strings.Join(wrong, ", "), checks.Failed
	}
	return item
}

// seedings are the codes of sys.availability_replicas.
var seedings = map[int]string{0: "automatic", 1: "manual"}

func seeding(d discovery.Database, rows []replicaRow) checks.Item {
	const key, wanted = "seeding mode", "the same on all replicas"
	item := checks.Item{Key: key, Wanted: wanted, Where: "sys.availability_replicas, seeding_mode", Status: checks.Passed}
	var all []string
	for _, row := range rows {
		if seedings[row.Seeding] == "" {
			return untold(key, wanted, d.Instance, "a seeding mode of "+row.Replica+" that is known here")
		}
		all = append(all, seedings[row.Seeding]+" on "+row.Replica)
		if row.Seeding != rows[0].Seeding {
			item.Status = checks.Failed
		}
	}
	if item.Found = strings.Join(all, ", "); item.Status == checks.Passed {
		item.Found = seedings[rows[0].Seeding] + " on all replicas"
	}
	return item
}

func health(d discovery.Database, rows []replicaRow) checks.Item {
	item := aspect(d, "health", "sys.dm_hadr_availability_replica_states, synchronization_health", rows, func(r replicaRow) int { return r.Health },
		"all replicas healthy", map[int]string{0: "not healthy", 1: "partially healthy"}, 2)
	if item.Status != checks.Failed && rows[0].LocalRole != 1 {
		no := platform.Refuse(platform.ErrUnsupported, "SQL Server %s is not the primary replica now, and only that one knows the health of the others", d.Instance)
		no.Help = "Run siteready where the listener's name leads to the primary replica, or name it with --sql-server."
		return checks.UnknownItem(item.Key, item.Wanted, no)
	}
	return item
}

// namedInstances is a warning at most: the rule asks for default instances, and another page of
// Microsoft's allows both.
func namedInstances(rows []replicaRow) checks.Item {
	item := checks.Item{Key: "instances", Found: "default instances", Wanted: "default instances", Where: "sys.availability_replicas, replica_server_name", Status: checks.Passed}
	var named []string
	for _, row := range rows {
		if row.Named != 0 {
			named = append(named, row.Replica)
		}
	}
	if len(named) > 0 {
		item.Found, item.Status = strings.Join(named, ", "), checks.Warning
		item.Wanted += ", for the product's rule; Microsoft's page on availability groups disagrees, and allows named ones"
	}
	return item
}
