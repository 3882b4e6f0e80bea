package site

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/updates"
	"siteready/checks/version"
	"siteready/platform"
)

// The sources, as the items are called.
const (
	sourceRegistry = "registry Setup, Full Version"
	sourceProgram  = "smsexec.exe"
	sourceCurrent  = "fnCurrentSiteVersion"
	sourceSetup    = "fnSetupFullVersion"
	sourceNumber   = "fnCurrentSiteVersion_INT"
	sourceListed   = "Sites.Version"
)

// program is the site's main program.
func program(folder string) platform.Query[platform.File] {
	return platform.ReadFile(strings.TrimRight(folder, `\`) + `\bin\x64\smsexec.exe`)
}

func versionSources() checks.Check {
	return checks.Check{
		ID:          "site.versions",
		Title:       "Do all places that know the site's version agree?",
		Why:         "Whether an update applies is decided by versions that the product keeps in six places.",
		Consequence: "An update is taken for not applicable, or an update that never finished goes unnoticed.",
		Remedy:      "Do not correct a version by hand. Open a support case with Microsoft before the update.",
		Command:     "SELECT dbo.fnCurrentSiteVersion(), dbo.fnSetupFullVersion(), dbo.fnCurrentSiteVersion_INT()",
		Sources: []string{
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/understand-troubleshoot-updates-servicing",
		},
		Rights: []string{
			discovery.RegistryRight, "Windows: read smsexec.exe in the installation folder",
			updates.SiteVersionsRight,
		},
		Reads: append(discovery.DatabaseReads(),
			program("{installation folder}").Form(), updates.SiteVersionsForm()),
		Run: runVersionSources,
	}
}

// source is one place's version. Only its third part, the build, counts.
type source struct {
	key, where string
	text       string
	build      uint32
	err        error
}

func runVersionSources(ctx context.Context, c *checks.Case) (checks.Finding, error) {
	site, other, err := discovery.FindSite(ctx, c)
	here := err == nil && other == nil
	var sources []source
	switch {
	case err != nil && !c.Stated.Complete():
		return checks.Finding{}, err
	case err != nil:
		sources = []source{{key: sourceRegistry, err: err}, {key: sourceProgram, err: err}}
	case here:
		sources = append(sources, parsed(sourceRegistry, "registry", site.Version.String()), programSource(ctx, c, site))
	case !c.Stated.Complete():
		return checks.DoesNotApply(other.Headline), nil
	}
	if here && site.Type == discovery.Secondary {
		// The documents name the places in the database for sites that judge updates themselves.
		finding := compared(sources, checks.Warning)
		finding.Notes = append(finding.Notes, "On a secondary site only the registry and the program are compared.")
		return finding, nil
	}
	return compared(append(sources, databaseSources(ctx, c, site)...), checks.Failed), nil
}

func programSource(ctx context.Context, c *checks.Case, site discovery.Site) source {
	query := program(site.InstallDir)
	file, err := platform.Ask(ctx, c, query)
	switch {
	case err != nil:
		return source{key: sourceProgram, err: err}
	case file.Version == nil:
		return source{key: sourceProgram, err: platform.Refuse(platform.ErrMalformed, "%s has no version", query)}
	}
	return parsed(sourceProgram, "file version of "+query.Where, *file.Version)
}

// databaseSources are the four of the database. site is empty where this machine is no site
// server.
func databaseSources(ctx context.Context, c *checks.Case, site discovery.Site) []source {
	keys := []string{sourceCurrent, sourceSetup, sourceNumber, sourceListed}
	failed := func(err error) []source {
		var all []source
		for _, key := range keys {
			all = append(all, source{key: key, err: err})
		}
		return all
	}
	d, _, err := discovery.FindDatabase(ctx, c, c.Stated)
	if err != nil {
		return failed(err)
	}
	rows, err := platform.Ask(ctx, c, updates.SiteVersions(d))
	switch {
	case err != nil:
		return failed(err)
	case len(rows) != 1:
		return failed(platform.Refuse(platform.ErrMalformed, "SQL Server %s answered with %d rows where one was asked for", d.Instance, len(rows)))
	case site.Code != "" && !strings.EqualFold(rows[0].Site, site.Code):
		return failed(platform.Refuse(platform.ErrMalformed,
			"the database %s on SQL Server %s says that it belongs to site %q, and this is the site server of %s", d.Name, d.Instance, rows[0].Site, site.Code))
	}
	row, where := rows[0], "database "+d.Name
	return []source{
		parsed(sourceCurrent, where, row.Current), parsed(sourceSetup, where, row.Setup),
		numbered(where, row.Number), parsed(sourceListed, where, row.Listed),
	}
}

// parsed reads 5.00.nnnn.mmmm.
func parsed(key, where, text string) source {
	s := source{key: key, where: where, text: text}
	v, err := version.Parse(text)
	if err != nil || v.Part(0) != 5 || v.Part(2) == 0 {
		s.err = platform.Refuse(platform.ErrMalformed, "%s is %q, which is no version of a site", key, text)
	}
	s.build = v.Part(2)
	return s
}

// numbered reads 500nnnn.
func numbered(where string, n int64) source {
	const major = 500
	s := source{key: sourceNumber, where: where, text: fmt.Sprint(n)}
	if n/10000 != major || n%10000 == 0 {
		s.err = platform.Refuse(platform.ErrMalformed, "%s is %d, which is no version of a site", sourceNumber, n)
		return s
	}
	s.build = uint32(n % 10000)
	return s
}

// compared makes an item of each source. The build that most of them have is the one that the
// others are measured by; where two builds are equally frequent, the first one.
func compared(sources []source, mismatch checks.Status) checks.Finding {
	count := map[uint32]int{}
	common, readable := uint32(0), 0
	for _, s := range sources {
		if s.err == nil {
			readable++
			count[s.build]++
		}
	}
	for _, s := range sources {
		if s.err == nil && count[s.build] > count[common] {
			common = s.build
		}
	}
	wanted := fmt.Sprintf("build %d, as in most places", common)
	if readable == 0 {
		wanted = "the same build in every place"
	}
	var items []checks.Item
	for _, s := range sources {
		if s.err != nil {
			items = append(items, checks.UnknownItem(s.key, wanted, s.err))
			continue
		}
		item := checks.Item{Key: s.key, Found: s.text, Wanted: wanted, Where: s.where, Status: checks.Passed}
		if s.build != common {
			item.Status = mismatch
		}
		items = append(items, item)
	}
	switch {
	case checks.Count(items, checks.Failed, checks.Warning) > 0:
		return checks.Items("The places that know the site's version disagree.", items...)
	case checks.Count(items, checks.Unknown) > 0:
		return checks.Items(fmt.Sprintf("Only %d of %d places that know the site's version could be read.", readable, len(items)), items...)
	default:
		return checks.Items(fmt.Sprintf("All %d places that know the site's version say build %d.", len(items), common), items...)
	}
}
