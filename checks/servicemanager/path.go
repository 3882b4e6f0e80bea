package servicemanager

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/checks/version"
	"siteready/platform"
)

func upgradePath() checks.Check {
	return checks.Check{
		ID:          "smprereq.upgrade-path",
		Title:       "May Service Manager of this version be upgraded to the target?",
		Why:         "Each release can be installed over the one before it, some with a certain update rollup, and over no other.",
		Consequence: "Setup refuses to upgrade, or leaves a mixture that nobody supports.",
		Remedy:      "Go through the releases that are named here, one after the other, each time the data warehouse management server first. `siteready --target scsm=...` judges for each.",
		Covers:      []string{"Supported upgrade path"},
		Sources:     []string{pageUpgrade, pageBuilds},
		Rights:      []string{discovery.RegistryRight},
		Reads:       reads(programReads()...),
		Run:         discovery.OnServer(runUpgradePath, both()...),
	}
}

func absent(err error) bool { return errors.Is(err, platform.ErrAbsent) }

func runUpgradePath(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	target, names := discovery.TargetOf(c, sm), sm.Names()
	item := checks.Item{
		Key: "Service Manager", Found: found(sm), Wanted: wantedSource(target), Where: "ServerVersion of Service Manager's set-up in the registry", Status: checks.Passed,
	}
	from := sources(target, names)
	switch {
	case len(names) == 0:
		return checks.Finding{}, platform.Refuse(platform.ErrUnsupported, "version %s of Service Manager is not known here, so it is not known what it may be upgraded to", sm.Version)
	case slices.Equal(names, []string{target.Version}):
		return checks.DoesNotApply("Service Manager is already " + target.Version), nil
	case len(from) == 0:
		item.Status = checks.Failed
		return checks.Items(hops(names, target.Version), item), nil
	case len(from) < len(names):
		return checks.Items("Which release is installed cannot be told.", checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrUnsupported,
			"version %s is %s, which cannot be told apart from here, and only %s may be upgraded to %s", sm.Version, strings.Join(names, " or "), from[0].Version, target.Version))), nil
	case from[0].Rollup == "" || !sm.Version.Less(from[0].Least):
		return checks.Items(fmt.Sprintf("Service Manager %s may be upgraded to %s.", strings.Join(names, " or "), target.Version), item), nil
	}
	return judgeRollup(ctx, c, sm, from[0], target, item), nil
}

func found(sm discovery.ServiceManager) string {
	if names := sm.Names(); len(names) > 0 {
		return fmt.Sprintf("%s (%s)", sm.Version, strings.Join(names, " or "))
	}
	return sm.Version.String()
}

// sources are those of a target's sources that an installed release is, by its names.
func sources(target requirement.ServiceManagerRelease, names []string) []requirement.ServiceManagerSource {
	var all []requirement.ServiceManagerSource
	for _, s := range target.From {
		if slices.Contains(names, s.Version) {
			all = append(all, s)
		}
	}
	return all
}

func wantedSource(target requirement.ServiceManagerRelease) string {
	var all []string
	for _, s := range target.From {
		text := s.Version
		if s.Rollup != "" {
			text += " with " + s.Rollup
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// hops says how to come to a target that is not one step away.
func hops(names []string, target string) string {
	way := requirement.ServiceManagerHops(names[0], target)
	installed := strings.Join(names, " or ")
	if len(way) == 0 {
		return fmt.Sprintf("There is no way from Service Manager %s to %s.", installed, target)
	}
	return fmt.Sprintf("Service Manager %s cannot be upgraded to %s at once; the way is %s.", installed, target, strings.Join(way, ", then "))
}

// judgeRollup looks for the update rollup in Windows' list of programs: whether the registry of
// the product itself tells of rollups is not known.
func judgeRollup(ctx context.Context, c *checks.Case, sm discovery.ServiceManager, from requirement.ServiceManagerSource,
	target requirement.ServiceManagerRelease, item checks.Item,
) checks.Finding {
	item.Wanted, item.Where = fmt.Sprintf("%s with %s (%s) or newer", from.Version, from.Rollup, from.Least), "DisplayVersion in Windows' list of installed programs"
	const untold = "Which update rollup is installed is not known."
	installed, err := programs(ctx, c, "Service Manager")
	if err != nil {
		return checks.Items(untold, unread(item, err))
	}
	var good, old []string
	for _, p := range installed {
		v, err := version.Parse(p.version)
		switch {
		case err != nil:
			return checks.Items(untold, unread(item, platform.Refuse(platform.ErrMalformed, "%s is listed with the version %q", p.name, p.version)))
		case !slices.Equal(requirement.ServiceManagerNames(v), []string{from.Version}):
			// another release's leftovers, or a program of another maker
		case v.Less(from.Least):
			old = append(old, p.version)
		default:
			good = append(good, p.version)
		}
	}
	switch {
	case len(good) > 0 && len(old) == 0:
		item.Found = good[0]
		return checks.Items(fmt.Sprintf("Service Manager %s with %s or newer may be upgraded to %s.", from.Version, from.Rollup, target.Version), item)
	case len(old) > 0 && len(good) == 0:
		item.Status, item.Found = checks.Failed, old[0]
		return checks.Items(fmt.Sprintf("Service Manager needs %s before it can be upgraded to %s.", from.Rollup, target.Version), item)
	case len(old) > 0:
		return checks.Items(untold, unread(item, platform.Refuse(platform.ErrUnsupported,
			"Windows lists parts of Service Manager with the versions %s and %s, so it is not known whether all have %s", old[0], good[0], from.Rollup)))
	}
	return checks.Items(untold, unread(item, platform.Refuse(platform.ErrUnsupported,
		"ServerVersion is %s, and Windows' list of installed programs has no Service Manager %s", sm.Version, from.Version)))
}

// unread is an item that could not be checked; an absence makes no answer either.
func unread(item checks.Item, err error) checks.Item {
	if absent(err) {
		err = platform.Refuse(platform.ErrMalformed, "%v", err)
	}
	return checks.UnknownItem(item.Key, item.Wanted, err)
}
