package security

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// What Microsoft Defender leaves alone, by folder: the names of the values are the folders. In the
// policy the list counts only where a value beside it says so. What is managed by a service for
// devices stands in one text, with | between the folders.
var (
	ownFolders      = platform.ReadKey(defenderKey + `\Exclusions\Paths`)
	policyFolders   = platform.ReadKey(policyKey + `\Exclusions\Paths`)
	policyInForce   = platform.ReadNumber(policyKey+`\Exclusions`, "Exclusions_Paths")
	managedFolders  = platform.ReadText(policyKey+`\Policy Manager`, "ExcludedPaths")
	policyAlone     = platform.ReadNumber(policyKey, "DisableLocalAdminMerge")
	ownHidden       = platform.ReadNumber(policyKey, "HideExclusionsFromLocalAdmins")
	contentLibrary  = platform.ReadText(`HKLM\SOFTWARE\Microsoft\SMS\DP`, "ContentLibraryPath")
	siteFolderNames = [...]string{"inboxes", "Logs", "EasySetupPayload"}
)

func antivirus() checks.Check {
	return checks.Check{
		ID:          "security.antivirus",
		Title:       "Does the virus scanner leave the folders of the site alone?",
		Why:         "A virus scanner holds files open that the update must replace. Microsoft asks to stop it for the update, or to exclude the folders of the site.",
		Consequence: "Files stay locked and the update fails while it replaces them, or files pile up in the inboxes.",
		Remedy:      "Exclude the folders that are named here, or stop the real-time protection for the time of the update. Exclude the data and log files of SQL Server on its own machine, too.",
		Command:     `Add-MpPreference -ExclusionPath 'D:\Program Files\Microsoft Configuration Manager\inboxes'`,
		Sources: []string{
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/endpoint-protection/recommended-antivirus-exclusions",
			"https://learn.microsoft.com/intune/configmgr/core/servers/manage/checklist-for-installing-update-2603#temporarily-stop-any-antivirus-software",
			"https://learn.microsoft.com/defender-endpoint/configure-extension-file-exclusions-microsoft-defender-antivirus",
			"https://learn.microsoft.com/defender-endpoint/configure-local-policy-overrides-microsoft-defender-antivirus",
			"https://learn.microsoft.com/defender-endpoint/microsoft-defender-antivirus-on-windows-server",
		},
		Rights: []string{defenderRight, serviceRight},
		Reads: withSite(scannerService.Form(), passiveMode.Form(), ownFolders.Form(), policyFolders.Form(), policyInForce.Form(), managedFolders.Form(),
			policyAlone.Form(), ownHidden.Form(), contentLibrary.Form()),
		Run: discovery.OnSite(runAntivirus),
	}
}

// exclusions are the folders that are left alone, in lower case.
type exclusions struct {
	folders []string
	unseen  error // why there may be more of them
}

func runAntivirus(ctx context.Context, c *checks.Case, site discovery.Site) (checks.Finding, error) {
	idle, err := defenderIdle(ctx, c)
	if err != nil {
		return checks.Finding{}, err
	}
	if idle != "" {
		return checks.DoesNotApply(idle + "; which folders another virus scanner leaves alone only a person can tell: see the statement system.antivirus under \"Confirm yourself\""), nil
	}
	folders, notes, err := siteFolders(ctx, c, site)
	if err != nil {
		return checks.Finding{}, err
	}
	excluded, err := readExclusions(ctx, c)
	if err != nil {
		return checks.Finding{}, err
	}
	var items []checks.Item
	for _, folder := range folders {
		items = append(items, excluded.judge(folder))
	}
	finding := checks.Items("Microsoft Defender leaves the folders of the site alone.", items...)
	finding.Notes = append(notes, "Another virus scanner beside Microsoft Defender is not seen.")
	switch finding.Status() {
	case checks.Warning:
		finding.Summary = fmt.Sprintf("Microsoft Defender scans %d folders of the site that Microsoft asks to exclude.", checks.Count(items, checks.Warning))
	case checks.Unknown:
		finding.Summary = "Which folders Microsoft Defender leaves alone could not be read whole."
	}
	return finding, nil
}

