package network

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// registryServer is SQL Server's name as the site server's registry has it.
var registryServer = platform.ReadText(databaseKey, "Server")

const (
	sqlKey        = "SQL Server"
	wantedName    = "a full name that is known"
	whereRegistry = databaseKey + ", Server"
)

func names() checks.Check {
	return checks.Check{
		ID:          "network.names",
		Title:       "Do the site server and its SQL Server have good full names?",
		Why:         "The product knows its servers by their full names. It expects that a full name begins with the short one, and that the name of SQL Server leads to it.",
		Consequence: "The product's own prerequisite check stops the update.",
		Remedy: "Give the machine of a wrong short name back the name under which the site was installed. Correct the record in DNS where the name of SQL Server is not known, or leads to another machine. " +
			"A name of SQL Server that is wrong in the site is set with the site maintenance of set-up.",
		Command: "Resolve-DnsName SERVER",
		Rules:   []string{"Primary FQDN", "Validate FQDN of SQL Server"},
		Sources: []string{
			pageRules + "#primary-fqdn", pageRules + "#validate-fqdn-of-sql-server",
			"https://learn.microsoft.com/windows/win32/sysinfo/computer-names",
		},
		Rights: []string{"Windows: nothing", discovery.RegistryRight, siteControlRight},
		Reads: append(discovery.DatabaseReads(), platform.ReadComputer().Form(), siteNetworkForm(),
			platform.ReadAddresses("{SQL Server}").Form()),
		Run: discovery.OnSite(runNames),
	}
}

func runNames(ctx context.Context, c *checks.Case, site discovery.Site) (checks.Finding, error) {
	own, err := platform.Ask(ctx, c, platform.ReadComputer())
	if err != nil {
		return checks.Finding{}, err
	}
	items := []checks.Item{ownName(own)}
	length := fmt.Sprintf("The site server's full name has %d characters. How many the product's own rule allows is not documented.", len([]rune(own.FQDN)))
	if site.Type == discovery.Secondary {
		finding := checks.Items(namesSummary(items), items...)
		finding.Notes = []string{length, "SQL Server of a secondary site is on the site server itself, so that its name was not looked up."}
		return finding, nil
	}
	more, note, err := sqlNames(ctx, c)
	if err != nil {
		more = []checks.Item{checks.UnknownItem(sqlKey, wantedName, err)}
	}
	items = append(items, more...)
	finding := checks.Items(namesSummary(items), items...)
	finding.Notes = append(finding.Notes, length)
	if note != "" {
		finding.Notes = append(finding.Notes, note)
	}
	return finding, nil
}

// ownName judges what this machine is called. Windows cuts a host's name off after 15 letters to
// make the short one.
func ownName(own platform.Computer) checks.Item {
	label, domain, full := strings.Cut(own.FQDN, ".")
	item := checks.Item{
		Key: "short name", Found: fmt.Sprintf("%s, and in full %s", own.Name, own.FQDN), Wanted: "the full name is the short one with a domain",
		Where: "GetComputerNameEx", Status: checks.Passed,
	}
	if !full || domain == "" || !strings.EqualFold(label, own.Name) {
		item.Status = checks.Failed
	}
	return item
}

// sqlNames judges the name of SQL Server. The site control has it, and the site server's registry
// a copy, which alone is no proof.
func sqlNames(ctx context.Context, c *checks.Case) (items []checks.Item, note string, err error) {
	d, _, err := discovery.FindDatabase(ctx, c, c.Stated)
	if err != nil {
		return nil, "", err
	}
	text, _, err := platform.Lookup(ctx, c, registryServer)
	if err != nil {
		return nil, "", err
	}
	registry := string(text)
	if registry == "." || strings.EqualFold(registry, "(local)") { // names that SQL Server's drivers have, and no resolver
		registry = "localhost"
	}
	own, _, errSites := readSites(ctx, c, d)
	if errSites != nil || own.SQLServer == "" {
		if registry == "" {
			return nil, "", cmp.Or(errSites, error(platform.Refuse(platform.ErrMalformed, "neither the site control nor the registry names SQL Server")))
		}
		item, _ := lookedUp(ctx, c, registry, whereRegistry)
		switch {
		case errSites != nil && item.Status != checks.Failed:
			return nil, "", errSites
		case item.Status == checks.Passed:
			item.Status = checks.Warning
			item.Wanted += ", confirmed by the site control, which names none"
		}
		return []checks.Item{item}, "", nil
	}
	item, addresses := lookedUp(ctx, c, own.SQLServer, whereSiteControl+"SQLServerFQDN")
	items = []checks.Item{item}
	switch {
	case registry == "" || strings.EqualFold(own.SQLServer, registry) || addresses == nil:
	case own.Replicated == 1:
		note = "The database is in an availability group, and the registry has the name " + registry + ": a listener has addresses of its own, so that they were not compared."
	default:
		items = append(items, compared(ctx, c, own.SQLServer, addresses, registry))
	}
	return items, note, nil
}

// lookedUp judges a name of SQL Server, and returns its addresses when it has some.
func lookedUp(ctx context.Context, c *checks.Case, name, where string) (checks.Item, []string) {
	item := checks.Item{Key: sqlKey, Found: name, Wanted: wantedName, Where: where, Status: checks.Passed}
	answer, found, err := platform.Lookup(ctx, c, platform.ReadAddresses(name))
	_, notAddress := netip.ParseAddr(name)
	switch {
	case err != nil:
		return checks.UnknownItem(item.Key, item.Wanted, err), nil
	case !found:
		item.Found, item.Status = name+", which is not known here", checks.Failed
		return item, nil
	case notAddress == nil:
		item.Found, item.Status = name+", an address and no name", checks.Warning
	case !strings.Contains(name, "."):
		item.Found, item.Status = name+", a name without a domain", checks.Warning
	default:
		item.Found += " (" + strings.Join(answer.Addresses, ", ") + ")"
	}
	return item, answer.Addresses
}

// compared judges another name in the registry: it must lead to where the site's name leads.
func compared(ctx context.Context, c *checks.Case, name string, addresses []string, other string) checks.Item {
	const key = "SQL Server in the registry"
	wanted := "an address of " + name
	answer, found, err := platform.Lookup(ctx, c, platform.ReadAddresses(other))
	item := checks.Item{Key: key, Found: other, Wanted: wanted, Where: whereRegistry, Status: checks.Passed}
	switch {
	case err != nil:
		return checks.UnknownItem(key, wanted, err)
	case !found:
		item.Found, item.Status = other+", which is not known here", checks.Failed
	case slices.ContainsFunc(answer.Addresses, func(a string) bool { return slices.Contains(addresses, a) }):
	default:
		item.Found, item.Status = other+" ("+strings.Join(answer.Addresses, ", ")+")", checks.Warning
	}
	return item
}

func namesSummary(items []checks.Item) string {
	switch {
	case checks.Count(items, checks.Failed) > 0:
		return "A name is not as the product needs it."
	case checks.Count(items, checks.Unknown) > 0:
		return "Not every name could be looked at."
	case checks.Count(items, checks.Warning) > 0:
		return "A name should be looked at."
	default:
		return "The names are good."
	}
}
