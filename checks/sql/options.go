package sql

import (
	"context"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// serverOptions is one row about options of the site database and of its instance that set-up
// leaves as SQL Server has them. What somebody may use he always sees in sys.databases, and
// everybody sees sys.configurations. An option that the instance does not have is -2.
var serverOptions = platform.SQL[optionsRow]("server-options", `
	SELECT CAST(d.is_auto_close_on AS int) AS auto_close, CAST(d.is_auto_shrink_on AS int) AS auto_shrink,
		CAST(d.page_verify_option AS int) AS page_verify, CAST(d.is_auto_create_stats_on AS int) AS create_statistics,
		CAST(d.is_auto_update_stats_on AS int) AS update_statistics, CAST(d.delayed_durability AS int) AS delayed_durability,
		CAST(d.is_cdc_enabled AS int) AS captured,
		ISNULL(c.cost_limit, -2) AS cost_limit, ISNULL(c.connections, -2) AS connections, ISNULL(c.locks, -2) AS locks,
		ISNULL(c.fibers, -2) AS fibers,
		CASE WHEN HAS_DBACCESS(DB_NAME()) = 1 THEN 1 ELSE 0 END AS may_see
	FROM sys.databases d
	CROSS JOIN (SELECT
			MAX(CASE WHEN o.name = N'query governor cost limit' THEN CAST(o.value_in_use AS bigint) END) AS cost_limit,
			MAX(CASE WHEN o.name = N'user connections' THEN CAST(o.value_in_use AS bigint) END) AS connections,
			MAX(CASE WHEN o.name = N'locks' THEN CAST(o.value_in_use AS bigint) END) AS locks,
			MAX(CASE WHEN o.name = N'lightweight pooling' THEN CAST(o.value_in_use AS bigint) END) AS fibers
		FROM sys.configurations o) c
	WHERE d.database_id = DB_ID()`)

type optionsRow struct {
	AutoClose         int64 `json:"auto_close"` // this and the next: 1 on, 0 off
	AutoShrink        int64 `json:"auto_shrink"`
	PageVerify        int64 `json:"page_verify"` // 0 NONE, 1 TORN_PAGE_DETECTION, 2 CHECKSUM
	CreateStatistics  int64 `json:"create_statistics"`
	UpdateStatistics  int64 `json:"update_statistics"`
	DelayedDurability int64 `json:"delayed_durability"` // 0 DISABLED, 1 ALLOWED, 2 FORCED
	Captured          int64 `json:"captured"`           // 1 when change data capture is on
	CostLimit         int64 `json:"cost_limit"`         // seconds; 0 = none
	Connections       int64 `json:"connections"`        // most at once; 0 = as many as SQL Server has
	Locks             int64 `json:"locks"`              // most at once; 0 = as many as memory holds
	Fibers            int64 `json:"fibers"`             // 1 when lightweight pooling is on
}

// onOptions is the Run of a check that judges the row about options.
func onOptions(run func(discovery.Database, optionsRow) checks.Finding) func(context.Context, *checks.Case) (checks.Finding, error) {
	return discovery.OnDatabase(func(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
		row, err := platform.AskOne(ctx, c, serverOptions.In(d.Instance, d.Name))
		if err != nil {
			return checks.Finding{}, err
		}
		return run(d, row), nil
	})
}

func optionsReads() []platform.Form {
	return append(discovery.DatabaseReads(), serverOptions.In("{SQL Server}", "{site database}").Form())
}

// option is an option, what its values mean, and which of them are good. Any other value that
// is known is a warning.
type option struct {
	key, where, wanted string
	value              int64
	names              map[int64]string
	good               []int64
}

func (o option) judge(d discovery.Database) checks.Item {
	name, known := o.names[o.value]
	if !known {
		return untold(o.key, o.wanted, d.Instance, "a value of "+o.key+" that is known here")
	}
	item := checks.Item{Key: o.key, Found: name, Wanted: o.wanted, Where: o.where, Status: checks.Warning}
	for _, good := range o.good {
		if o.value == good {
			item.Status = checks.Passed
		}
	}
	return item
}

func offOn() map[int64]string { return map[int64]string{0: "off", 1: "on"} }

const pageSetOptions = "https://learn.microsoft.com/sql/t-sql/statements/alter-database-transact-sql-set-options"

func databaseOptions() checks.Check {
	return checks.Check{
		ID:    "sql.database-options",
		Title: "Has the site database no option that SQL Server's documents advise against?",
		Why: "An update works on the whole database for hours. A database that closes or shrinks by itself, has no statistics, or calls a commit " +
			"done before it is written, is slower or less safe then.",
		Consequence: "The changes to the database take much longer, damage is met late, or the last changes are lost when SQL Server stops.",
		Remedy:      "Set what differs as it is wanted. Pages get a checksum when they are next written.",
		Command: "ALTER DATABASE [CM_xxx] SET AUTO_CLOSE OFF;\nALTER DATABASE [CM_xxx] SET AUTO_SHRINK OFF;\nALTER DATABASE [CM_xxx] SET PAGE_VERIFY CHECKSUM;\n" +
			"ALTER DATABASE [CM_xxx] SET AUTO_CREATE_STATISTICS ON;\nALTER DATABASE [CM_xxx] SET AUTO_UPDATE_STATISTICS ON;\nALTER DATABASE [CM_xxx] SET DELAYED_DURABILITY = DISABLED;",
		Sources: []string{
			pageSetOptions, pageDatabases,
			"https://learn.microsoft.com/sql/relational-databases/logs/control-transaction-durability",
		},
		Rights: []string{inDatabase},
		Reads:  optionsReads(),
		Run:    onOptions(runDatabaseOptions),
	}
}

func runDatabaseOptions(d discovery.Database, row optionsRow) checks.Finding {
	var items []checks.Item
	for _, o := range []option{
		{"AUTO_CLOSE", "sys.databases, is_auto_close_on", "off", row.AutoClose, offOn(), []int64{0}},
		{"AUTO_SHRINK", "sys.databases, is_auto_shrink_on", "off", row.AutoShrink, offOn(), []int64{0}},
		{"PAGE_VERIFY", "sys.databases, page_verify_option", "CHECKSUM", row.PageVerify, map[int64]string{0: "NONE", 1: "TORN_PAGE_DETECTION", 2: "CHECKSUM"}, []int64{2}},
		{"AUTO_CREATE_STATISTICS", "sys.databases, is_auto_create_stats_on", "on", row.CreateStatistics, offOn(), []int64{1}},
		{"AUTO_UPDATE_STATISTICS", "sys.databases, is_auto_update_stats_on", "on", row.UpdateStatistics, offOn(), []int64{1}},
		{
			"DELAYED_DURABILITY", "sys.databases, delayed_durability", "not FORCED", row.DelayedDurability,
			map[int64]string{0: "DISABLED", 1: "ALLOWED", 2: "FORCED"},
			[]int64{0, 1},
		},
	} {
		items = append(items, o.judge(d))
	}
	finding := checks.Items("The options are those that the documents advise.", items...)
	switch {
	case checks.Count(items, checks.Warning) > 0:
		finding.Summary = "The site database has options that the documents advise against."
	case checks.Count(items, checks.Unknown) > 0:
		finding.Summary = "Not all options of the site database are known."
	}
	return finding
}

func changeCapture() checks.Check {
	return checks.Check{
		ID:          "sql.change-capture",
		Title:       "Is change data capture off in the site database?",
		Why:         "The product uses change tracking. Change data capture is somebody else's: it adds tables, procedures and jobs to the database, and reads its whole log.",
		Consequence: "An update changes tables that are captured, which fails or leaves the capture behind; until the log was read it cannot be cut, and grows.",
		Remedy:      "Find out who uses it, and turn it off before the update. Microsoft supports no changes to a site database by others.",
		Command:     "EXEC sys.sp_cdc_disable_db",
		Sources: []string{
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/support-policy-for-manual-database-changes",
			"https://learn.microsoft.com/sql/relational-databases/track-changes/about-change-data-capture-sql-server", pageDatabases,
		},
		Rights: []string{inDatabase},
		Reads:  optionsReads(),
		Run:    onOptions(runChangeCapture),
	}
}

func runChangeCapture(d discovery.Database, row optionsRow) checks.Finding {
	item := option{d.Instance + "/" + d.Name, "sys.databases, is_cdc_enabled", "off", row.Captured, offOn(), []int64{0}}.judge(d)
	switch item.Status {
	case checks.Warning:
		return checks.Items("Change data capture is on in the site database.", item)
	case checks.Unknown:
		return checks.Items("Whether change data capture is on is not known.", item)
	default:
		return checks.Items("Change data capture is off.", item)
	}
}
