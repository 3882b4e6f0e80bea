package servicemanager

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

var (
	// processors is what Windows counts when it starts, logical ones.
	processors = platform.ReadText(`HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment`, "NUMBER_OF_PROCESSORS")

	// sqlHardware is what SQL Server sees of its machine.
	sqlHardware = platform.SQL[hardwareRow]("sql-hardware", `
		SELECT i.cpu_count AS processors, i.physical_memory_kb / 1024 AS memory_mb,
			CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1
				OR HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER PERFORMANCE STATE') = 1 THEN 1 ELSE 0 END AS may_see
		FROM sys.dm_os_sys_info i`)
)

type hardwareRow struct {
	Processors int64 `json:"processors"` // logical ones
	Memory     int64 `json:"memory_mb"`  // of the machine
}

const (
	processorsBelow, memoryBelow       = "processors_warns_below", "memory_warns_below"
	sqlProcessorsBelow, sqlMemoryBelow = "sql_processors_warns_below", "sql_memory_warns_below"
)

func hardware() checks.Check {
	const requirements, tool = "Microsoft's page on system requirements", "the tool of Microsoft's support for Service Manager: 8 GB less what a machine may keep for itself"
	return checks.Check{
		ID:          "smprereq.hardware",
		Title:       "Have the servers the processors and the memory that Service Manager needs?",
		Why:         "The same least numbers stand in the requirements of every release. Setup compares them with the server that it runs on.",
		Consequence: "The prerequisite check of Setup warns, the upgrade takes long, and jobs and workflows fall behind afterwards.",
		Remedy:      "Give the virtual machine more processors or memory, with a restart before the upgrade.",
		Command:     "Get-CimInstance Win32_ComputerSystem | Select-Object NumberOfLogicalProcessors, TotalPhysicalMemory",
		Covers:      []string{"Processors and memory"},
		Sources:     []string{pageNeeds, pageCSS, "https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-os-sys-info-transact-sql"},
		Rights:      []string{discovery.RegistryRight, "SQL Server: VIEW SERVER STATE (from 2022 on VIEW SERVER PERFORMANCE STATE is enough), and a user in each database of Service Manager"},
		Reads:       databaseReads(processors.Form(), platform.ReadMemory().Form(), sqlHardware.In("{SQL Server}", "{database}").Form()),
		Settings: []checks.Setting{
			{Name: processorsBelow, Default: 4, Unit: "processors", Source: requirements, About: "logical processors of the management server"},
			{Name: memoryBelow, Default: 8000, Unit: "MB", Source: tool, About: "memory of the management server"},
			{Name: sqlProcessorsBelow, Default: 8, Unit: "processors", Source: requirements, About: "logical processors of SQL Server's machine"},
			{Name: sqlMemoryBelow, Default: 8000, Unit: "MB", Source: tool, About: "memory of SQL Server's machine"},
		},
		Run: discovery.OnServer(runHardware, both()...),
	}
}

func runHardware(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	databases, err := discovery.DatabasesOf(ctx, c, sm)
	if err != nil {
		return checks.Finding{}, err
	}
	items := []checks.Item{ownProcessors(ctx, c), ownMemory(ctx, c)}
	var seen []string // several databases on an instance have one machine
	for _, d := range databases {
		if !slices.Contains(seen, d.Instance) {
			seen = append(seen, d.Instance)
			items = append(items, judgeSQLHardware(ctx, c, d)...)
		}
	}
	summary := "The servers have the processors and the memory that Service Manager needs."
	switch {
	case checks.Count(items, checks.Warning) > 0:
		summary = "A server has less than Service Manager needs."
	case checks.Count(items, checks.Unknown) > 0:
		summary = "Not everything about the servers could be read."
	}
	return checks.Items(summary, items...), nil
}

// atLeast judges a number against a setting.
func atLeast(c *checks.Case, item checks.Item, number int64, setting, unit string) checks.Item {
	least := c.Setting(setting)
	item.Found, item.Status = fmt.Sprintf("%d%s", number, unit), checks.Passed
	if float64(number) < least {
		item.Status = checks.Warning
	}
	return item
}

func wantsAtLeast(c *checks.Case, setting, unit string) string {
	return fmt.Sprintf("at least %g%s", c.Setting(setting), unit)
}

const megabyte = 1 << 20

func ownProcessors(ctx context.Context, c *checks.Case) checks.Item {
	item := checks.Item{Key: "processors", Wanted: wantsAtLeast(c, processorsBelow, ""), Where: processors.String()}
	text, err := platform.Ask(ctx, c, processors)
	if err != nil {
		return unread(item, err)
	}
	number, err := strconv.ParseInt(string(text), 10, 32)
	if err != nil || number < 1 {
		return unread(item, platform.Refuse(platform.ErrMalformed, "%s is %q, which is no number of processors", processors, text))
	}
	return atLeast(c, item, number, processorsBelow, "")
}

func ownMemory(ctx context.Context, c *checks.Case) checks.Item {
	item := checks.Item{Key: "memory", Wanted: wantsAtLeast(c, memoryBelow, " MB"), Where: "GlobalMemoryStatusEx"}
	memory, err := platform.Ask(ctx, c, platform.ReadMemory())
	if err != nil {
		return unread(item, err)
	}
	return atLeast(c, item, int64(memory.Total/megabyte), memoryBelow, " MB")
}

func judgeSQLHardware(ctx context.Context, c *checks.Case, d discovery.Database) []checks.Item {
	const where = "sys.dm_os_sys_info"
	cpu := checks.Item{Key: d.Instance + " processors", Wanted: wantsAtLeast(c, sqlProcessorsBelow, ""), Where: where}
	memory := checks.Item{Key: d.Instance + " memory", Wanted: wantsAtLeast(c, sqlMemoryBelow, " MB"), Where: where}
	row, err := platform.AskOne(ctx, c, sqlHardware.In(d.Instance, d.Name))
	if err == nil && (row.Processors < 1 || row.Memory < 1) {
		err = platform.Refuse(platform.ErrMalformed, "SQL Server %s says that its machine has %d processors and %d MB of memory", d.Instance, row.Processors, row.Memory)
	}
	if err != nil {
		return []checks.Item{unread(cpu, err), unread(memory, err)}
	}
	return []checks.Item{atLeast(c, cpu, row.Processors, sqlProcessorsBelow, ""), atLeast(c, memory, row.Memory, sqlMemoryBelow, " MB")}
}
