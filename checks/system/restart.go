package system

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

const (
	sessionManagerKey = `HKLM\SYSTEM\CurrentControlSet\Control\Session Manager`
	serverManagerKey  = `HKLM\SOFTWARE\Microsoft\ServerManager`
)

// The four places that the product's own rule looks at.
var (
	servicingPending = platform.ReadKey(`HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending`)
	updateRequired   = platform.ReadKey(`HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired`)
	fileRenames      = platform.ReadList(sessionManagerKey, "PendingFileRenameOperations")
	rebootAttempts   = platform.ReadNumber(serverManagerKey, "CurrentRebootAttempts")
)

// The keys of the last two: when they were written tells people whether the last start was
// before or after.
var (
	sessionManager = platform.ReadKey(sessionManagerKey)
	serverManager  = platform.ReadKey(serverManagerKey)
)

func pendingRestart() checks.Check {
	return checks.Check{
		ID:          "system.restart",
		Title:       "Is this server free of pending restarts?",
		Why:         "Files that are replaced only at a restart would get mixed with those of the update.",
		Consequence: "The product's own prerequisite check stops the update.",
		Remedy:      "Restart the server, and run this check again. What is still there after a restart was not cleared by it: look at the program that is named here.",
		Command:     `(Get-ItemProperty 'HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager').PendingFileRenameOperations`,
		Rules:       []string{"Pending system restart"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#pending-system-restart",
		},
		Rights: []string{discovery.RegistryRight},
		Reads: append(discovery.HereReads(), servicingPending.Form(), updateRequired.Form(), fileRenames.Form(), rebootAttempts.Form(),
			sessionManager.Form(), serverManager.Form(), platform.ReadBoot().Form()),
		Run: discovery.OnProducts(runPendingRestart),
	}
}

const nothingWaits = "nothing waits for a restart"

func runPendingRestart(ctx context.Context, c *checks.Case, _ discovery.Here) (checks.Finding, error) {
	return waiting{status: checks.Failed}.judge(ctx, c), nil
}

// waiting is the question whether a server waits for a restart; with an empty one, this machine.
type waiting struct {
	server string
	status checks.Status // of a place where something waits
}

func (w waiting) judge(ctx context.Context, c *checks.Case) checks.Finding {
	renames, leftovers := w.files(ctx, c)
	items := []checks.Item{
		w.key(ctx, c, "component servicing", servicingPending.At(w.server)),
		w.key(ctx, c, "Windows Update", updateRequired.At(w.server)),
		renames,
		w.roles(ctx, c),
	}
	finding := checks.Items("", items...)
	switch {
	case slices.ContainsFunc(items, func(i checks.Item) bool { return i.Status == w.status && i.Found != zeroAttempts }):
		finding.Summary = "The server waits for a restart."
	case checks.Count(items, checks.Unknown) > 0:
		finding.Summary = "Not every place could be read that tells of a restart."
	case checks.Count(items, checks.Warning) > 0:
		finding.Summary = "The server may wait for a restart."
	default:
		finding.Summary = "Nothing waits for a restart."
	}
	if leftovers != "" {
		finding.Notes = append(finding.Notes, leftovers)
	}
	return finding
}

// key judges a key that is there only while something waits.
func (w waiting) key(ctx context.Context, c *checks.Case, name string, query platform.Query[platform.RegistryKey]) checks.Item {
	item := checks.Item{Key: name, Wanted: nothingWaits, Where: query.String(), Found: nothingWaits, Status: checks.Passed}
	key, found, err := platform.Lookup(ctx, c, query)
	switch {
	case err != nil:
		return checks.UnknownItem(item.Key, item.Wanted, err)
	case found:
		item.Status = w.status
		item.Found = "waits" + w.since(ctx, c, key)
		if holders := slices.Concat(key.Subkeys, key.Values); len(holders) > 0 {
			item.Found += ": " + some(holders, len(holders), key.More)
		}
	}
	return item
}

// zeroAttempts is found where Microsoft names a value as a place that is looked at, and not
// what 0 means there.
const zeroAttempts = "the value is there, with 0"

// roles judges what Server Manager has after roles or features were added or removed.
func (w waiting) roles(ctx context.Context, c *checks.Case) checks.Item {
	query := rebootAttempts.At(w.server)
	item := checks.Item{Key: "Server Manager", Wanted: nothingWaits, Where: query.String(), Found: nothingWaits, Status: checks.Passed}
	attempts, found, err := platform.Lookup(ctx, c, query)
	switch {
	case err != nil:
		return checks.UnknownItem(item.Key, item.Wanted, err)
	case !found:
		return item
	case attempts == 0:
		item.Status, item.Found = checks.Warning, zeroAttempts
		item.Wanted = "no such value: whether the product's rule counts a 0 is not documented"
		return item
	}
	item.Status, item.Found = w.status, fmt.Sprintf("roles or features wait, restarts so far: %d", attempts)
	item.Found += w.sinceOf(ctx, c, serverManager)
	return item
}

