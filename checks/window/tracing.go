package window

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// sqlTracing turns on that the product's components write each SQL statement to their logs. The
// documents name the value without its type.
var sqlTracing = platform.ReadNumber(`HKLM\SOFTWARE\Microsoft\SMS\Tracing`, "SqlEnabled")

func statementTracing() checks.Check {
	return checks.Check{
		ID:          "window.sql-tracing",
		Title:       "Do the site's components not write every SQL statement to their logs?",
		Why:         "Tracing of SQL statements is turned on to find a fault, and often forgotten. It makes the logs huge and the components slow.",
		Consequence: "The logs of an update roll over before anybody has read them, and the update takes longer.",
		Remedy:      "Set the value to 0. The components read it when SMS_EXECUTIVE starts again.",
		Command:     `reg.exe add "HKLM\SOFTWARE\Microsoft\SMS\Tracing" /v SqlEnabled /t REG_DWORD /d 0 /f`,
		Sources: []string{
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/content-management/advanced-troubleshooting-tips",
		},
		Rights: []string{discovery.RegistryRight},
		Reads:  append(discovery.SiteReads(), sqlTracing.Form()),
		Run:    discovery.OnSite(runStatementTracing),
	}
}

func runStatementTracing(ctx context.Context, c *checks.Case, _ discovery.Site) (checks.Finding, error) {
	value, found, err := platform.Lookup(ctx, c, sqlTracing)
	if err != nil {
		return checks.Finding{}, err
	}
	item := checks.Item{Key: "SqlEnabled", Found: "off", Wanted: "off", Where: sqlTracing.String(), Status: checks.Passed}
	if !found || value == 0 {
		return checks.Items("The components do not write SQL statements to their logs.", item), nil
	}
	item.Found, item.Status = "on", checks.Warning
	if value != 1 {
		item.Found = fmt.Sprintf("%d", value)
	}
	return checks.Items("The components write SQL statements to their logs.", item), nil
}
