package recovery

import (
	"context"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// properties are what SQL Server knows of the database itself. DATABASEPROPERTYEX tells the
// end of the last check without errors from SQL Server 2016 SP2, 2017 CU9 and 2019 on, and
// 1900-01-01 when there was none. Its clock is local and goes back by an hour in autumn, so what
// is up to an hour ahead is now. -3 is a check further in the future, which nobody can judge.
var properties = platform.SQL[propertiesRow]("checkdb-and-encryption", `
	SELECT CAST(d.is_encrypted AS int) AS encrypted,
		CASE WHEN p.checked IS NULL THEN -2 WHEN p.checked < '19000102' THEN -1
			WHEN p.checked > DATEADD(minute, 60, GETDATE()) THEN -3 WHEN p.checked > GETDATE() THEN 0 ELSE DATEDIFF(minute, p.checked, GETDATE()) END AS checked_minutes,
		CAST(SERVERPROPERTY(N'ProductVersion') AS nvarchar(128)) AS version,
		CASE WHEN d.replica_id IS NULL THEN 0 ELSE 1 END AS replicated,
		CASE WHEN HAS_DBACCESS(DB_NAME()) = 1 THEN 1 ELSE 0 END AS may_see
	FROM sys.databases d
	CROSS APPLY (SELECT CAST(DATABASEPROPERTYEX(d.name, N'LastGoodCheckDbTime') AS datetime) AS checked) p
	WHERE d.database_id = DB_ID()`)

type propertiesRow struct {
	Encrypted      int    `json:"encrypted"`       // 1 when TDE is on, as it was last set
	CheckedMinutes int64  `json:"checked_minutes"` // age of the last check without errors
	Version        string `json:"version"`         // of SQL Server
	Replicated     int    `json:"replicated"`      // 1 when the database is in an availability group
}

// What CheckedMinutes says instead of an age.
const (
	neverChecked   = -1
	checkedUnknown = -2
)

// askProperties returns the properties of the database that is asked.
func askProperties(ctx context.Context, c *checks.Case, d discovery.Database) (propertiesRow, error) {
	rows, err := platform.Ask(ctx, c, properties.In(d.Instance, d.Name))
	if err != nil {
		return propertiesRow{}, err
	}
	row := rows[0]
	if len(rows) != 1 || row.CheckedMinutes < checkedUnknown || row.Encrypted < 0 || row.Encrypted > 1 {
		return propertiesRow{}, platform.Refuse(platform.ErrMalformed,
			"SQL Server %s says that %s was checked %d minutes ago and is encrypted: %d, which cannot be",
			d.Instance, d.Name, row.CheckedMinutes, row.Encrypted)
	}
	return row, nil
}