// siteFolders are the folders to exclude on a site server.
func siteFolders(ctx context.Context, c *checks.Case, site discovery.Site) (folders, notes []string, err error) {
	for _, name := range siteFolderNames {
		folders = append(folders, strings.TrimSuffix(site.InstallDir, `\`)+`\`+name)
	}
	library, found, err := platform.Lookup(ctx, c, contentLibrary)
	switch {
	case err != nil:
		return nil, nil, err
	case !found || library == "":
		notes = append(notes, "The registry of this server does not say where a content library is. If one is here, exclude its folder, too.")
	case strings.HasPrefix(string(library), `\\`):
		notes = append(notes, "The content library is on a share. Exclude it on the server of the share.")
	default:
		folders = append(folders, string(library))
	}
	return folders, notes, nil
}

// readExclusions gathers the folders that are left alone.
func readExclusions(ctx context.Context, c *checks.Case) (exclusions, error) {
	var all exclusions
	inForce, err := lookup(ctx, c, policyInForce)
	if err != nil {
		return all, err
	}
	if inForce.is(1) {
		if err := all.add(ctx, c, policyFolders); err != nil {
			return all, err
		}
	}
	managed, _, err := platform.Lookup(ctx, c, managedFolders)
	if err != nil {
		return all, err
	}
	for folder := range strings.SplitSeq(string(managed), "|") {
		all.take(folder)
	}
	alone, err := lookup(ctx, c, policyAlone)
	if err != nil || alone.is(1) {
		return all, err
	}
	hidden, err := lookup(ctx, c, ownHidden)
	switch {
	case err != nil:
		return all, err
	case hidden.is(1):
		all.unseen = platform.Refuse(platform.ErrDenied, "%s is 1: Microsoft Defender hides its own exclusions", ownHidden)
		return all, nil
	}
	return all, all.add(ctx, c, ownFolders)
}

// add takes the names of a key's values over. Without the key there is none.
func (e *exclusions) add(ctx context.Context, c *checks.Case, query platform.Query[platform.RegistryKey]) error {
	key, _, err := platform.Lookup(ctx, c, query)
	if err != nil {
		return err
	}
	for _, folder := range key.Values {
		e.take(folder)
	}
	if key.More {
		e.unseen = platform.Refuse(platform.ErrTooLarge, "%s has more exclusions than can be read", query)
	}
	return nil
}

func (e *exclusions) take(folder string) {
	if folder = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(folder)), `\`); folder != "" {
		e.folders = append(e.folders, folder)
	}
}

// judge judges one folder. An exclusion holds for the folders below it, too. One with a variable or
// a wildcard that may mean the folder makes it uncertain.
func (e *exclusions) judge(folder string) checks.Item {
	item := checks.Item{Key: folder, Wanted: "excluded", Where: "Exclusions of Microsoft Defender in the registry, its own and those of policies", Status: checks.Passed}
	path := strings.ToLower(strings.TrimSuffix(folder, `\`))
	uncertain := e.unseen
	for _, excluded := range e.folders {
		if path == excluded || strings.HasPrefix(path, excluded+`\`) {
			item.Found = "excluded by " + excluded
			return item
		}
		if at := strings.IndexAny(excluded, "*?%"); at >= 0 && strings.HasPrefix(path, excluded[:at]) {
			uncertain = platform.Refuse(platform.ErrUnsupported, "the exclusion %s has a variable or a wildcard, and siteready does not resolve it", excluded)
		}
	}
	if uncertain != nil {
		return checks.UnknownItem(item.Key, item.Wanted, uncertain)
	}
	item.Found, item.Status = "not excluded", checks.Warning
	return item
}
