package servicemanager

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

var (
	// deployments counts the management packs of a data warehouse by the state of their deployment.
	// The view and its state are known from the tool of Microsoft's support.
	deployments = platform.SQL[deploymentRow]("warehouse-deployment", `
		SELECT COUNT(1) AS packs, COUNT(CASE WHEN v.DeploymentStatusId = 2 THEN 1 END) AS failed,
			COUNT(CASE WHEN v.DeploymentStatusId NOT IN (2, 6) THEN 1 END) AS unfinished,
			COUNT(CASE WHEN v.DeploymentStatusId IS NULL THEN 1 END) AS untold,
			CASE WHEN HAS_PERMS_BY_NAME(N'dbo.DeploySequenceView', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
		FROM dbo.DeploySequenceView v`)
	// basePack counts the management packs, and among them the one that Microsoft's pages look for.
	basePack = platform.SQL[basePackRow]("warehouse-base-pack", `
		SELECT COUNT(1) AS packs,
			COUNT(CASE WHEN m.MPName LIKE N'%SystemDerivedMp.Microsoft.SystemCenter.Datawarehouse.Base%' THEN 1 END) AS base,
			CASE WHEN HAS_PERMS_BY_NAME(N'dbo.ManagementPack', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
		FROM dbo.ManagementPack m`)
)

type deploymentRow struct {
	Packs      int `json:"packs"`
	Failed     int `json:"failed"`
	Unfinished int `json:"unfinished"` // neither failed nor completed
	Untold     int `json:"untold"`     // without a state
}

type basePackRow struct {
	Packs int `json:"packs"`
	Base  int `json:"base"`
}

const pageBase = "https://learn.microsoft.com/troubleshoot/system-center/scsm/management-pack-deployment-status-of-failed"

func warehousePacks() checks.Check {
	return checks.Check{
		ID:    "smprepare.management-packs",
		Title: "Are the management packs of the data warehouse deployed?",
		Why: "The upgrade brings newer management packs, which are deployed on top of those that are there. " +
			"One that failed before, or that still waits for its turn, holds up all that depend on it.",
		Consequence: "MPSyncJob fails after the upgrade. When the base management pack is missing as well, only a restore of all data warehouse databases helps.",
		Remedy: "Wait until MPSyncJob is at its end, then deploy what failed again in the console: Data Warehouse, Management Packs, Restart Deployment. " +
			"When the base management pack is missing, restore the databases as Microsoft's article says before anything else.",
		Command: "SELECT * FROM dbo.DeploySequenceView WHERE DeploymentStatusId <> 6",
		Covers:  []string{"Deployment of management packs is complete", "Base management pack of the data warehouse"},
		Sources: []string{pageUpgrade, pageBase, pageCSS},
		Rights:  []string{discovery.RegistryRight, "SQL Server: SELECT on DeploySequenceView and ManagementPack in the database DWStagingAndConfig"},
		Reads:   warehouseReads(deployments.In("{SQL Server}", "{database}").Form(), basePack.In("{SQL Server}", "{database}").Form()),
		Run:     discovery.OnServer(runWarehousePacks, discovery.Warehouse),
	}
}

func runWarehousePacks(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	d, err := warehouseDatabase(ctx, c, sm, staging)
	if err != nil {
		return checks.Finding{}, err
	}
	items := []checks.Item{judgeDeployment(ctx, c, d), judgeBasePack(ctx, c, d)}
	summary := "The management packs of the data warehouse are deployed."
	switch {
	case items[1].Status == checks.Failed:
		summary = "The base management pack of the data warehouse is missing."
	case items[0].Status == checks.Failed:
		summary = "Not all management packs of the data warehouse are deployed."
	case checks.Count(items, checks.Unknown) > 0:
		summary = "Whether all management packs of the data warehouse are deployed is not known."
	}
	return checks.Items(summary, items...), nil
}

func judgeDeployment(ctx context.Context, c *checks.Case, d discovery.Database) checks.Item {
	item := checks.Item{Key: "deployment", Wanted: "completed for all", Where: "DeploySequenceView in " + d.Name, Status: checks.Passed}
	row, err := platform.AskOne(ctx, c, deployments.In(d.Instance, d.Name))
	done := row.Packs - row.Failed - row.Unfinished - row.Untold
	if err == nil && (row.Packs < 1 || row.Failed < 0 || row.Unfinished < 0 || row.Untold < 0 || done < 0) {
		err = platform.Refuse(platform.ErrMalformed, "SQL Server %s tells of the deployment of management packs what cannot be: %+v", d.Instance, row)
	}
	if err != nil {
		return unread(item, err)
	}
	item.Found = fmt.Sprintf("completed for %d of %d, failed for %d", done, row.Packs, row.Failed)
	switch {
	case row.Failed+row.Unfinished > 0:
		item.Status = checks.Failed
	case row.Untold > 0:
		return unread(item, platform.Refuse(platform.ErrMalformed, "%d of %d management packs in %s have no state of deployment", row.Untold, row.Packs, d.Name))
	}
	return item
}

func judgeBasePack(ctx context.Context, c *checks.Case, d discovery.Database) checks.Item {
	item := checks.Item{Key: "base management pack", Found: "there", Wanted: "there", Where: "ManagementPack in " + d.Name, Status: checks.Passed}
	row, err := platform.AskOne(ctx, c, basePack.In(d.Instance, d.Name))
	if err == nil && (row.Packs < 1 || row.Base < 0 || row.Base > row.Packs) {
		err = platform.Refuse(platform.ErrMalformed, "SQL Server %s says that %d of %d management packs are the base one, which cannot be", d.Instance, row.Base, row.Packs)
	}
	if err != nil {
		return unread(item, err)
	}
	if row.Base == 0 {
		item.Found, item.Status = "missing", checks.Failed
	}
	return item
}
