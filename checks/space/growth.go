package space

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
)

func fileGrowth() checks.Check {
	return checks.Check{
		ID:          "space.growth",
		Title:       "Can the files of the databases and of tempdb that share a volume all grow?",
		Why:         "Each of them may have enough room alone, and still take it from the others on the same volume. A growth step that is larger than what is free is not made smaller: the file then does not grow at all.",
		Consequence: "The file that asks last finds the volume full, and the update ends with SQL Server error 1105 or 9002.",
		Remedy:      "Free or add space on the volumes named here, move one of their databases' files to another volume, or set a smaller growth step.",
		Command:     "ALTER DATABASE [CM_xxx] MODIFY FILE (NAME = N'...', FILEGROWTH = 512MB)",
		Rules:       nil,
		Covers:      []string{"Logs and files have room"},
		Sources: []string{
			"https://learn.microsoft.com/troubleshoot/sql/database-engine/database-file-operations/considerations-autogrow-autoshrink",
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-database-files-transact-sql",
		},
		Rights: []string{performanceState},
		Reads: append(discovery.DatabasesReads(),
			dataSpace.In("{SQL Server}", "{site database}").Form(), logSpace.In("{SQL Server}", "{site database}").Form(),
			tempdbSpace.In("{SQL Server}", "{site database}").Form()),
		Settings: fillSettings("the files that share a volume"),
		Run:      runFileGrowth,
	}
}

// runFileGrowth judges each instance with all databases of the products that are on it: they take
// the room of one volume together.
func runFileGrowth(ctx context.Context, c *checks.Case) (checks.Finding, error) {
	databases, unread, none, err := discovery.FindDatabases(ctx, c, c.Stated)
	switch {
	case err != nil:
		return checks.Finding{}, err
	case len(databases) == 0 && len(unread) == 0:
		return checks.DoesNotApply(none), nil
	}
	var items []checks.Item
	var by []string // files that grow by a percentage
	for len(databases) > 0 {
		instance := databases[0].Instance
		var here []discovery.Database
		databases = slices.DeleteFunc(slices.Clone(databases), func(d discovery.Database) bool {
			if strings.EqualFold(d.Instance, instance) {
				here = append(here, d)
				return true
			}
			return false
		})
		pools, err := instancePools(ctx, c, here)
		switch {
		case err != nil && len(items)+len(unread)+len(databases) == 0:
			return checks.Finding{}, err
		case err != nil:
			items = append(items, checks.UnknownItem(instance, "room for all files to grow", err))
			continue
		}
		wanted, needed := together(pools, c.Setting("warns_above")), together(pools, c.Setting("fails_above"))
		for _, volume := range growingOn(pools) {
			items = append(items, shared(instance, volume, pools, wanted, needed))
		}
		by = append(by, percentages(pools)...)
	}
	items = append(items, unread...)
	finding := checks.Items(growthSummary(items), items...)
	if len(items) == 0 {
		finding = checks.Passes("No file of the databases and of tempdb grows, so none takes another's room.")
	}
	if len(by) > 0 {
		finding.Notes = append(finding.Notes,
			"These files grow by a percentage, so each step is larger and takes longer than the one before; a step of a fixed size is better: "+strings.Join(by, ", "))
	}
	return finding, nil
}

// instancePools are what can become full on an instance: the filegroups and logs of databases, and
// tempdb, which they share.
func instancePools(ctx context.Context, c *checks.Case, databases []discovery.Database) ([]pool, error) {
	var all []pool
	for _, d := range databases {
		pools, err := dataPools(ctx, c, d)
		if err != nil {
			return nil, err
		}
		log, _, err := logPool(ctx, c, d)
		if err != nil {
			return nil, err
		}
		all = append(append(all, pools...), log)
	}
	tempData, tempLog, _, err := tempdbPools(ctx, c, databases[0])
	return append(all, tempData, tempLog), err
}

func growthSummary(items []checks.Item) string {
	switch short := checks.Count(items, checks.Failed, checks.Warning); short {
	case 0:
		if checks.Count(items, checks.Unknown) > 0 {
			return "Not of every file is known whether it can grow."
		}
		return "Files that share a volume have room to grow together."
	case 1:
		return "On one volume the files cannot all grow as they are set to."
	default:
		return fmt.Sprintf("On %d volumes the files cannot all grow as they are set to.", short)
	}
}

// growingOn are the volumes that hold a file which may still grow, sorted by name.
func growingOn(pools []pool) []string {
	var volumes []string
	for _, p := range pools {
		for _, f := range p.files {
			if f.next() > 0 && !slices.ContainsFunc(volumes, func(v string) bool { return strings.EqualFold(v, f.volume) }) {
				volumes = append(volumes, f.volume)
			}
		}
	}
	slices.SortFunc(volumes, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return volumes
}

// shared judges one volume: whether its files can grow together so that none of them is too
// full, and whether the largest next step fits.
func shared(instance, volume string, pools []pool, wanted, needed lack) checks.Item {
	mount := strings.ToLower(volume)
	var free int64 = noLimit
	var largest dataFile
	var names []string
	for _, p := range pools {
		grows := false
		for _, f := range p.on(mount) {
			free = min(free, f.free)
			grows = grows || f.next() > 0
			if f.next() > largest.next() {
				largest = f
			}
		}
		if grows {
			names = append(names, p.name)
		}
	}
	least := largest.next()
	if wanted.on[mount] {
		least = max(least, free+wanted.bytes)
	}
	item := checks.Item{
		Key:    instance + " " + volume,
		Found:  fmt.Sprintf("%s free for %s", gigabytes(float64(free)), strings.Join(names, ", ")),
		Wanted: "at least " + gigabytesUp(float64(least)) + " free",
		Where:  "sys.dm_os_volume_stats; the largest next step is " + gigabytesUp(float64(largest.next())) + " of " + largest.path,
		Status: checks.Passed,
	}
	switch {
	case needed.on[mount]:
		item.Status = checks.Failed
	case wanted.on[mount], largest.next() > free:
		item.Status = checks.Warning
	}
	return item
}

// percentages are the paths of the files that may still grow, by a percentage.
func percentages(pools []pool) []string {
	var paths []string
	for _, p := range pools {
		for _, f := range p.files {
			if f.percent > 0 && f.next() > 0 {
				paths = append(paths, fmt.Sprintf("%s (%d %%)", f.path, f.percent))
			}
		}
	}
	return paths
}
