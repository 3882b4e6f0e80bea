//go:build windows

// Command probe prints as JSON what a Windows program sees.
//
//	probe value KEY NAME  a value below HKEY_LOCAL_MACHINE or HKEY_CURRENT_USER
//	probe key KEY         whether a key can be opened
//	probe windows         the version
//	probe service NAME    configuration and state, with query rights only
//	probe version FILE    the fixed part of a version resource
//	probe drives          the letters
//	probe drive ROOT      total and free bytes
//	probe host            the names of the machine
//	probe lookup NAME     the addresses of a name
//	probe echo ARG...     arguments, working directory, a variable, standard input
//	probe exit CODE
package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

func main() {
	answer, err := probe(os.Args[1], os.Args[2:])
	var errno windows.Errno
	if errors.As(err, &errno) {
		answer = map[string]any{"errno": int(errno)}
	} else if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func probe(what string, args []string) (any, error) {
	switch what {
	case "value":
		return value(args[0], args[1])
	case "key":
		key, err := open(args[0])
		if err != nil {
			return nil, err
		}
		return map[string]any{"opened": true}, key.Close()
	case "windows":
		v := windows.RtlGetVersion()
		return map[string]any{
			"major": v.MajorVersion, "minor": v.MinorVersion, "build": v.BuildNumber,
			"type": v.ProductType, "servicePack": windows.UTF16ToString(v.CsdVersion[:]),
		}, nil
	case "service":
		return service(args[0])
	case "version":
		return version(args[0])
	case "lookup":
		addresses, err := net.LookupHost(args[0])
		var dns *net.DNSError
		if errors.As(err, &dns) && dns.IsNotFound {
			return "no such name", nil
		}
		return addresses, err
	case "drives":
		mask, err := windows.GetLogicalDrives()
		var letters strings.Builder
		for i := range 26 {
			if mask&(1<<i) != 0 {
				letters.WriteByte('A' + byte(i))
			}
		}
		return letters.String(), err
	case "drive":
		root, err := windows.UTF16PtrFromString(args[0])
		if err != nil {
			return nil, err
		}
		var free, total uint64
		err = windows.GetDiskFreeSpaceEx(root, &free, &total, nil)
		return map[string]any{"free": free, "total": total}, err
	case "host":
		short, err := windows.ComputerName()
		if err != nil {
			return nil, err
		}
		size := uint32(256)
		full := make([]uint16, size)
		err = windows.GetComputerNameEx(windows.ComputerNamePhysicalDnsFullyQualified, &full[0], &size)
		return map[string]any{"netbios": short, "dns": windows.UTF16ToString(full)}, err
	case "echo":
		input, err := io.ReadAll(os.Stdin)
		if err != nil {
			return nil, err
		}
		dir, err := os.Getwd()
		fmt.Fprintln(os.Stderr, "to standard error")
		return map[string]any{
			"args": args, "dir": dir, "exe": os.Args[0], "input": string(input),
			"variable": os.Getenv("PROBE_VARIABLE"), "leak": os.Getenv("PROBE_LEAK"),
		}, err
	case "exit":
		code, err := strconv.Atoi(args[0])
		if err != nil {
			return nil, err
		}
		os.Exit(code)
	}
	return nil, fmt.Errorf("probe cannot tell %q", what)
}

func open(key string) (registry.Key, error) {
	root, path, _ := strings.Cut(key, `\`)
	return registry.OpenKey(map[string]registry.Key{
		"HKLM": registry.LOCAL_MACHINE, "HKCU": registry.CURRENT_USER,
	}[root], path, registry.QUERY_VALUE)
}

func value(path, name string) (any, error) {
	key, err := open(path)
	if err != nil {
		return nil, err
	}
	defer key.Close()
	raw := make([]byte, 4096)
	n, kind, err := key.GetValue(name, raw)
	if err != nil {
		return nil, err
	}
	answer := map[string]any{"type": kind, "raw": hex.EncodeToString(raw[:n])}
	switch kind {
	case registry.SZ, registry.EXPAND_SZ:
		answer["value"], _, err = key.GetStringValue(name)
	case registry.MULTI_SZ:
		answer["value"], _, err = key.GetStringsValue(name)
	case registry.DWORD, registry.QWORD:
		var number uint64
		number, _, err = key.GetIntegerValue(name)
		answer["value"] = strconv.FormatUint(number, 10)
	}
	return answer, err
}

func service(name string) (any, error) {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return nil, err
	}
	defer windows.CloseServiceHandle(manager)
	pointer, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	handle, err := windows.OpenService(manager, pointer, windows.SERVICE_QUERY_CONFIG|windows.SERVICE_QUERY_STATUS)
	if err != nil {
		return nil, err
	}
	defer windows.CloseServiceHandle(handle)
	var status windows.SERVICE_STATUS
	if err := windows.QueryServiceStatus(handle, &status); err != nil {
		return nil, err
	}
	buffer := make([]byte, 8192)
	config := (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&buffer[0]))
	var needed uint32
	if err := windows.QueryServiceConfig(handle, config, uint32(len(buffer)), &needed); err != nil {
		return nil, err
	}
	return map[string]any{
		"display": windows.UTF16PtrToString(config.DisplayName),
		"path":    windows.UTF16PtrToString(config.BinaryPathName),
		"account": windows.UTF16PtrToString(config.ServiceStartName),
		"start":   config.StartType,
		"state":   status.CurrentState,
	}, nil
}

func version(file string) (any, error) {
	size, err := windows.GetFileVersionInfoSize(file, nil)
	if err != nil {
		return nil, err
	}
	buffer := make([]byte, size)
	if err := windows.GetFileVersionInfo(file, 0, size, unsafe.Pointer(&buffer[0])); err != nil {
		return nil, err
	}
	var fixed *windows.VS_FIXEDFILEINFO
	if err := windows.VerQueryValue(unsafe.Pointer(&buffer[0]), `\`, unsafe.Pointer(&fixed), &size); err != nil {
		return nil, err
	}
	text := func(high, low uint32) string {
		return fmt.Sprintf("%d.%d.%d.%d", high>>16, high&0xffff, low>>16, low&0xffff)
	}
	return map[string]any{
		"file":    text(fixed.FileVersionMS, fixed.FileVersionLS),
		"product": text(fixed.ProductVersionMS, fixed.ProductVersionLS),
	}, nil
}
