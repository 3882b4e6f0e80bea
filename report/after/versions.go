package after

import (
	"fmt"
	"slices"
	"strings"

	"siteready/checks/discovery"
	"siteready/checks/state"
	"siteready/checks/version"
)

// notes say what makes two readings hard to compare.
func notes(in Input) []string {
	notes := []string{}
	a, b := in.Earlier, in.Later
	if b.ReadAt.Before(a.ReadAt) {
		notes = append(notes, "The second reading is older than the first: name the one before the update first.")
	}
	if x, y := place(a), place(b); x == "" || y == "" {
		notes = append(notes, "Which machine one of them is of is not known.")
	} else if !strings.EqualFold(x, y) {
		notes = append(notes, fmt.Sprintf("They are of different machines, %s and %s.", x, y))
	}
	if x, y := a.Subject.SiteCode, b.Subject.SiteCode; (x == "") != (y == "") {
		notes = append(notes, "Which site one of them is of is not known, or there is none.")
	} else if !strings.EqualFold(x, y) {
		notes = append(notes, fmt.Sprintf("They are of different sites, %q and %q.", x, y))
	}
	return notes
}

// place is what was read: a machine, or a database that was named, from wherever; empty when it is not known.
func place(s state.State) string {
	if s.Subject.Role != discovery.Remote {
		return s.Subject.Computer
	}
	return s.Subject.SQLServer + "/" + s.Subject.Database
}

// build is the third part of a version, which an update raises; 0 when the text is none.
func build(text string) uint32 {
	v, err := version.Parse(text)
	if err != nil {
		return 0
	}
	return v.Part(2)
}

// siteBuild is the build that the site says it has now, in the registry or else in its database;
// 0 when it is not known.
func siteBuild(s state.State) uint32 {
	for _, v := range s.Versions {
		if v.Kind == state.OfSite && v.Err == nil && build(v.Text) > 0 {
			return build(v.Text)
		}
	}
	return 0
}

func (c *comparison) versions() {
	site, before := siteBuild(c.Later), siteBuild(c.Earlier)
	updated := site > before && before > 0
	for _, v := range c.Later.Versions {
		i := slices.IndexFunc(c.Earlier.Versions, func(old state.Version) bool { return old.Key == v.Key })
		switch {
		case i >= 0:
			c.version(v, c.Earlier.Versions[i], site, updated)
		case v.Err != nil || v.Text != "":
			c.add(Line{Kind: Unknown, Group: Versions, Of: v.Key, Is: v.Text, Because: "the earlier reading does not have it"})
		}
	}
	for _, old := range c.Earlier.Versions {
		if !slices.ContainsFunc(c.Later.Versions, func(v state.Version) bool { return v.Key == old.Key }) && old.Text != "" {
			c.add(Line{Kind: Unknown, Group: Versions, Of: old.Key, Was: old.Text, Because: "it was not asked for now"})
		}
	}
}

// version compares one version; site is the build of the site now.
func (c *comparison) version(v, old state.Version, site uint32, updated bool) {
	if c.unknown(Versions, v.Key, old.Err, v.Err) || v.Text == "" && old.Text == "" {
		return
	}
	l := Line{Kind: Changed, Group: Versions, Of: v.Key, Was: old.Text, Is: v.Text}
	if v.Text == old.Text {
		l.Kind = Same
	}
	then, err := version.Parse(old.Text)
	now, errNow := version.Parse(v.Text)
	known := err == nil && errNow == nil
	switch {
	case v.Text == "":
		l.Kind, l.Because = Look, "it is not there any longer"
	case errNow != nil:
		l.Kind, l.Because = Look, "this is no version"
	case known && now.Compare(then) < 0:
		l.Kind, l.Because = Look, "it is older than before"
	case !c.Later.OtherVersion(c.Earlier) && !c.sameSite && (v.Kind == state.OfSite || v.Kind == state.OfServiceManager) && known:
		c.sameSite = true // said once, and not for each place that knows it
		l.Kind, l.Because = Look, "it has the version of before: the update was not installed here, has not come to its end, or the earlier reading was made after it"
	case (v.Kind == state.OfSite || v.Kind == state.OfComponent) && site > 0 && now.Part(2) != site:
		l.Kind, l.Because = Look, fmt.Sprintf("the site is of build %d: the update has not come to its end here", site)
		l.Do = "Look at Monitoring, Updates and Servicing Status, and at CMUpdate.log, before anything else."
	case v.Kind == state.OfConsole && updated && l.Kind == Same:
		l.Kind, l.Because = Look, "the site was updated and this console was not"
		l.Do = "Open the console and let it update itself, on each computer that has one."
	case v.Kind == state.OfClient && updated && l.Kind == Same:
		l.Kind, l.Because = Ask, "the site was updated and this client was not yet"
		l.Do = "Update clients as planned: Administration, Site Configuration, Sites, Hierarchy Settings, Client Upgrade."
	}
	c.add(l)
}

// confirm are the steps of Microsoft's list for the time after an update that no reading shows.
// https://learn.microsoft.com/intune/configmgr/core/servers/manage/checklist-for-installing-update-2503#post-update-checklist
func confirm(in Input) []string {
	s := in.Later
	if s.Subject.Product == "" {
		s = in.Earlier // what it is cannot be read now
	}
	if s.Subject.Product != "Configuration Manager" {
		return []string{"Connectors, the jobs of the data warehouse, and whatever else was stopped for the upgrade, are on again."}
	}
	if s.Subject.Role == discovery.Secondary {
		return []string{"The parent site shows this site with its new version, and replication as active."}
	}
	return []string{
		"The classes of hardware inventory in the client settings are as they were: an update sets some back.",
		"Consoles on other computers have been updated.",
		"Boot images have been updated on the distribution points, custom ones by hand.",
		"Virus scanners, own scripts, scheduled jobs and extensions that were stopped for the update run again, and fit the new version.",
		"Site systems on other servers have the new version: the column Version of the nodes Sites and Distribution Points.",
	}
}
