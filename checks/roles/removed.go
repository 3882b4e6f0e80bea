package roles

import (
	"context"
	"fmt"
	"slices"

	"siteready/checks"
	"siteready/platform"
)

// rolesGone are the roles with which the product's prerequisite check stops an update. Their
// stored names come from public scripts, as Microsoft's list of names leaves them out.
func rolesGone() []role {
	return []role{
		{"SMS Portal Web Site", "application catalog website point"},
		{"SMS Application Web Service", "application catalog web service point"},
		{"SMS AMT Service Point", "out of band service point"},
		{"SMS System Health Validator", "system health validation point"},
	}
}

// registrationPoint belongs to resource access, which has a rule of its own.
var registrationPoint = role{"SMS Certificate Registration Point", "certificate registration point"}

// rolesGoing are the roles for which the product's prerequisite check warns.
func rolesGoing() []role {
	return []role{
		{"AI Update Service Point", "Asset Intelligence synchronization point"},
		{"SMS Enrollment Server", "enrollment point"},
		{"SMS Enrollment Web Site", "enrollment proxy point"},
		{"SMS Device Management Point", "device management point"},
	}
}

const removeRole = "Get-CMSiteRole -RoleName 'NAME' | Select-Object NetworkOSPath, RoleName, SiteCode"

func removedRoles() checks.Check {
	return checks.Check{
		ID:          "roles.removed",
		Title:       "Is the site free of roles that the product no longer has?",
		Why:         "The application catalog, the out of band service point and the system health validation point are gone from the product. A site that still has one cannot be updated.",
		Consequence: "The product's own prerequisite check stops the update.",
		Remedy:      "Remove the role: Administration, Site Configuration, Servers and Site System Roles, the server, then the role, Remove Role. Wait until the site has taken it over.",
		Command:     removeRole,
		Rules: []string{
			"Application catalog rules are unsupported",
			"Unsupported site system role: out of band service point",
			"Unsupported site system role: system health validation point",
		},
		Sources: []string{pageRules + "#application-catalog-rules-are-unsupported", pageRetired, pageRemove, pageRole},
		Rights:  []string{rolesRight},
		Reads:   readsRoles(),
		Run:     onRoles(runRemovedRoles),
	}
}

func runRemovedRoles(_ context.Context, _ *checks.Case, r reading) (checks.Finding, error) {
	items := r.absent(checks.Failed, rolesGone()...)
	for _, name := range r.strangers() {
		no := platform.Refuse(platform.ErrUnsupported, "%s has the role %q, which is not known here, so it is not known whether the product still has it", places(r.of(name)), name)
		no.Help = "Look at the role in Servers and Site System Roles. One that the console can still add is none that was removed."
		items = append(items, checks.UnknownItem("role "+name, "a role that the product still has", no))
	}
	finding := checks.Items("No server has a role that was removed from the product.", items...)
	switch failed, unknown := checks.Count(items, checks.Failed), checks.Count(items, checks.Unknown); {
	case failed == 1:
		finding.Summary = "The site still has a role that was removed from the product."
	case failed > 1:
		finding.Summary = fmt.Sprintf("The site still has %d roles that were removed from the product.", failed)
	case unknown > 0:
		finding.Summary = "The site has a role that is not known here."
	}
	return finding, nil
}

// strangers are the names of roles that no check knows, each once.
func (r reading) strangers() []string {
	known := slices.Concat(rolesGone(), rolesGoing(), []role{registrationPoint, {stored: roleSiteServer}, {stored: roleConnectionPoint}, {stored: roleCloudConnector}})
	var names []string
	for _, row := range r.rows {
		if !slices.ContainsFunc(known, func(k role) bool { return row.is(k.stored) }) && !slices.ContainsFunc(names, row.is) {
			names = append(names, row.Role)
		}
	}
	return names
}

func deprecatedRoles() checks.Check {
	return checks.Check{
		ID:          "roles.deprecated",
		Title:       "Is the site free of roles that are about to be removed?",
		Why:         "Asset Intelligence and the management of mobile devices and Macs on premises have been retired. Their roles are still in the product, and a later release takes them out.",
		Consequence: "The product's own prerequisite check warns; an update that is not told to ignore warnings does not go on.",
		Remedy: "Remove the role in Administration, Site Configuration, Servers and Site System Roles. " +
			"For a device management point it is enough to clear the option for mobile devices and Macs in the properties of the management point.",
		Command: removeRole,
		Rules: []string{
			"Check for site system roles associated with deprecated or removed features",
			"Check if the site uses the asset intelligence synchronization point role",
		},
		Sources: []string{pageRules + "#check-for-site-system-roles-associated-with-deprecated-or-removed-features", pageRetired, pageRemove, pageRole},
		Rights:  []string{rolesRight},
		Reads:   readsRoles(),
		Run:     onRoles(runDeprecatedRoles),
	}
}

func runDeprecatedRoles(_ context.Context, _ *checks.Case, r reading) (checks.Finding, error) {
	items := r.absent(checks.Warning, rolesGoing()...)
	summary := "No server has a role that is about to be removed."
	switch warned := checks.Count(items, checks.Warning); {
	case warned == 1:
		summary = "The site has a role that is about to be removed from the product."
	case warned > 1:
		summary = fmt.Sprintf("The site has %d roles that are about to be removed from the product.", warned)
	}
	return checks.Items(summary, items...), nil
}
