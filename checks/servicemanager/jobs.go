package servicemanager

import (
	"context"
	"fmt"
	"slices"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// warehouseJobs lists the jobs of a data warehouse, each with the state of its newest batch and
// how many of its batches are at work. The tables and the numbers of the states are those of
// Microsoft's article on jobs that hang. The kind keeps the names that every data warehouse has.
var warehouseJobs = platform.SQL[jobRow]("warehouse-jobs", `
	SELECT TOP (500) p.ProcessName AS job,
		CASE WHEN p.ProcessName IN (N'MPSyncJob', N'DWMaintenance', N'Transform.Common', N'Load.Common') THEN p.ProcessName
			WHEN p.ProcessName LIKE N'Extract[_]%' THEN N'Extract' WHEN p.ProcessName LIKE N'Load.%' THEN N'Load' ELSE N'' END AS kind,
		ISNULL(n.StatusId, 0) AS newest, ISNULL(l.working, 0) AS working,
		CASE WHEN HAS_PERMS_BY_NAME(N'infra.Process', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'infra.Batch', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM infra.Process p
	LEFT JOIN (SELECT b.ProcessId, MAX(b.BatchId) AS newest_batch, COUNT(CASE WHEN b.StatusId IN (4, 7) THEN 1 END) AS working
		FROM infra.Batch b GROUP BY b.ProcessId) l ON l.ProcessId = p.ProcessId
	LEFT JOIN infra.Batch n ON n.BatchId = l.newest_batch
	ORDER BY p.ProcessName`)

type jobRow struct {
	Job     string `json:"job"`
	Kind    string `json:"kind"`    // the name of a job that must be there, Extract, Load, or empty for any other
	Newest  int    `json:"newest"`  // the state of its newest batch; 0 when it has none
	Working int    `json:"working"` // batches that run or wait
}

// mostJobs is where warehouseJobs ends.
const mostJobs = 500

// The states of a batch that have a meaning of their own here.
const (
	batchFailed  = 2
	batchRuns    = 4
	batchStopped = 5
	batchWaits   = 7
)

// batchStates are the names of the states, from Microsoft's article.
var batchStates = []string{"no batch", "success", "failed", "not started", "running", "stopped", "completed", "waiting"}

// neededJobs must be in every data warehouse, and so must one job of the kind Extract.
var neededJobs = []string{"MPSyncJob", "DWMaintenance", "Transform.Common", "Load.Common"}

const (
	extract = "Extract"
	mayLast = "may_last"
)

const (
	pageJobs   = "https://learn.microsoft.com/troubleshoot/system-center/scsm/troubleshoot-stuck-data-warehouse-jobs"
	pageEnvUp  = "https://learn.microsoft.com/system-center/scsm/upgrade-environment"
	pageCSS    = "https://github.com/microsoft/CSS-SystemCenter-ServiceManager"
	wantedJob  = "not started or completed when Setup begins"
	whereBatch = "infra.Process and infra.Batch"
)

func dataWarehouseJobs() checks.Check {
	return checks.Check{
		ID:    "smprepare.warehouse-jobs",
		Title: "Are the jobs of the data warehouse healthy, and at rest?",
		Why: "The upgrade of the data warehouse must not begin while one of its jobs runs, and a job that fails before the upgrade fails after it, too, " +
			"when it is not known any more which of the two caused it.",
		Consequence: "Setup does not begin, or leaves a batch behind that is half done, and the data warehouse has to be restored.",
		Remedy: "Disable the schedules of all jobs, and wait until each is Not Started. See the errors of a failed one with Get-SCDWJobModule, " +
			"and let it run to its end once before the upgrade.",
		Command:  "Get-SCDWJob | ForEach-Object { Disable-SCDWJobSchedule -JobName $_.Name }; Get-SCDWJob | Format-Table Name, Status, StartTime",
		Covers:   []string{"No data warehouse job runs", "Data warehouse jobs are healthy"},
		Sources:  []string{pageJobs, pageEnvUp, pageCSS},
		Rights:   []string{discovery.RegistryRight, "SQL Server: SELECT on infra.Process and infra.Batch in the database DWStagingAndConfig"},
		Reads:    warehouseReads(warehouseJobs.In("{SQL Server}", "{database}").Form()),
		Settings: []checks.Setting{{Name: mayLast, Default: 12, Unit: "hours", About: "a job that runs now fails the check when the upgrade begins within this time, and warns when it begins later"}},
		Run:      discovery.OnServer(runWarehouseJobs, discovery.Warehouse),
	}
}

// warehouseReads are the questions by which the databases of a data warehouse are found, and
// those of a check.
func warehouseReads(own ...platform.Form) []platform.Form {
	return append(reads(discovery.WarehouseDatabaseReads()...), own...)
}

// warehouseDatabase is one of the databases of a data warehouse, by what it is for.
func warehouseDatabase(ctx context.Context, c *checks.Case, sm discovery.ServiceManager, use string) (discovery.Database, error) {
	databases, err := discovery.DatabasesOf(ctx, c, sm)
	if err != nil {
		return discovery.Database{}, err
	}
	at := slices.IndexFunc(databases, func(d discovery.Database) bool { return d.Use == use })
	if at < 0 {
		return discovery.Database{}, platform.Refuse(platform.ErrMalformed, "the data warehouse has no database for %s", use)
	}
	return databases[at], nil
}

const staging, repository = "staging and configuration", "repository"

func runWarehouseJobs(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	d, err := warehouseDatabase(ctx, c, sm, staging)
	if err != nil {
		return checks.Finding{}, err
	}
	rows, err := platform.Ask(ctx, c, warehouseJobs.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	soon := c.JudgedFor.Sub(c.ReadAt()) <= time.Duration(c.Setting(mayLast)*float64(time.Hour))
	there := map[string]bool{}
	var items []checks.Item
	var broken, works bool
	for _, r := range rows {
		if r.Newest < 0 || r.Newest >= len(batchStates) || r.Working < 0 || r.Newest == 0 && r.Working > 0 {
			return checks.Finding{}, platform.Refuse(platform.ErrUnsupported, "SQL Server %s tells of a job with a state that is not known: %+v", d.Instance, r)
		}
		if r.Newest == 0 {
			continue
		}
		there[r.Kind] = true
		broken, works = broken || r.broken(), works || r.works()
		if item := judgeJob(r, soon); item.Status != checks.Passed || r.Kind != "" {
			items = append(items, item)
		}
	}
	if len(rows) >= mostJobs {
		items = append(items, checks.UnknownItem("other jobs", wantedJob, platform.Refuse(platform.ErrTooLarge, "database %s has more jobs than are listed", d.Name)))
	}
	for _, needed := range append(slices.Clone(neededJobs), extract) {
		if !there[needed] {
			items = append(items, checks.Item{Key: needed, Found: "no such job has a batch", Wanted: wantedJob, Where: whereBatch, Status: checks.Failed})
			broken = true
		}
	}
	summary := "The jobs of the data warehouse are healthy and at rest."
	switch {
	case broken:
		summary = "A job of the data warehouse is not healthy."
	case works:
		summary = "A job of the data warehouse is not at rest."
	case checks.Count(items, checks.Unknown) > 0:
		summary = "Not every job of the data warehouse could be judged."
	}
	return checks.Items(summary, items...), nil
}

// judgeJob judges a job that has a batch. One that is not of the warehouse's own chain, as the
// processing of a cube, holds Setup up while it runs, and may have failed.
func judgeJob(r jobRow, soon bool) checks.Item {
	item := checks.Item{Key: r.Job, Found: batchStates[r.Newest], Wanted: wantedJob, Where: whereBatch, Status: checks.Passed}
	if r.Working > 0 && r.Newest != batchRuns && r.Newest != batchWaits {
		item.Found += fmt.Sprintf("; older batches running or waiting: %d", r.Working)
	}
	switch {
	case r.broken() && r.Kind != "", r.works() && soon:
		item.Status = checks.Failed
	case r.broken(), r.works():
		item.Status = checks.Warning
	}
	return item
}

// broken reports whether the newest batch is one that does not go on by itself.
func (r jobRow) broken() bool { return r.Newest == batchFailed || r.Newest == batchStopped }

// works reports whether any batch is under way.
func (r jobRow) works() bool {
	return r.Working > 0 || r.Newest == batchRuns || r.Newest == batchWaits
}
