package logs

import (
	"context"
	"fmt"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// errorLog is where an instance writes its log, and on which machine. SQL Server tells the path
// though no page of Microsoft lists the property; where it does not, the path is empty.
var errorLog = platform.SQL[errorLogRow]("instance-log", `
	SELECT COALESCE(CAST(SERVERPROPERTY(N'ErrorLogFileName') AS nvarchar(260)), N'') AS path,
		COALESCE(CAST(SERVERPROPERTY(N'ComputerNamePhysicalNetBIOS') AS nvarchar(128)), N'') AS node,
		CASE WHEN HAS_DBACCESS(DB_NAME()) = 1 THEN 1 ELSE 0 END AS may_see`)

type errorLogRow struct {
	Path string `json:"path"` // of ERRORLOG, as the machine itself names it; empty when SQL Server does not tell
	Node string `json:"node"` // NetBIOS name of the machine
}

func sqlServer() checks.Check {
	all := settings(true, false)
	all[0].Default = 2 // what SQL Server has got over is history soon
	return checks.Check{
		ID:          "logs.sql",
		Title:       "Does SQL Server log known failures?",
		Why:         "A full log, a disk that fails, memory that is short or a log-on that is refused stand in ERRORLOG before they stop an update.",
		Consequence: "The update's changes to the database fail or take very long.",
		Remedy:      "Do what the note beside each failure says. siteready logs with the path of ERRORLOG shows all lines.",
		Command:     `siteready logs "PATH OF ERRORLOG"`,
		Sources: []string{
			"https://learn.microsoft.com/sql/tools/configuration-manager/viewing-the-sql-server-error-log",
			"https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors",
		},
		Rights: []string{
			discovery.RegistryRight, "SQL Server: a user in the database",
			"Windows: read ERRORLOG of SQL Server and its older generations, and list their folder, which administrators of the server may",
		},
		Reads: append(discovery.DatabasesReads(), errorLog.In("{SQL Server}", "{database}").Form(), platform.ReadComputer().Form(),
			platform.ReadFailureLog("{ERRORLOG}").Form()),
		Settings: all,
		Run:      discovery.OnDatabases(runSQL),
	}
}

func runSQL(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	row, err := platform.AskOne(ctx, c, errorLog.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	computer, err := platform.Ask(ctx, c, platform.ReadComputer())
	switch {
	case err != nil:
		return checks.Finding{}, err
	case row.Path == "" || row.Node == "" || computer.Name == "":
		return checks.Finding{}, platform.Refuse(platform.ErrUnsupported, "SQL Server %s does not tell where its log is, or on which machine", d.Instance)
	case !strings.EqualFold(row.Node, computer.Name):
		return checks.DoesNotApply(fmt.Sprintf("SQL Server %s runs on %s, and its log is there: run siteready logs there with the path %s", d.Instance, row.Node, row.Path)), nil
	}
	query := platform.ReadFailureLog(row.Path)
	digest, found, err := platform.Lookup(ctx, c, query)
	switch {
	case err != nil:
		return checks.Finding{}, err
	case !found:
		return checks.Finding{}, platform.Refuse(platform.ErrUnsupported, "SQL Server %s says that its log is %s, and it is not there", d.Instance, row.Path)
	}
	if !digest.English {
		return checks.Finding{}, platform.Refuse(platform.ErrUnsupported,
			"%s does not begin with messages in English, and known failures of SQL Server are found by their English text", row.Path)
	}
	v := &verdict{c: c, fails: true, anyStage: true, alone: true, key: d.Instance + " ", endings: map[string]time.Time{}}
	v.take(watched{name: "ERRORLOG"}, true, query.Where, platform.Reading[platform.FailureLog]{Value: digest})
	return v.finding(), nil
}
