package system

import (
	"context"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// clusterService is the service of a node. Windows installs it with the feature, disabled until
// the machine joins a cluster.
var clusterService = platform.ReadService("ClusSvc")

// replicatedDatabase says whether the site database is in an availability group, of which the
// machines must be in a cluster.
var replicatedDatabase = platform.SQL[replicatedRow]("replicated-database", `
	SELECT CASE WHEN d.replica_id IS NULL THEN 0 ELSE 1 END AS replicated, CASE WHEN HAS_DBACCESS(DB_NAME()) = 1 THEN 1 ELSE 0 END AS may_see
	FROM sys.databases d WHERE d.database_id = DB_ID()`)

type replicatedRow struct {
	Replicated int `json:"replicated"`
}

func failoverCluster() checks.Check {
	return checks.Check{
		ID:          "system.cluster",
		Title:       "Is the site server outside of a failover cluster?",
		Why:         "A site server is not supported in a Windows cluster, but where an availability group for the site database needs one.",
		Consequence: "The product's own prerequisite check looks at it; a site server that moves between nodes does not find its parts.",
		Remedy:      "Move the site server off the cluster, to a machine of its own. For high availability use a site server in passive mode.",
		Command:     "Get-ClusterNode",
		Rules:       []string{"Windows Failover Cluster"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#windows-failover-cluster",
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/configure/high-availability-options",
		},
		Rights: []string{discovery.RegistryRight, "SQL Server: a user in the site database, asked only on a node of a cluster"},
		Reads: append(discovery.DatabaseReads(), clusterService.Form(),
			replicatedDatabase.In("{SQL Server}", "{site database}").Form()),
		Run: discovery.OnSite(runFailoverCluster),
	}
}

// runFailoverCluster warns at most: the product's set-up goes on, on a node of a cluster too.
func runFailoverCluster(ctx context.Context, c *checks.Case, site discovery.Site) (checks.Finding, error) {
	service, found, err := platform.Lookup(ctx, c, clusterService)
	if err != nil {
		return checks.Finding{}, err
	}
	item := checks.Item{Key: "site server", Wanted: "no node of a cluster", Where: "service ClusSvc", Status: checks.Passed}
	switch {
	case !found:
		item.Found = "no failover clustering"
		return checks.Items("The site server is in no cluster.", item), nil
	case service.Start == "disabled":
		item.Found = "failover clustering, which is disabled"
		return checks.Items("The site server is in no cluster.", item), nil
	}
	item.Found = "a node: the cluster service is " + service.State + ", start " + service.Start
	if site.Type != discovery.Secondary {
		d, _, err := discovery.FindDatabase(ctx, c, c.Stated)
		if err != nil {
			return checks.Finding{}, err
		}
		row, err := platform.AskOne(ctx, c, replicatedDatabase.In(d.Instance, d.Name))
		if err != nil {
			return checks.Finding{}, err
		}
		if row.Replicated == 1 {
			item.Found += ", and the site database is in an availability group"
			item.Wanted += ", but for an availability group"
			return checks.Items("The site server is in a cluster, which the availability group may need.", item), nil
		}
	}
	item.Status = checks.Warning
	return checks.Items("The site server is in a cluster.", item), nil
}
