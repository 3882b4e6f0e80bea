package sql

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// brokerQueues counts the queues of Service Broker that are off. The names of the two through
// which sites replicate are known from Microsoft support's scripts. Who may not see a queue gets
// no row for it, so that both were counted is the proof that they were seen.
var brokerQueues = platform.SQL[queuesRow]("broker-queues", `
	SELECT COUNT(CASE WHEN q.name IN (N'ConfigMgrDRSQueue', N'ConfigMgrDRSSiteQueue') THEN 1 END) AS queues,
		COUNT(CASE WHEN q.name = N'ConfigMgrDRSQueue' AND (q.is_receive_enabled = 0 OR q.is_enqueue_enabled = 0) THEN 1 END) AS global_off,
		COUNT(CASE WHEN q.name = N'ConfigMgrDRSSiteQueue' AND (q.is_receive_enabled = 0 OR q.is_enqueue_enabled = 0) THEN 1 END) AS site_off,
		COUNT(CASE WHEN q.is_ms_shipped = 0 AND q.name NOT IN (N'ConfigMgrDRSQueue', N'ConfigMgrDRSSiteQueue')
			AND (q.is_receive_enabled = 0 OR q.is_enqueue_enabled = 0) THEN 1 END) AS others_off,
		CASE WHEN HAS_DBACCESS(DB_NAME()) = 1 THEN 1 ELSE 0 END AS may_see
	FROM sys.service_queues q`)

type queuesRow struct {
	Queues    int `json:"queues"`     // of the two, how many were seen
	GlobalOff int `json:"global_off"` // 1 when the queue of global data is off
	SiteOff   int `json:"site_off"`   // 1 when the queue of site data is off
	OthersOff int `json:"others_off"`
}

func serviceBrokerQueues() checks.Check {
	return checks.Check{
		ID:          "sql.broker-queues",
		Title:       "Are the queues on through which sites replicate?",
		Why:         "Service Broker turns a queue off by itself when a message in it fails five times in a row. Nothing comes out of it then, and nothing goes in.",
		Consequence: "Replication stands still: news of the update does not reach the other sites, or theirs does not come back.",
		Remedy:      "Read in rcmctrl.log and in SQL Server's error log which message failed, remove the cause, and turn the queue on.",
		Command:     "SELECT name, is_receive_enabled, is_enqueue_enabled FROM sys.service_queues WHERE is_ms_shipped = 0;\nALTER QUEUE dbo.ConfigMgrDRSQueue WITH STATUS = ON;",
		Sources: []string{
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-service-queues-transact-sql",
			"https://learn.microsoft.com/sql/database-engine/service-broker/removing-poison-messages",
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/data-transfer-sites/troubleshoot-database-replication-service-issues",
		},
		Rights: []string{"SQL Server: VIEW DEFINITION in the site database, which VIEW ANY DEFINITION has too"},
		Reads:  append(discovery.DatabaseReads(), brokerQueues.In("{SQL Server}", "{site database}").Form()),
		Run:    discovery.OnDatabase(runBrokerQueues),
	}
}

func runBrokerQueues(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("the queues of a secondary site are not known here"), nil
	}
	row, err := platform.AskOne(ctx, c, brokerQueues.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	const wanted, where = "on", "sys.service_queues, is_receive_enabled and is_enqueue_enabled"
	if row.Queues != 2 || row.OthersOff < 0 {
		no := platform.Refuse(platform.ErrDenied, "SQL Server %s shows %d of the two queues ConfigMgrDRSQueue and ConfigMgrDRSSiteQueue of %s", d.Instance, row.Queues, d.Name)
		no.Help = "Grant VIEW DEFINITION in the site database. If both queues are missing for an administrator too, ask Microsoft's support."
		return checks.Items("The queues could not be seen.", checks.UnknownItem("queues", wanted, no)), nil
	}
	items := []checks.Item{
		option{"ConfigMgrDRSQueue", where, wanted, int64(row.GlobalOff), map[int64]string{0: "on", 1: "off"}, []int64{0}}.judge(d),
		option{"ConfigMgrDRSSiteQueue", where, wanted, int64(row.SiteOff), map[int64]string{0: "on", 1: "off"}, []int64{0}}.judge(d),
	}
	finding := checks.Items("The queues of replication are on.", items...)
	switch {
	case checks.Count(items, checks.Warning) > 0:
		finding.Summary = "A queue of replication is off."
	case checks.Count(items, checks.Unknown) > 0:
		finding.Summary = "Whether the queues of replication are on is not known."
	}
	if row.OthersOff > 0 {
		finding.Notes = []string{fmt.Sprintf("Other queues of the database that are off: %d. Whether the product wants them on is not known here.", row.OthersOff)}
	}
	return finding, nil
}
