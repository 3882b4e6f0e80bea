package servicemanager

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/platform"
)

// hostConfiguration is the configuration file of the configuration service, below the folder of
// the installation.
//
// Source: https://learn.microsoft.com/system-center/scsm/resolve-upgrade-problems.
const hostConfiguration = `\Microsoft.Mom.ConfigServiceHost.exe.config`

const pageEvidence = "https://learn.microsoft.com/dotnet/framework/configure-apps/file-schema/runtime/generatepublisherevidence-element"

// judgeEvidence judges whether the configuration service verifies the publisher of its files when
// it starts, which waits where the network does not let it. Only runtimes before .NET 4 do so. A
// longer limit that is in force leaves time for it. Where the file does not tell, a note says so
// and there is no item: it is a risk only, and what happened is in the events.
func judgeEvidence(ctx context.Context, c *checks.Case, folder string, inForce bool) (item checks.Item, note string) {
	item = checks.Item{Key: "generatePublisherEvidence", Wanted: "false, or .NET 4, or a longer limit in force", Where: hostConfiguration[1:], Status: checks.Passed}
	settings, found, err := platform.Lookup(ctx, c, platform.ReadRuntimeSettings(strings.TrimRight(folder, `\`)+hostConfiguration))
	switch {
	case err != nil:
		return unread(item, err), ""
	case !found:
		return item, item.Where + " is not in the folder of the installation. Whether the configuration service verifies its files over the network when it starts was not looked at."
	}
	runs := strings.Join(settings.Runtimes, ", then ")
	switch {
	case settings.PublisherEvidence == "false":
		item.Found = "false"
	case len(settings.Runtimes) == 0:
		return item, item.Where + " does not say on which .NET the configuration service runs. Before .NET 4 it verifies its files over the network when it starts."
	case afterEvidence(settings.Runtimes[0]):
		item.Found = "runs on " + runs + ", which does not wait for it"
	case inForce:
		item.Found = "not false, and runs on " + runs + "; a longer limit is in force"
	default:
		item.Status, item.Found = checks.Warning, fmt.Sprintf("not false, and runs on %s", runs)
	}
	return item, ""
}

// afterEvidence reports whether a runtime is known to be .NET 4, the last whose version stands in
// such files. From it on the evidence does not delay a start.
func afterEvidence(runtime string) bool { return strings.HasPrefix(runtime, "v4.0") }
