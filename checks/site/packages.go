package site

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/checks/updates"
	"siteready/checks/version"
	"siteready/platform"
)

func packagesInFlight() checks.Check {
	return checks.Check{
		ID:          "site.packages",
		Title:       "Is no update package in flight, failed or stuck?",
		Why:         "The sites install one update at a time. What is in flight must end, and what failed must be understood, before the next one is started.",
		Consequence: "A second update on top of one that is in flight or half installed leaves sites that only a restore brings back.",
		Remedy:      "Follow what the notes say for the state of each package named here, and run siteready again.",
		Command:     "SELECT PackageGuid, State FROM dbo.CM_UpdatePackages WHERE State NOT IN (196612, 393213, 393214)",
		Sources: []string{
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/understand-troubleshoot-updates-servicing",
			"https://learn.microsoft.com/intune/configmgr/develop/reference/sum/updateprereqandstateflags-method-in-class-sms_cm_updatepackages",
			"https://learn.microsoft.com/intune/configmgr/core/servers/manage/update-reset-tool",
		},
		Rights: []string{
			discovery.RegistryRight,
			updates.Right,
		},
		Reads: append(discovery.DatabaseReads(), updates.Form()),
		Run:   discovery.OnDatabase(runPackagesInFlight),
	}
}

const (
	whereUpdates   = "CM_UpdatePackages and CM_UpdatePackageSiteStatus of the site database"
	wantsNoFlight  = "nothing in flight, failed or stuck"
	allPackages    = "update packages"
	furtherUpdates = "further packages"
)

func runPackagesInFlight(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("a secondary site is updated by its parent, not by packages of its own"), nil
	}
	rows, err := updates.Ask(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	first := rows[0]
	none := first.Package == ""
	listed := int64(len(rows))
	items := []checks.Item{{
		Key: allPackages, Found: fmt.Sprintf("%d, of which %d are installed", first.Packages, first.Installed), Wanted: "at least one", Where: whereUpdates,
		Status: checks.Passed,
	}}
	if first.Packages == 0 {
		items[0].Status = checks.Warning // nothing was synchronized yet, so no update can be started
	}
	var notes []string
	if !none {
		keys := packageKeys(rows)
		for i, row := range rows {
			item, state := judgePackage(keys[i], row)
			items = append(items, item)
			if note := advice(state); item.Status != checks.Passed && note != "" && !slices.Contains(notes, note) {
				notes = append(notes, note)
			}
		}
	}
	if first.Listed > listed {
		items = append(items, checks.UnknownItem(furtherUpdates, wantsNoFlight, platform.Refuse(platform.ErrTooLarge,
			"%d further rows are not in the list, which holds %d", first.Listed-listed, listed)))
	}
	if note := notOffered(c.Target, rows); note != "" {
		notes = append(notes, note)
	}
	finding := checks.Items(packagesSummary(items), items...)
	finding.Notes = notes
	return finding, nil
}

func packagesSummary(items []checks.Item) string {
	switch bad := checks.Count(items, checks.Failed); {
	case bad == 1:
		return "One update package is in flight or failed: do not start an update."
	case bad > 1:
		return fmt.Sprintf("Update packages are in flight or failed, in %d places: do not start an update.", bad)
	case checks.Count(items, checks.Unknown) > 0:
		return "Not every update package's state is known."
	case items[0].Status == checks.Warning:
		return "The site knows no update package; nothing was synchronized yet."
	case checks.Count(items, checks.Warning) > 0:
		return "Nothing is being installed, but some update packages need a look."
	default:
		return "No update package is in flight, failed or stuck."
	}
}

// notOffered says that no package of the target is among the rows, where that is sure: the site
// is older, the list is whole, and the version of each package in it is known.
func notOffered(target requirement.Release, rows []updates.Row) string {
	own, err := version.Parse(rows[0].SiteVersion)
	if err != nil || own.Part(2) >= target.Build || rows[0].Packages == 0 || rows[0].Listed > int64(len(rows)) {
		return ""
	}
	for _, row := range rows {
		if row.Package == "" {
			continue
		}
		if pkg, err := version.Parse(row.Version); err != nil || pkg.Part(2) == target.Build {
			return ""
		}
	}
	return fmt.Sprintf("No package of %s is offered to this site yet, so it cannot be started from the console.", target.Version)
}

// packageKeys names each row: the package's name, its GUID where another package has the same
// name or there is none, and the site.
func packageKeys(rows []updates.Row) []string {
	guids := map[string]string{}
	for _, row := range rows {
		if old, seen := guids[row.Name]; seen && old != row.Package {
			guids[row.Name] = ""
		} else if !seen {
			guids[row.Name] = row.Package
		}
	}
	var keys []string
	for _, row := range rows {
		key := row.Name
		switch {
		case row.Name == "":
			key = row.Package
		case guids[row.Name] == "":
			key += " " + row.Package
		}
		if row.Site != "" {
			key += ", site " + row.Site
		}
		keys = append(keys, key)
	}
	return keys
}

// judgePackage judges one row. Its state is nil when the code is not known.
func judgePackage(key string, row updates.Row) (checks.Item, *updates.State) {
	state, known := updates.StateOf(row.State)
	if !known {
		no := platform.Refuse(platform.ErrUnsupported, "the state of %s is %d, which is not known here", key, row.State)
		no.Help = "Look at the package in Administration, Updates and Servicing, before an update is started."
		return checks.UnknownItem(key, wantsNoFlight, no), nil
	}
	item := checks.Item{
		Key: key, Found: fmt.Sprintf("%s: %s (%s, %d)", state.Phase, state.Meaning, state.Name, state.Code),
		Wanted: wantsNoFlight, Where: whereUpdates, Status: state.Status,
	}
	if flag, ok := updates.Flags()[row.Flag]; ok && state.UnderWay() && !updates.Final(row.PackageState) {
		item.Found += "; " + flag
	}
	if row.Unchanged >= 0 && item.Status == checks.Failed {
		item.Found += "; unchanged for " + span(time.Duration(row.Unchanged)*time.Minute)
	}
	switch {
	case row.Site != "" && updates.Final(row.PackageState):
		// The package is done with only after every site has reported, so this row is late, or
		// is left of a site that is gone.
		item.Status = checks.Warning
		item.Found += "; the package as a whole is done with"
	case state.Failure() && updates.Superseded(row):
		item.Status = checks.Passed
		item.Found += "; left of a version before the site's own"
	case state.Status == checks.Unknown:
		return checks.UnknownItem(key, wantsNoFlight, platform.Refuse(platform.ErrUnsupported, "%s: %s (%s, %d)", key, state.Meaning, state.Name, state.Code)), &state
	case state.Code == updates.PrereqSucceeded && (row.Flag == 0 || row.Flag == 2):
		item.Status = checks.Warning
		item.Found += ": the installation follows by itself"
	case state.Code == updates.PrereqSucceeded && row.Flag != updates.OnlyCheck:
		no := platform.Refuse(platform.ErrUnsupported, "the prerequisite check of %s passed (%s, %d), and whether its installation follows by itself is not known", key, state.Name, state.Code)
		no.Help = "Look in Monitoring, Updates and Servicing Status, whether the package is being installed."
		return checks.UnknownItem(key, wantsNoFlight, no), &state
	}
	return item, &state
}

// advice says what may be done in a state, and what not.
func advice(s *updates.State) string {
	if s == nil {
		return ""
	}
	return strings.TrimSpace(s.Name + ": " + s.Safe + " " + s.Avoid)
}

// span writes a time for people.
func span(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f minutes", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}
