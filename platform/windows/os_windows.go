package windows

import (
	"context"
	"errors"
	"time"
	"unsafe"

	"github.com/shirou/gopsutil/v3/mem"
	"golang.org/x/sys/windows"

	"siteready/platform"
)

// currentVersion holds the names of the Windows that runs.
const currentVersion = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`

// Product types of RtlGetVersion (winnt.h). Zero is none of them.
const (
	workstation      = 1
	domainController = 2
	server           = 3
)

// readOS answers questions about Windows itself.
func readOS(ctx context.Context, what string) (any, error) {
	switch what {
	case "version":
		return readOSVersion(windows.RtlGetVersion(), currentVersion)
	case "name":
		return readComputer()
	case "boot":
		return readBoot()
	case "memory":
		return readMemory(ctx)
	case "domain":
		return readDomainJoin()
	}
	return nil, platform.Refuse(platform.ErrUnsupported, "%q is nothing that can be asked about the operating system", what)
}

// readOSVersion takes the numbers from RtlGetVersion, which no manifest bends, and the texts
// from the registry.
func readOSVersion(version *windows.OsVersionInfoEx, names string) (any, error) {
	ask := call{api: "RtlGetVersion", target: "of this machine"}
	if version.MajorVersion == 0 {
		return nil, ask.malformed("the version is %d.%d.%d", version.MajorVersion, version.MinorVersion, version.BuildNumber)
	}
	switch version.ProductType {
	case workstation, domainController, server:
	default:
		return nil, ask.malformed("the product type is %d", version.ProductType)
	}
	product, err := readText(names, "ProductName")
	if errors.Is(err, platform.ErrAbsent) {
		// What was asked for is the version of Windows, and that is not absent.
		err = platform.Refuse(platform.ErrMalformed, "%v", err)
	}
	if err != nil {
		return nil, err
	}
	answer := platform.OSVersion{
		Major: version.MajorVersion, Minor: version.MinorVersion, Build: version.BuildNumber,
		Product: product, Workstation: version.ProductType == workstation,
	}
	installation, err := readText(names, "InstallationType")
	switch {
	case err == nil:
		answer.Installation = &installation
	case !errors.Is(err, platform.ErrAbsent):
		return nil, err
	}
	return answer, nil
}

// readText reads a text from the registry, as the operating system's own facts need it.
func readText(path, name string) (string, error) {
	value, err := readValue(place{path: path}, name)
	if err != nil {
		return "", err
	}
	if value.Text == nil {
		return "", platform.Refuse(platform.ErrMalformed, "%s : %s is no text", path, name)
	}
	return *value.Text, nil
}

// readComputer reads the machine's names and the account of the process.
func readComputer() (any, error) {
	// The physical names are the machine's own, even where a cluster lends it another one.
	name, err := computerName("ComputerNamePhysicalNetBIOS", windows.ComputerNamePhysicalNetBIOS)
	if err != nil {
		return nil, err
	}
	fqdn, err := FullName()
	if err != nil {
		return nil, err
	}
	const target = "of this process"
	token := windows.GetCurrentProcessToken() // no handle that would have to be closed
	user, err := token.GetTokenUser()
	if err != nil {
		return nil, call{api: "GetTokenInformation TokenUser", target: target, right: "query its own token"}.refused(err)
	}
	account, domain, _, err := user.User.Sid.LookupAccount("")
	lookup := call{api: "LookupAccountSid", target: user.User.Sid.String(), right: "look up accounts"}
	if err != nil {
		return nil, lookup.refused(err)
	}
	if account == "" || domain == "" {
		return nil, lookup.malformed(`the account is %s\%s`, domain, account)
	}
	var elevated, length uint32
	err = windows.GetTokenInformation(token, windows.TokenElevation,
		(*byte)(unsafe.Pointer(&elevated)), uint32(unsafe.Sizeof(elevated)), &length)
	if err != nil {
		return nil, call{api: "GetTokenInformation TokenElevation", target: target, right: "query its own token"}.refused(err)
	}
	return platform.Computer{
		Name: name, FQDN: fqdn, Account: domain + `\` + account, Elevated: elevated != 0,
	}, nil
}

// FullName is this machine's fully qualified DNS name.
func FullName() (string, error) {
	return computerName("ComputerNamePhysicalDnsFullyQualified", windows.ComputerNamePhysicalDnsFullyQualified)
}

// computerName asks for one of the machine's names.
func computerName(format string, number uint32) (string, error) {
	ask := call{api: "GetComputerNameEx", target: format, right: "query this machine's names"}
	length := uint32(windows.MAX_PATH)
	for range attempts {
		buffer := make([]uint16, length+1)
		length = uint32(len(buffer))
		err := windows.GetComputerNameEx(number, &buffer[0], &length)
		if errors.Is(err, windows.ERROR_MORE_DATA) {
			continue // length is now what it takes
		}
		if err != nil {
			return "", ask.refused(err)
		}
		if name := windows.UTF16ToString(buffer); name != "" {
			return name, nil
		}
		return "", ask.malformed("the name is empty")
	}
	return "", ask.refused(windows.ERROR_MORE_DATA)
}

// readBoot counts back from now, to the second: Windows counts the time since its start, and
// the clock may have been set since.
func readBoot() (any, error) {
	since := windows.DurationSinceBoot()
	if since <= 0 {
		return nil, call{api: "GetTickCount64", target: "of this machine"}.malformed("the time since the start is %v", since)
	}
	return platform.Boot{At: time.Now().Add(-since).Truncate(time.Second).UTC()}, nil
}

// readMemory reads the size of the physical memory that Windows can use.
func readMemory(ctx context.Context) (any, error) {
	ask := call{api: "GlobalMemoryStatusEx", target: "of this machine", right: "query the memory"}
	memory, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return nil, ask.refused(err)
	}
	if memory == nil || memory.Total == 0 { // gopsutil may fail without an error
		return nil, ask.malformed("no memory was found")
	}
	return platform.Memory{Total: memory.Total}, nil
}
