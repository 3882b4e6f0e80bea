package platform

import "time"

// Service is a Windows service as the service manager knows it. Its command line is never read.
type Service struct {
	State   string `json:"state"`   // running, stopped, start_pending, stop_pending, paused, continue_pending or pause_pending
	Start   string `json:"start"`   // boot, system, automatic, manual or disabled
	Account string `json:"account"` // LocalSystem, NT AUTHORITY\..., DOMAIN\name
}

// ReadService asks for a service by its key name. A service that is not installed is ErrAbsent.
func ReadService(name string) Query[Service] {
	return Query[Service]{Question{Kind: KindService, What: name}}
}

// File is a file's outside.
type File struct {
	Size     int64     `json:"size"`     // bytes
	Modified time.Time `json:"modified"` // UTC
	Version  *string   `json:"version"`  // the fixed file version of its resource, four numbers; null without a resource
}

// ReadFile asks for a file's size, time and version. A missing file is ErrAbsent.
func ReadFile(path string) Query[File] {
	return Query[File]{Question{Kind: KindFile, Where: path}}
}

// Volume is the volume that holds a path.
type Volume struct {
	Mount      string `json:"mount"`       // where it is mounted: D:\ or a folder
	Total      uint64 `json:"total"`       // bytes
	Free       uint64 `json:"free"`        // bytes that this account may still use
	FileSystem string `json:"file_system"` // NTFS, ReFS, ...
}

// ReadVolume asks for the volume that holds a path. A drive that is not there is ErrAbsent.
func ReadVolume(path string) Query[Volume] {
	return Query[Volume]{Question{Kind: KindVolume, Where: path}}
}

// OSVersion is the version of Windows as the kernel gives it, not as a manifest bends it.
type OSVersion struct {
	Major        uint32  `json:"major"`
	Minor        uint32  `json:"minor"`
	Build        uint32  `json:"build"`
	Product      string  `json:"product"`      // ProductName as the registry has it; a text for people
	Installation *string `json:"installation"` // InstallationType: Server, Server Core or Client; null when it is not there
	Workstation  bool    `json:"workstation"`  // product type 1, a client edition of Windows
}

// ReadOSVersion asks for the version of Windows on this machine.
func ReadOSVersion() Query[OSVersion] {
	return Query[OSVersion]{Question{Kind: KindOS, What: "version"}}
}

// Computer is this machine's name and the account that asks.
type Computer struct {
	Name     string `json:"name"`     // NetBIOS name
	FQDN     string `json:"fqdn"`     // DNS name, fully qualified
	Account  string `json:"account"`  // DOMAIN\user that siteready runs as
	Elevated bool   `json:"elevated"` // it holds an administrator's full token
}

// ReadComputer asks for this machine's name and the account that asks.
func ReadComputer() Query[Computer] {
	return Query[Computer]{Question{Kind: KindOS, What: "name"}}
}

// Boot is when Windows was started.
type Boot struct {
	At time.Time `json:"at"` // UTC
}

// ReadBoot asks when Windows was started.
func ReadBoot() Query[Boot] { return Query[Boot]{Question{Kind: KindOS, What: "boot"}} }

// Memory is the machine's physical memory.
type Memory struct {
	Total uint64 `json:"total"` // bytes
}

// ReadMemory asks for the machine's physical memory.
func ReadMemory() Query[Memory] { return Query[Memory]{Question{Kind: KindOS, What: "memory"}} }
