package sql

import (
	"context"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// databaseSettings is one row about the site database and the options of its instance. What
// somebody may use he always sees in sys.databases, and everybody sees sys.configurations. An
// option that the instance does not have is -2, because -1 is a value of one of them.
var databaseSettings = platform.SQL[settingsRow]("database-settings", `
	SELECT CAST(PARSENAME(CAST(SERVERPROPERTY(N'ProductVersion') AS nvarchar(128)), 4) AS int) AS major,
		CAST(d.compatibility_level AS int) AS level, CAST(d.recovery_model AS int) AS recovery_model,
		CASE WHEN d.replica_id IS NULL THEN 0 ELSE 1 END AS replicated,
		CAST(d.is_published AS int) AS published, CAST(d.is_merge_published AS int) AS merge_published,
		CASE WHEN d.owner_sid = 0x01 THEN 1 ELSE 0 END AS owned_by_sa, ISNULL(SUSER_SNAME(d.owner_sid), N'') AS owner,
		CAST(d.is_broker_enabled AS int) AS broker, CAST(d.is_honor_broker_priority_on AS int) AS broker_priority,
		CAST(d.is_trustworthy_on AS int) AS trustworthy, CAST(d.is_recursive_triggers_on AS int) AS recursive_triggers,
		CAST(d.snapshot_isolation_state AS int) AS snapshot_isolation, CAST(d.is_read_committed_snapshot_on AS int) AS read_committed_snapshot,
		CAST(d.is_ansi_nulls_on AS int) AS ansi_nulls, CAST(d.is_ansi_padding_on AS int) AS ansi_padding,
		CAST(d.is_ansi_warnings_on AS int) AS ansi_warnings, CAST(d.is_arithabort_on AS int) AS arithabort,
		CAST(d.is_concat_null_yields_null_on AS int) AS concat_null, CAST(d.is_quoted_identifier_on AS int) AS quoted_identifier,
		CAST(d.is_numeric_roundabort_on AS int) AS numeric_roundabort,
		ISNULL(c.clr, -2) AS clr, ISNULL(c.nested_triggers, -2) AS nested_triggers,
		ISNULL(c.text_size, -2) AS text_size, ISNULL(c.text_size_configured, -2) AS text_size_configured,
		CASE WHEN HAS_DBACCESS(DB_NAME()) = 1 THEN 1 ELSE 0 END AS may_see
	FROM sys.databases d
	CROSS JOIN (SELECT
			MAX(CASE WHEN o.name = N'clr enabled' THEN CAST(o.value_in_use AS bigint) END) AS clr,
			MAX(CASE WHEN o.name = N'nested triggers' THEN CAST(o.value_in_use AS bigint) END) AS nested_triggers,
			MAX(CASE WHEN o.name = N'max text repl size (B)' THEN CAST(o.value_in_use AS bigint) END) AS text_size,
			MAX(CASE WHEN o.name = N'max text repl size (B)' THEN CAST(o.value AS bigint) END) AS text_size_configured
		FROM sys.configurations o) c
	WHERE d.database_id = DB_ID()`)

type settingsRow struct {
	Major                 int    `json:"major"` // 16 is SQL Server 2022
	Level                 int    `json:"level"` // 160 is that of SQL Server 2022
	RecoveryModel         int    `json:"recovery_model"`
	Replicated            int    `json:"replicated"` // 1 when the database is in an availability group
	Published             int    `json:"published"`  // 1 when SQL Server replication publishes it
	MergePublished        int    `json:"merge_published"`
	OwnedBySA             int    `json:"owned_by_sa"` // 1 when the owner is sa, whatever its name is now
	Owner                 string `json:"owner"`       // empty when SQL Server does not name it
	Broker                int    `json:"broker"`      // this and the next: 1 on, 0 off
	BrokerPriority        int    `json:"broker_priority"`
	Trustworthy           int    `json:"trustworthy"`
	RecursiveTriggers     int    `json:"recursive_triggers"`
	SnapshotIsolation     int    `json:"snapshot_isolation"` // 0 off, 1 on, 2 and 3 on the way to off and on
	ReadCommittedSnapshot int    `json:"read_committed_snapshot"`
	ANSINulls             int    `json:"ansi_nulls"`
	ANSIPadding           int    `json:"ansi_padding"`
	ANSIWarnings          int    `json:"ansi_warnings"`
	ArithAbort            int    `json:"arithabort"`
	ConcatNull            int    `json:"concat_null"`
	QuotedIdentifier      int    `json:"quoted_identifier"`
	NumericRoundabort     int    `json:"numeric_roundabort"` // the only one that must be off
	CLR                   int64  `json:"clr"`
	NestedTriggers        int64  `json:"nested_triggers"`
	TextSize              int64  `json:"text_size"`            // bytes, in use
	TextSizeConfigured    int64  `json:"text_size_configured"` // bytes, as it was last set
}

// inGroup says whether the database is in an availability group, and refuses what says neither.
func (r settingsRow) inGroup(d discovery.Database) (bool, error) {
	if r.Replicated != 0 && r.Replicated != 1 {
		return false, platform.Refuse(platform.ErrMalformed, "SQL Server %s says %d to whether %s is in an availability group", d.Instance, r.Replicated, d.Name)
	}
	return r.Replicated == 1, nil
}

// onSettings is the Run of a check that judges the row about the site database.
func onSettings(run func(context.Context, *checks.Case, discovery.Database, settingsRow) (checks.Finding, error)) func(context.Context, *checks.Case) (checks.Finding, error) {
	return discovery.OnDatabase(func(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
		row, err := platform.AskOne(ctx, c, databaseSettings.In(d.Instance, d.Name))
		if err != nil {
			return checks.Finding{}, err
		}
		return run(ctx, c, d, row)
	})
}

func settingsReads() []platform.Form {
	return append(discovery.DatabaseReads(), databaseSettings.In("{SQL Server}", "{site database}").Form())
}

func siteDatabaseSettings() checks.Check {
	return checks.Check{
		ID:    "sql.database-settings",
		Title: "Has the site database the settings that set-up gave it?",
		Why:   "Set-up gives SQL Server and the site database certain settings, which the product needs. Some are lost when a database is detached, restored or moved.",
		Consequence: "The product's own prerequisite check has a rule for them, which stops the update. It is not published which of them it looks at, " +
			"so each that differs is a warning here. Replication, triggers and the product's own code in the database depend on them.",
		Remedy: "Set what differs as it is wanted, at a time when the site's services are stopped. In an availability group, Service Broker " +
			"can only be turned on while the database is not in the group.",
		Command: "-- First stop the services of the site: ROLLBACK IMMEDIATE ends all other sessions in the database.\n" +
			"ALTER AUTHORIZATION ON DATABASE::[CM_xxx] TO sa;\nALTER DATABASE [CM_xxx] SET TRUSTWORTHY ON;\nALTER DATABASE [CM_xxx] SET HONOR_BROKER_PRIORITY ON;\n" +
			"ALTER DATABASE [CM_xxx] SET RECURSIVE_TRIGGERS ON;\nALTER DATABASE [CM_xxx] SET ALLOW_SNAPSHOT_ISOLATION ON;\n" +
			"ALTER DATABASE [CM_xxx] SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE;\nALTER DATABASE [CM_xxx] SET ENABLE_BROKER WITH ROLLBACK IMMEDIATE;\n" +
			"EXEC sp_configure 'clr enabled', 1; EXEC sp_configure 'nested triggers', 1; RECONFIGURE;",
		Rules: []string{"SQL Server configuration for site upgrade"},
		Sources: []string{
			pageSQLConfig, pageRules + "#sql-server-configuration-for-site-upgrade", pageDatabases,
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-configurations-transact-sql",
		},
		Rights: []string{inDatabase},
		Reads:  settingsReads(),
		Run:    onSettings(runDatabaseSettings),
	}
}

const pageDatabases = "https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-databases-transact-sql"

func runDatabaseSettings(_ context.Context, _ *checks.Case, d discovery.Database, row settingsRow) (checks.Finding, error) {
	items := []checks.Item{owner(d, row)}
	for _, s := range []struct {
		key, where string
		value      int64
	}{
		{"ENABLE_BROKER", "sys.databases, is_broker_enabled", int64(row.Broker)},
		{"HONOR_BROKER_PRIORITY", "sys.databases, is_honor_broker_priority_on", int64(row.BrokerPriority)},
		{"TRUSTWORTHY", "sys.databases, is_trustworthy_on", int64(row.Trustworthy)},
		{"RECURSIVE_TRIGGERS", "sys.databases, is_recursive_triggers_on", int64(row.RecursiveTriggers)},
		{"ALLOW_SNAPSHOT_ISOLATION", "sys.databases, snapshot_isolation_state", int64(row.SnapshotIsolation)},
		{"READ_COMMITTED_SNAPSHOT", "sys.databases, is_read_committed_snapshot_on", int64(row.ReadCommittedSnapshot)},
		{"clr enabled", "sys.configurations, value_in_use", row.CLR},
		{"nested triggers", "sys.configurations, value_in_use", row.NestedTriggers},
	} {
		item := checks.Item{Key: s.key, Found: "on", Wanted: "on", Where: s.where, Status: checks.Passed}
		switch {
		case s.value == 0:
			item.Found, item.Status = "off", checks.Warning
		case s.key == "ALLOW_SNAPSHOT_ISOLATION" && (s.value == 2 || s.value == 3):
			item.Found, item.Status = "being turned "+map[int64]string{2: "off", 3: "on"}[s.value], checks.Warning
		case s.value != 1:
			item = untold(s.key, "on", d.Instance, "whether "+s.key+" is on")
		}
		items = append(items, item)
	}
	items = append(items, ansiOptions(d, row))
	finding := checks.Items("The settings are those that set-up gave.", items...)
	switch {
	case checks.Count(items, checks.Warning) > 0:
		finding.Summary = "The site database or its instance has settings that are not those of set-up."
	case checks.Count(items, checks.Unknown) > 0:
		finding.Summary = "Not all settings are known."
	}
	if row.Replicated == 1 {
		finding.Notes = []string{otherReplicas}
	}
	return finding, nil
}

// otherReplicas is a note on what belongs to the instance that answers.
const otherReplicas = "In an availability group each instance has options of its own. These are those of the replica that answered; look at the others, too."

func owner(d discovery.Database, row settingsRow) checks.Item {
	const key, wanted = "owner", "sa"
	item := checks.Item{Key: key, Found: "sa", Wanted: wanted, Where: "sys.databases, owner_sid", Status: checks.Passed}
	switch {
	case row.OwnedBySA == 0:
		item.Found, item.Status = row.Owner, checks.Warning
		if row.Owner == "" {
			item.Found = "an account that SQL Server does not know"
		}
	case row.OwnedBySA != 1:
		return untold(key, wanted, d.Instance, "who owns "+d.Name)
	}
	return item
}

// ansiOptions judges the options of the SQL standard together: they were set together, and are
// what a program has that does not set its own.
func ansiOptions(d discovery.Database, row settingsRow) checks.Item {
	const key, wanted = "ANSI options", "all on, NUMERIC_ROUNDABORT off"
	var wrong []string
	for _, o := range []struct {
		name        string
		value, good int
	}{
		{"ANSI_NULLS", row.ANSINulls, 1},
		{"ANSI_PADDING", row.ANSIPadding, 1},
		{"ANSI_WARNINGS", row.ANSIWarnings, 1},
		{"ARITHABORT", row.ArithAbort, 1},
		{"CONCAT_NULL_YIELDS_NULL", row.ConcatNull, 1},
		{"QUOTED_IDENTIFIER", row.QuotedIdentifier, 1},
		{"NUMERIC_ROUNDABORT", row.NumericRoundabort, 0},
	} {
		switch {
		case o.value < 0 || o.value > 1:
			return untold(key, wanted, d.Instance, "whether "+o.name+" is on")
		case o.value != o.good:
			wrong = append(wrong, o.name+" "+[]string{"off", "on"}[o.value])
		}
	}
	item := checks.Item{Key: key, Found: wanted, Wanted: wanted, Where: "sys.databases", Status: checks.Passed}
	if slices.Sort(wrong); len(wrong) > 0 {
		item.Found, item.Status = strings.Join(wrong, ", "), checks.Warning
	}
	return item
}
