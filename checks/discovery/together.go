package discovery

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/requirement"
	"siteready/platform"
)

// Here is what of the products is on this machine, as far as it could be read.
type Here struct {
	Site           *Site           // nil: this is no site server
	Other          *Subject        // what it is to Configuration Manager instead; nil for a site server
	ServiceManager *ServiceManager // nil: nothing of it is here
	// Unread are the products of which could not be read whether they are here.
	Unread []checks.Item
}

// Nothing reports whether neither product is here, which is sure.
func (h Here) Nothing() bool { return h.Site == nil && h.ServiceManager == nil && len(h.Unread) == 0 }

// Neither says what a machine is to Configuration Manager on which no Service Manager is.
func Neither(other Subject) string {
	if rest, ok := strings.CutPrefix(other.Headline, noSiteHere); ok {
		return noProductHere + rest
	}
	return other.Headline
}

// HereReads are the questions that OnProducts asks.
func HereReads() []platform.Form { return append(SiteReads(), ServiceManagerReads()...) }

// DatabasesReads are the questions that OnDatabases asks.
func DatabasesReads() []platform.Form {
	return slices.Concat(DatabaseReads(), ServiceManagerReads(), ManagementDatabaseReads(), WarehouseDatabaseReads())
}

// FindHere reads what of both products is on this machine. It is an error when nothing could be
// read of either.
func FindHere(ctx context.Context, a platform.Asker) (Here, error) {
	var h Here
	site, other, siteErr := FindSite(ctx, a)
	switch {
	case siteErr != nil:
		h.Unread = append(h.Unread, checks.UnknownItem(requirement.ConfigMgr.Name(), "", siteErr))
	case other != nil:
		h.Other = other
	default:
		h.Site = &site
	}
	sm, err := FindServiceManager(ctx, a)
	if err != nil {
		h.Unread = append(h.Unread, checks.UnknownItem(requirement.ServiceManager.Name(), "", err))
		if siteErr != nil {
			return Here{}, siteErr
		}
	}
	h.ServiceManager = sm
	return h, nil
}

// OnProducts is the Run of a check that judges a server whichever of the products is on it. What
// could not be read becomes an item of its own. Where nothing is here the check does not apply.
func OnProducts(run func(context.Context, *checks.Case, Here) (checks.Finding, error)) func(context.Context, *checks.Case) (checks.Finding, error) {
	return func(ctx context.Context, c *checks.Case) (checks.Finding, error) {
		here, err := FindHere(ctx, c)
		switch {
		case err != nil:
			return checks.Finding{}, err
		case here.Nothing():
			return checks.DoesNotApply(Neither(*here.Other)), nil
		case here.Site == nil && here.ServiceManager == nil:
			return checks.Items("What this machine is could not be read in full.", here.Unread...), nil
		}
		finding, err := run(ctx, c, here)
		if err != nil || len(here.Unread) == 0 {
			return finding, err
		}
		return withItems(finding, here.Unread), nil
	}
}

// withItems adds items to a finding, whose own status is kept as an item when it has none.
func withItems(f checks.Finding, more []checks.Item) checks.Finding {
	if len(f.Items) == 0 {
		f.Items = []checks.Item{{Key: "this server", Found: f.Summary, Status: f.Status()}}
	}
	f.Items = append(f.Items, more...)
	return f
}

// OnDatabases is the Run of a check that judges databases, each by itself: the site's, and those
// of Service Manager. With one database the finding is what run says of it; with more it is all
// of them in one. It applies on a server of either product, and anywhere when the operator named
// server and database, which is then the only one.
func OnDatabases(run func(context.Context, *checks.Case, Database) (checks.Finding, error)) func(context.Context, *checks.Case) (checks.Finding, error) {
	return func(ctx context.Context, c *checks.Case) (checks.Finding, error) {
		databases, unread, other, err := FindDatabases(ctx, c, c.Stated)
		switch {
		case err != nil:
			return checks.Finding{}, err
		case len(databases) == 0 && len(unread) == 0:
			return checks.DoesNotApply(other), nil
		case len(databases) == 1 && len(unread) == 0:
			return run(ctx, c, databases[0])
		}
		return together(ctx, c, databases, unread, run), nil
	}
}

