package sql

import (
	"context"

	"siteready/checks"
	"siteready/checks/discovery"
)

const pageGroups = "https://learn.microsoft.com/intune/configmgr/core/servers/deploy/configure/sql-server-alwayson-for-a-highly-available-site-database"

func recoveryModel() checks.Check {
	return checks.Check{
		ID:          "sql.recovery-model",
		Title:       "Has the site database the recovery model that it needs?",
		Why:         "A site database is made with the recovery model SIMPLE. In an availability group it must be FULL.",
		Consequence: "Without FULL an availability group has no copy of the database to fall back on when the update fails.",
		Remedy:      "Set FULL where the database is in an availability group, and take a full backup and then backups of the log.",
		Command:     "ALTER DATABASE [CM_xxx] SET RECOVERY FULL",
		Sources: []string{
			pageGroups, pageDatabases,
			"https://learn.microsoft.com/sql/relational-databases/backup-restore/recovery-models-sql-server",
		},
		Rights: []string{inDatabase},
		Reads:  settingsReads(),
		Run:    onSettings(runRecoveryModel),
	}
}

// recoveryModels are the codes of sys.databases.
var recoveryModels = map[int]string{1: "FULL", 2: "BULK_LOGGED", 3: "SIMPLE"}

func runRecoveryModel(_ context.Context, _ *checks.Case, d discovery.Database, row settingsRow) (checks.Finding, error) {
	group, err := row.inGroup(d)
	if err != nil {
		return checks.Finding{}, err
	}
	wanted := "SIMPLE, or another one with backups of the log"
	if group {
		wanted = "FULL, in an availability group"
	}
	model := recoveryModels[row.RecoveryModel]
	item := checks.Item{Key: d.Instance + "/" + d.Name, Found: model, Wanted: wanted, Where: "sys.databases, recovery_model", Status: checks.Passed}
	switch {
	case model == "":
		return checks.Items("The recovery model is not known.", untold(item.Key, wanted, d.Instance, "a recovery model of "+d.Name+" that is known here")), nil
	case group && model != "FULL":
		item.Status = checks.Failed
		return checks.Items("The site database is in an availability group, and its recovery model is "+model+".", item), nil
	}
	finding := checks.Items("The recovery model is "+model+".", item)
	if model != "SIMPLE" {
		finding.Notes = []string{"With this recovery model SQL Server keeps the log until it is backed up; recovery.log-backup looks whether it is."}
	}
	return finding, nil
}
