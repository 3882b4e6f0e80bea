package replication

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// watched are the inboxes and the files in them that the product's own rule looks at.
var watched = []struct{ folder, files string }{
	{`despoolr.box\receive`, "*.i??|*.s??|*.nil"},
	{`schedule.box\requests`, "*.sr?"},
}

// allFiles is asked of the folder above, when an inbox is not there.
const allFiles = "*"

// clocksApart is how far in the future a file may be without doubt about the clock.
const clocksApart = time.Hour

func inboxes() checks.Check {
	const folder = `{installation folder}\inboxes`
	reads := append(discovery.SiteReads(), platform.ReadFolder(folder, allFiles).Form())
	for _, w := range watched {
		reads = append(reads, platform.ReadFolder(folder+`\`+w.folder, w.files).Form())
	}
	return checks.Check{
		ID:          "replication.inboxes",
		Title:       "Does the site work off what other sites send it?",
		Why:         "Files from other sites, and orders to send some, lie in inboxes until the despooler and the scheduler have worked on them.",
		Consequence: "The product's own prerequisite check warns, and the update's files may wait behind the others.",
		Remedy:      "Look whether SMS_DESPOOLER and SMS_SCHEDULER run and what they log in despool.log and sched.log. Do not delete files from an inbox.",
		Command:     `Get-ChildItem 'FOLDER\inboxes\despoolr.box\receive', 'FOLDER\inboxes\schedule.box\requests' -File | Sort-Object LastWriteTime`,
		Rules:       []string{"Backlogged inboxes"},
		Sources:     []string{pageRules + "#backlogged-inboxes"},
		Rights:      []string{discovery.RegistryRight, "Windows: list the site's inboxes, which administrators of the site server may"},
		Reads:       reads,
		Settings:    []checks.Setting{{Name: "warns_after", Default: 24, Unit: "hours", Source: pageRules + "#backlogged-inboxes", About: "since a file in an inbox was last written"}},
		Run:         discovery.OnSite(runInboxes),
	}
}

func runInboxes(ctx context.Context, c *checks.Case, s discovery.Site) (checks.Finding, error) {
	if s.Type == discovery.Secondary {
		return checks.DoesNotApply("the product looks at the inboxes of central administration sites and primary sites only"), nil
	}
	above := strings.TrimRight(s.InstallDir, `\`) + `\inboxes`
	var items []checks.Item
	for _, w := range watched {
		items = append(items, judgeInbox(ctx, c, above, w.folder, w.files))
	}
	switch {
	case checks.Count(items, checks.Unknown) > 0:
		return checks.Items("Not every inbox could be looked through.", items...), nil
	case checks.Count(items, checks.Warning) > 0:
		return checks.Items("Files wait in an inbox for too long.", items...), nil
	default:
		return checks.Items("No file waits in an inbox for too long.", items...), nil
	}
}

func judgeInbox(ctx context.Context, c *checks.Case, above, name, files string) checks.Item {
	most := c.Setting("warns_after")
	wanted := fmt.Sprintf("no file older than %g hours", most)
	path := above + `\` + name
	item := checks.Item{Key: name, Wanted: wanted, Where: path, Status: checks.Passed}
	unknown := func(err error) checks.Item { return checks.UnknownItem(name, wanted, err) }
	folder, found, err := platform.Lookup(ctx, c, platform.ReadFolder(path, files))
	switch {
	case err != nil:
		return unknown(err)
	case !found:
		// Where the other inboxes are, it is this one that is not there.
		if _, err := platform.Ask(ctx, c, platform.ReadFolder(above, allFiles)); errors.Is(err, platform.ErrAbsent) {
			return unknown(platform.Refuse(platform.ErrMalformed, "there is no folder %s, where the site's inboxes must be", above))
		} else if err != nil {
			return unknown(err)
		}
		item.Found = "no such folder"
		return item
	case folder.Files < 0 || folder.Bytes < 0 || (folder.Files > 0) != (folder.Oldest != nil) || (folder.Files > 0) != (folder.Newest != nil):
		return unknown(platform.Refuse(platform.ErrMalformed, "the answer about the files in %s contradicts itself", path))
	case folder.Files == 0 && folder.More:
		return unknown(tooMany(path))
	case folder.Files == 0:
		item.Found = "no file"
		return item
	}
	age := c.ReadAt().Sub(*folder.Oldest)
	switch {
	case age.Hours() > most:
		item.Status = checks.Warning
	case folder.More:
		return unknown(tooMany(path))
	case c.ReadAt().Sub(*folder.Newest) < -clocksApart:
		return unknown(platform.Refuse(platform.ErrMalformed, "a file in %s was written in the future, so it is not known how old the files are", path))
	}
	item.Found = fmt.Sprintf("%s, the oldest is %s", count(folder.Files, "file", "files"), old(age))
	return item
}

func tooMany(path string) *platform.NoAnswer {
	return platform.Refuse(platform.ErrTooLarge, "%s has more than %d entries, and the rest was not looked at", path, platform.MaxFolderEntries)
}

// old says how old something is, in whole hours and days.
func old(age time.Duration) string {
	switch {
	case age < time.Hour:
		return "less than 1 hour old"
	case age < 48*time.Hour:
		return count(int64(age.Hours()), "hour old", "hours old")
	}
	return fmt.Sprintf("%d days old", int64(age.Hours()/24))
}
