package recovery

import (
	"context"
	"fmt"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

func integrity() checks.Check {
	return checks.Check{
		ID:          "recovery.integrity",
		Title:       "Was the site database checked for damage not long ago?",
		Why:         "An update reads and rewrites much of the database, and set-up has its own rule that the database is consistent.",
		Consequence: "Damage that nobody knows of stops the update half way, and is in the backups, too.",
		Remedy:      "Run DBCC CHECKDB at a quiet time, and repair or restore what it finds before the update.",
		Command:     "DBCC CHECKDB (N'CM_xxx') WITH NO_INFOMSGS",
		Rules:       []string{"SQL Server site database consistency", "Verify database consistency"},
		Sources: []string{
			"https://learn.microsoft.com/sql/t-sql/functions/databasepropertyex-transact-sql",
			"https://learn.microsoft.com/sql/t-sql/database-console-commands/dbcc-checkdb-transact-sql",
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks",
		},
		Rights: []string{databaseRight},
		Reads:  append(discovery.DatabaseReads(), properties.In("{SQL Server}", "{site database}").Form()),
		Settings: []checks.Setting{
			{Name: "warns_after", Default: 14, Unit: "days", About: "age of the last check without errors when the update starts"},
		},
		Run: discovery.OnDatabase(runIntegrity),
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
		return checks.Items("When the site database was last checked is not known.", checks.UnknownItem(item.Key, item.Wanted, no)), nil
	case neverChecked:
		item.Status, item.Found = checks.Failed, "never checked without errors"
		return checks.Items("DBCC CHECKDB has never ended without errors on the site database.", item), nil
	}
	age := time.Duration(row.CheckedMinutes)*time.Minute + c.JudgedFor.Sub(c.ReadAt())
	item.Found = "the last check without errors is " + hours(age) + " old"
	if age.Hours() > 24*warns {
		item.Status = checks.Warning
	}
	return checks.Items("The last check of the site database without errors is "+hours(age)+" old.", item), nil
}
