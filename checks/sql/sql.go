// Package sql checks the SQL Server instance of the site database: its version, edition and
// settings, and the state of the database.
package sql

import (
	"fmt"

	"siteready/checks"
	"siteready/platform"
)

// Area is the section of the report.
func Area() checks.Area {
	return checks.Area{ID: "sql", Title: "SQL Server", Checks: []checks.Check{
		databaseState(),
		databaseFiles(),
		systemDatabases(),
		dedicatedInstance(),
		databaseLocation(),
		serverVersion(),
		upgradeConnections(),
		serverEdition(),
		serverCollation(),
		parentCollation(),
		serverMemory(),
		securityMode(),
		tcpPort(),
		serviceAccount(),
		siteDatabaseSettings(),
		databaseOptions(),
		instanceOptions(),
		changeCapture(),
		schemaChangeHistory(),
		logInPieces(),
		serverDumps(),
		foreignSchemas(),
		serverTriggers(),
		planGuides(),
		snapshots(),
		audits(),
		resourceGovernor(),
		compatibilityLevel(),
		recoveryModel(),
		textReplication(),
		availabilityGroup(),
		replicaPoints(),
		trackingCleanup(),
		brokerPort(),
		serviceBrokerQueues(),
	}, Confirm: statements()}
}

// instance is one row about the instance and the database. Everybody who may use the database
// sees all of it.
var instance = platform.SQL[instanceRow]("instance", `
	SELECT CAST(SERVERPROPERTY(N'ProductVersion') AS nvarchar(128)) AS version, CAST(SERVERPROPERTY(N'Edition') AS nvarchar(128)) AS edition,
		CAST(SERVERPROPERTY(N'EngineEdition') AS int) AS engine, CAST(SERVERPROPERTY(N'IsIntegratedSecurityOnly') AS int) AS windows_only,
		CAST(SERVERPROPERTY(N'Collation') AS nvarchar(128)) AS collation,
		CAST(DATABASEPROPERTYEX(DB_NAME(), N'Collation') AS nvarchar(128)) AS database_collation,
		CAST(mx.value_in_use AS bigint) AS max_memory, CAST(mn.value_in_use AS bigint) AS min_memory,
		CASE WHEN HAS_DBACCESS(DB_NAME()) = 1 THEN 1 ELSE 0 END AS may_see
	FROM sys.configurations mx CROSS JOIN sys.configurations mn
	WHERE mx.name = N'max server memory (MB)' AND mn.name = N'min server memory (MB)'`)

// instanceRow has no nulls: every SQL Server that is still supported knows all of it.
type instanceRow struct {
	Version           string `json:"version"`      // 16.0.4215.2
	Edition           string `json:"edition"`      // in words
	Engine            int    `json:"engine"`       // 2 Standard, 3 Enterprise and its kin, 4 Express
	WindowsOnly       int    `json:"windows_only"` // 1: no SQL Server log-ons
	Collation         string `json:"collation"`
	DatabaseCollation string `json:"database_collation"`
	MaxMemory         int64  `json:"max_memory"` // MB
	MinMemory         int64  `json:"min_memory"` // MB
}

const engineExpress = 4

// inDatabase is the right that the reading of the instance needs.
const inDatabase = "SQL Server: a user in the site database"

const (
	pageSQLVersions = "https://learn.microsoft.com/intune/configmgr/core/plan-design/configs/support-for-sql-server-versions"
	pageSQLConfig   = "https://learn.microsoft.com/intune/configmgr/core/plan-design/configs/supported-configurations-for-sql-server"
	pageRules       = "https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks"
	pageProperties  = "https://learn.microsoft.com/sql/t-sql/functions/serverproperty-transact-sql"
)

// untold is an item of which SQL Server says nothing.
func untold(key, wanted, server, what string) checks.Item {
	return checks.UnknownItem(key, wanted, platform.Refuse(platform.ErrUnsupported, "SQL Server %s does not tell %s", server, what))
}

// megabytes writes what SQL Server counts in MB.
func megabytes(n int64) string { return fmt.Sprintf("%d MB", n) }
