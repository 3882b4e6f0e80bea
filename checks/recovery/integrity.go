package recovery

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

func integrity() checks.Check {
	return checks.Check{
		ID:          "recovery.integrity",
		Title:       "Were the databases checked for damage not long ago?",
		Why:         "An update reads and rewrites much of the database, and set-up has its own rule that the database is consistent.",
		Consequence: "Damage that nobody knows of stops the update half way, and is in the backups, too.",
		Remedy:      "Run DBCC CHECKDB at a quiet time, and repair or restore what it finds before the update. In an availability group each replica has its own copy: run it on the primary replica, which the update changes, and on the others.",
		Command:     "DBCC CHECKDB (N'CM_xxx') WITH NO_INFOMSGS",
		Covers:      []string{"Databases were checked for damage"},
		Rules:       []string{"SQL Server site database consistency", "Verify database consistency"},
		Sources: []string{
			"https://learn.microsoft.com/sql/t-sql/functions/databasepropertyex-transact-sql",
			"https://learn.microsoft.com/sql/t-sql/database-console-commands/dbcc-checkdb-transact-sql",
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks",
		},
		Rights: []string{databaseRight},
		Reads:  append(discovery.DatabasesReads(), properties.In("{SQL Server}", "{site database}").Form()),
		Settings: []checks.Setting{
			{Name: "warns_after", Default: 14, Unit: "days", About: "age of the last check without errors when the update starts"},
		},
		Run: discovery.OnDatabases(runIntegrity),
	}
}

func runIntegrity(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply(ofSecondary), nil
	}
	row, err := askProperties(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	warns := c.Setting("warns_after")
	item := checks.Item{
		Key: d.Instance + "/" + d.Name, Wanted: fmt.Sprintf("a check without errors, at most %g days old", warns),
		Where: "DATABASEPROPERTYEX, LastGoodCheckDbTime, on " + d.Instance, Status: checks.Passed,
	}
	switch row.CheckedMinutes {
	case checkedUnknown:
		no := platform.Refuse(platform.ErrUnsupported,
			"SQL Server %s, version %s, does not tell when %s was last checked without errors", d.Instance, row.Version, d.Name)
		no.Help = "SQL Server tells it from 2016 SP2, 2017 CU9 and 2019 on. On an older one, look for DBCC CHECKDB in its error log."
		return checks.Items("When the database was last checked is not known.", checks.UnknownItem(item.Key, item.Wanted, no)), nil
	case neverChecked:
		if row.Replicated == 1 {
			return checkedElsewhere(d, item, "has no check without errors on record"), nil
		}
		item.Status, item.Found = checks.Warning, "never checked without errors"
		return checks.Items("DBCC CHECKDB has never ended without errors on the database.", item), nil
	}
	old := oldAtStart(c, minutes(row.CheckedMinutes), "it is checked again")
	item.Found = "the last check without errors is " + old
	if age := minutes(row.CheckedMinutes) + c.JudgedFor.Sub(c.ReadAt()); age.Hours() > 24*warns {
		if row.Replicated == 1 {
			return checkedElsewhere(d, item, "was last checked without errors too long ago: the check is "+old), nil
		}
		item.Status = checks.Warning
	}
	return checks.Items("The last check of the database without errors is "+old+".", item), nil
}

// checkedElsewhere is the finding about a copy in an availability group that was not checked
// lately. SQL Server keeps the time for each copy alone, and checks are often run on another
// replica or on a restored backup, to spare the primary one.
func checkedElsewhere(d discovery.Database, item checks.Item, what string) checks.Finding {
	no := platform.Refuse(platform.ErrUnsupported,
		"the copy of %s on %s %s; it is in an availability group, and another replica may have been checked since", d.Name, d.Instance, what)
	no.Help = "Run DBCC CHECKDB on the replica that answers here, the primary one. A check of another replica is not seen from here, and does not read this one's files."
	return checks.Items("The database may have been checked on another replica.", checks.UnknownItem(item.Key, item.Wanted, no))
}