// files judges the files that Windows moves or deletes at its start, and says who is
// known to leave such entries behind.
func (w waiting) files(ctx context.Context, c *checks.Case) (item checks.Item, leftovers string) {
	query := fileRenames.At(w.server)
	item = checks.Item{Key: "file renames", Wanted: nothingWaits, Where: query.String(), Found: nothingWaits, Status: checks.Passed}
	list, found, err := platform.Lookup(ctx, c, query)
	switch {
	case err != nil:
		return checks.UnknownItem(item.Key, item.Wanted, err), ""
	case !found || !list.More && !slices.ContainsFunc(list.Entries, func(entry string) bool { return entry != "" }):
		return item, ""
	}
	operations := operationsOf(list.Entries)
	var texts, who []string
	for _, o := range operations {
		texts = append(texts, o.String())
		if name := o.leftBy(); name != "" && !slices.Contains(who, name) {
			who = append(who, name)
		}
	}
	item.Status, item.Found = w.status, "files wait"
	item.Found += w.sinceOf(ctx, c, sessionManager)
	if len(texts) > 0 {
		item.Found += ": " + some(texts, len(texts), list.More)
	}
	if len(who) == 0 {
		return item, ""
	}
	return item, fmt.Sprintf("Such entries are often left by %s, and come back after a restart. The product's own check counts them all the same.", strings.Join(who, ", "))
}

// since says when a key was last written, and on this machine whether that was before its last
// start.
func (w waiting) since(ctx context.Context, c *checks.Case, key platform.RegistryKey) string {
	text := ", last written " + minute(key.Written)
	if w.server != "" {
		return text
	}
	boot, ok := platform.Note(ctx, c, platform.ReadBoot())
	switch {
	case !ok:
		return text
	case key.Written.Before(boot.At):
		return fmt.Sprintf("%s, before the last start (%s), which has not cleared it", text, minute(boot.At))
	}
	return fmt.Sprintf("%s, after the last start (%s)", text, minute(boot.At))
}

// sinceOf is since for a key that is read for that alone. Another server is not asked for it: a
// question that fails could end the questions to it.
func (w waiting) sinceOf(ctx context.Context, c *checks.Case, query platform.Query[platform.RegistryKey]) string {
	if w.server != "" {
		return ""
	}
	key, ok := platform.Note(ctx, c, query)
	if !ok {
		return ""
	}
	return w.since(ctx, c, key)
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// shown is how many names of what waits an item has.
const shown = 3

// some names the first of what waits, and says how many more there are.
func some(names []string, count int, more bool) string {
	text := strings.Join(names[:min(shown, len(names))], "; ")
	switch rest := count - shown; {
	case more:
		text += fmt.Sprintf("; and more than %d others", max(rest, 0))
	case rest > 0:
		text += fmt.Sprintf("; and %d more", rest)
	}
	return text
}

// operation is one pair of PendingFileRenameOperations.
type operation struct {
	from string
	to   string // empty: it is deleted
}

// operationsOf reads the pairs. What follows the last whole pair of a list that was cut is
// taken for a pair of its own.
func operationsOf(entries []string) []operation {
	var all []operation
	for pair := range slices.Chunk(entries, 2) {
		o := operation{from: plainPath(pair[0])}
		if len(pair) == 2 {
			o.to = plainPath(pair[1])
		}
		if o != (operation{}) {
			all = append(all, o)
		}
	}
	return all
}

// plainPath takes away the kernel's prefix, and the marks that stand before it.
func plainPath(path string) string {
	if at := strings.Index(path, `\??\`); at >= 0 {
		return path[at+len(`\??\`):]
	}
	return strings.TrimPrefix(path, "!")
}

// String says what happens at the start.
func (o operation) String() string {
	if o.to == "" {
		return "delete " + o.from
	}
	return fmt.Sprintf("move %s to %s", o.from, o.to)
}

// leavers are folders in which programs leave entries that do no harm, and come back. Nobody
// documents them; they change no status.
var leavers = []struct{ folder, who string }{
	{`\windows\temp\`, "installers that clean up their temporary files"},
	{`\appdata\local\temp\`, "installers that clean up their temporary files"},
	{`\system32\spool\`, "the print spooler"},
	{`\microsoft\edgeupdate\`, "the updater of Microsoft Edge"},
	{`\microsoft\edge\`, "the updater of Microsoft Edge"},
	{`\google\chrome\`, "the updater of Google Chrome"},
	{`\windows defender\`, "Microsoft Defender"},
}

// leftBy says who is known to leave such an entry; empty when nobody is.
func (o operation) leftBy() string {
	for _, l := range leavers {
		if strings.Contains(strings.ToLower(o.from), l.folder) {
			return l.who
		}
	}
	return ""
}
