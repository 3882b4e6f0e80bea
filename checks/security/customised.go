package security

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/servers"
	"siteready/checks/version"
	"siteready/platform"
)

// customised are files below the site's folder that people change, that an update replaces, and
// whose original lies with the same path below the folder that the site was last updated from.
var customised = [...]string{`bin\X64\osdinjection.xml`}

const (
	originals = `\cd.latest\SMSSETUP\`
	setupFile = `BIN\X64\setup.exe`
)

func customisedFiles() checks.Check {
	reads := []platform.Form{platform.ReadFile("{installation folder}" + originals + setupFile).Form()}
	for _, file := range customised {
		reads = append(reads, platform.ReadDigest("{installation folder}"+originals+file).Form(), platform.ReadDigest("{installation folder}\\"+file).Form())
	}
	return checks.Check{
		ID:          "security.customised-files",
		Title:       "Are the files that an update replaces still the product's own?",
		Why:         "An update puts its own files in place of those that were changed by hand. What was changed is lost, and nobody is told.",
		Consequence: "After the update boot images lack what was added to them, or another change is gone.",
		Remedy:      "Save the file that is named here, and make the change again after the update. Then accept this with a waiver until the update.",
		Command:     `Compare-Object (Get-Content bin\X64\osdinjection.xml) (Get-Content cd.latest\SMSSETUP\BIN\X64\osdinjection.xml)`,
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/manage/checklist-for-installing-update-2603#back-up-customized-files",
			"https://learn.microsoft.com/intune/configmgr/core/servers/manage/the-cd.latest-folder",
			"https://github.com/vinaypamnani-msft/memlabs",
		},
		Rights: []string{
			discovery.RegistryRight, "Windows: read the files that are named, as administrators may",
			"SQL Server: SELECT on vSMS_SC_SysResUse and EXECUTE on fnGetSiteCode in the site database, only where the originals are missing",
		},
		Reads: withDatabase(append(reads, platform.ReadComputer().Form(), discovery.SiteServersForm())...),
		Run:   discovery.OnSite(runCustomisedFiles),
	}
}

func runCustomisedFiles(ctx context.Context, c *checks.Case, site discovery.Site) (checks.Finding, error) {
	if site.Type == discovery.Secondary {
		return checks.DoesNotApply("a secondary site makes no boot images, and has no originals of its own"), nil
	}
	folder := strings.TrimSuffix(site.InstallDir, `\`)
	if err := sameBuild(ctx, c, site, folder+originals+setupFile); err != nil {
		passive, wrong := isPassive(ctx, c, err)
		if passive {
			return checks.DoesNotApply("this is the passive site server, and the originals are on the active one"), nil
		}
		return checks.Finding{}, wrong
	}
	var items []checks.Item
	for _, file := range customised {
		items = append(items, compared(ctx, c, file, folder+originals+file, folder+`\`+file))
	}
	finding := checks.Items("The files that people change are the product's own.", items...)
	finding.Notes = append(finding.Notes, "Only files are compared of which Microsoft's checklist says that they are replaced. Others may have been changed, too.")
	switch finding.Status() {
	case checks.Warning:
		finding.Summary = "A file was changed by hand that the update will replace."
	case checks.Unknown:
		finding.Summary = "Whether a file was changed by hand could not be told."
	}
	return finding, nil
}

// sameBuild sees that the originals belong to the version of the site. Where they do not, the last
// update never ended, or they were replaced.
func sameBuild(ctx context.Context, c *checks.Case, site discovery.Site, path string) error {
	setup, err := platform.Ask(ctx, c, platform.ReadFile(path))
	if err != nil {
		return missing(err, path)
	}
	said := ""
	if setup.Version != nil {
		said = *setup.Version
	}
	of, err := version.Parse(said)
	if err != nil {
		return platform.Refuse(platform.ErrMalformed, "%s has the version %q, which is none", path, said)
	}
	if of.Part(2) != site.Version.Part(2) {
		no := platform.Refuse(platform.ErrUnsupported, "%s is of build %d and the site of build %d, so the originals are not those of this site", path, of.Part(2), site.Version.Part(2))
		no.Help = "See whether the last update of the site has ended: it brings this folder up to date at its end."
		return no
	}
	return nil
}

// isPassive reports whether originals are missing, as why says, because this machine is the passive
// one of the site's servers. Else it returns what keeps the check from an answer.
func isPassive(ctx context.Context, c *checks.Case, why error) (bool, error) {
	if !errors.Is(why, errNoOriginals) {
		return false, why
	}
	database, _, err := discovery.FindDatabase(ctx, c, c.Stated)
	if err != nil {
		return false, err
	}
	rows, err := platform.Ask(ctx, c, discovery.SiteServers(database))
	if err != nil {
		return false, err
	}
	own, err := platform.Ask(ctx, c, platform.ReadComputer())
	if err != nil {
		return false, err
	}
	passive := slices.ContainsFunc(rows, func(row discovery.SiteServer) bool {
		return len(rows) > 1 && row.Status == 0 && servers.IsOwn(own, row.Server)
	})
	return passive, why
}

// compared compares a file with its original.
func compared(ctx context.Context, c *checks.Case, name, original, path string) checks.Item {
	item := checks.Item{Key: name, Wanted: "as the product brought it", Where: path + ", compared with " + original, Status: checks.Passed}
	own, err := platform.Ask(ctx, c, platform.ReadDigest(original))
	if err != nil {
		return checks.UnknownItem(item.Key, item.Wanted, missing(err, original))
	}
	digest, err := platform.Ask(ctx, c, platform.ReadDigest(path))
	switch {
	case isAbsent(err):
		item.Found, item.Status = "it is gone", checks.Warning
	case err != nil:
		return checks.UnknownItem(item.Key, item.Wanted, err)
	case digest != own:
		item.Found, item.Status = fmt.Sprintf("changed: %d bytes, %d in the original", digest.Size, own.Size), checks.Warning
	default:
		item.Found = "as the product brought it"
	}
	return item
}

// errNoOriginals says that there is nothing to compare with.
var errNoOriginals = errors.New("no originals")

// missing is for an original that is not there: there is nothing to compare with.
func missing(err error, path string) error {
	if !isAbsent(err) {
		return err
	}
	refused := platform.Refuse(platform.ErrUnsupported, "%s is not there, and there is nothing else to compare with", path)
	refused.Help = `Look for changes by hand. The statement site.customised-files under "Confirm yourself" is about the same.`
	return fmt.Errorf("%w: %w", errNoOriginals, refused)
}