// FindDatabases are the databases of the products here, an item for each product of which they
// could not be read, and, when there is neither, why. What the operator stated wins. It is an
// error when nothing could be read.
func FindDatabases(ctx context.Context, a platform.Asker, stated checks.Stated) (all []Database, unread []checks.Item, none string, err error) {
	site, other, siteErr := FindDatabase(ctx, a, stated)
	switch {
	case siteErr == nil && other == nil:
		all = append(all, site)
		if stated.Complete() {
			return all, nil, "", nil
		}
	case siteErr == nil:
		none = Neither(*other)
	default:
		unread = append(unread, checks.UnknownItem("database of "+requirement.ConfigMgr.Name(), "", siteErr))
	}
	sm, err := FindServiceManager(ctx, a)
	if err == nil && sm != nil {
		var more []Database
		if more, err = DatabasesOf(ctx, a, *sm); err == nil && len(more) == 0 && none != "" {
			none = fmt.Sprintf("Service Manager has no server here, only %s", strings.Join(sm.Parts(), " and "))
		}
		all = append(all, more...)
	}
	if err != nil {
		unread = append(unread, checks.UnknownItem("databases of "+requirement.ServiceManager.Name(), "", err))
		if siteErr != nil {
			return nil, nil, "", siteErr
		}
	}
	if len(all) == 0 && siteErr != nil {
		return nil, nil, "", siteErr
	}
	if len(all) == 0 && err != nil {
		return nil, nil, "", err
	}
	return all, unread, none, nil
}

// together judges several databases in one finding.
func together(ctx context.Context, c *checks.Case, databases []Database, unread []checks.Item,
	run func(context.Context, *checks.Case, Database) (checks.Finding, error),
) checks.Finding {
	var all checks.Finding
	var reasons []string // why databases are not judged
	worst := checks.NotApplicable
	for _, d := range databases {
		name := d.Instance + "/" + d.Name
		one, err := run(ctx, c, d)
		if err != nil {
			one = checks.Items("What is to be judged could not be read.", checks.UnknownItem(name, "", err))
		}
		if one.Status() == checks.NotApplicable {
			if !slices.Contains(reasons, one.Summary) {
				reasons = append(reasons, one.Summary)
			}
			continue
		}
		if len(one.Items) == 0 {
			one.Items = []checks.Item{{Key: name, Found: one.Summary, Status: one.Status()}}
		}
		for _, item := range one.Items {
			if len(databases) > 1 && !strings.HasPrefix(item.Key, d.Instance) {
				item.Key = name + " " + item.Key
			}
			all.Items = keep(all.Items, item)
		}
		said := one.Summary
		if len(databases) > 1 {
			said = d.Name + ": " + said
			for i, note := range one.Notes {
				one.Notes[i] = d.Name + ": " + note
			}
		}
		all.Notes = append(all.Notes, one.Notes...)
		if status := one.Status(); all.Summary == "" || checks.Worst(status, worst) != worst {
			worst, all.Summary = status, said
		}
	}
	if len(all.Items) == 0 && len(unread) == 0 {
		return checks.DoesNotApply(strings.Join(reasons, "; "))
	}
	if len(unread) > 0 && len(all.Items) == 0 {
		all.Summary = "What is to be judged could not be read."
	}
	if len(databases) > 1 && worst == checks.Passed {
		all.Summary = fmt.Sprintf("Nothing is amiss with any of %d databases.", len(databases))
	}
	all.Items = append(all.Items, unread...)
	return all
}

// keep adds an item, or where its key is there already, keeps the worse of the two: databases on
// one instance share its version and its volumes.
func keep(items []checks.Item, item checks.Item) []checks.Item {
	at := slices.IndexFunc(items, func(i checks.Item) bool { return i.Key == item.Key })
	switch {
	case at < 0:
		return append(items, item)
	case checks.Worst(items[at].Status, item.Status) != items[at].Status:
		items[at] = item
	}
	return items
}
