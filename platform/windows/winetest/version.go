//go:build linux

package winetest

import "strconv"

// WindowsVersion is the Windows that a prefix pretends to be.
type WindowsVersion struct {
	Build int // 9600 is Server 2012 R2, 14393 2016, 17763 2019, 20348 2022, 26100 2025
	UBR   int // revision; 0 leaves the value absent, as it is on 2012 R2
	// The texts of the registry. An empty one leaves its value absent.
	ProductName      string // "Windows Server 2022 Standard"
	EditionID        string // "ServerStandard"
	InstallationType string // "Server", "Server Core"
	DisplayVersion   string // "21H2"
	// ProductType is "ServerNT", "LanmanNT" (a domain controller) or "WinNT".
	ProductType string
}

// SetWindows makes the prefix pretend to be the given Windows, for
// RtlGetVersion as for the registry. Call it before the first Run.
func (p *Prefix) SetWindows(v WindowsVersion) {
	p.tb.Helper()
	const key = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	set := func(name, value string) {
		if value == "" {
			p.removeRegistry(key, name)
			return
		}
		p.SetRegistry(key, name, value)
	}
	switch v.ProductType {
	case "ServerNT", "LanmanNT", "WinNT":
	default:
		p.tb.Fatalf("set the Windows version: ProductType %q is none of ServerNT, LanmanNT and WinNT", v.ProductType)
	}
	// Wine 8 takes its version from CurrentVersion. Windows since 10 says 6.3
	// there for ever and has two more values, which Wine 10 reads.
	switch {
	case v.Build >= 10240:
		set("CurrentVersion", "10.0")
		p.SetRegistry(key, "CurrentMajorVersionNumber", 10)
		p.SetRegistry(key, "CurrentMinorVersionNumber", 0)
	case v.Build == 9600:
		set("CurrentVersion", "6.3")
		p.removeRegistry(key, "CurrentMajorVersionNumber")
		p.removeRegistry(key, "CurrentMinorVersionNumber")
	default:
		p.tb.Fatalf("set the Windows version: build %d is neither 9600 nor 10240 or higher", v.Build)
	}
	build := strconv.Itoa(v.Build)
	set("CurrentBuild", build)
	set("CurrentBuildNumber", build)
	if v.UBR != 0 {
		p.SetRegistry(key, "UBR", v.UBR)
	} else {
		p.removeRegistry(key, "UBR")
	}
	set("CSDVersion", "") // no service pack
	set("ProductName", v.ProductName)
	set("EditionID", v.EditionID)
	set("InstallationType", v.InstallationType)
	set("DisplayVersion", v.DisplayVersion)
	p.SetRegistry(`HKLM\SYSTEM\CurrentControlSet\Control\ProductOptions`, "ProductType", v.ProductType)
}
