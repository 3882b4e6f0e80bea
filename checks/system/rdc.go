package system

import (
	"context"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// rdcLibrary is where the class of the library is registered; msrdc.h of the Windows SDK names it.
var rdcLibrary = platform.ReadKey(`HKLM\SOFTWARE\Classes\CLSID\{96236A85-9DBC-11DA-9E3F-0011114AE311}\InprocServer32`)

func differentialCompression() checks.Check {
	return checks.Check{
		ID:          "system.rdc",
		Title:       "Is Remote Differential Compression registered on the site server?",
		Why:         "The site server computes with this library of Windows which parts of a file have changed, and sends only those.",
		Consequence: "The product's own prerequisite check stops the update where it finds the library missing.",
		Remedy:      "Add the feature Remote Differential Compression in Server Manager.",
		Command:     "Install-WindowsFeature RDC",
		Rules:       []string{"Microsoft Remote Differential Compression (RDC) library registered"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#microsoft-remote-differential-compression-rdc-library-registered",
			"https://learn.microsoft.com/windows/win32/api/msrdc/",
		},
		Rights: []string{discovery.RegistryRight},
		Reads:  append(discovery.SiteReads(), rdcLibrary.Form()),
		Run:    discovery.OnSite(runDifferentialCompression),
	}
}

// runDifferentialCompression warns at most: that the product's rule looks at this class is
// concluded from its name.
func runDifferentialCompression(ctx context.Context, c *checks.Case, _ discovery.Site) (checks.Finding, error) {
	_, found, err := platform.Lookup(ctx, c, rdcLibrary)
	if err != nil {
		return checks.Finding{}, err
	}
	item := checks.Item{Key: "RDC library", Found: "registered", Wanted: "registered", Where: rdcLibrary.Where, Status: checks.Passed}
	if found {
		return checks.Items("Remote Differential Compression is registered.", item), nil
	}
	item.Found, item.Status = "not registered", checks.Warning
	return checks.Items("Remote Differential Compression is not registered.", item), nil
}
