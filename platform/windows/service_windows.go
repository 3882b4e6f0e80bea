package windows

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/windows"

	"siteready/platform"
)

// userService is the bit of a service's type that marks services which run once per user
// (SERVICE_USER_SERVICE in winnt.h).
const userService = 0x40

// readService asks the service manager for a service's state, start type and account. It
// opens the manager and the service with query rights only.
func readService(name string) (any, error) {
	if name == "" {
		return nil, platform.Refuse(platform.ErrMalformed, "a question about a service names none")
	}
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return nil, call{api: "OpenSCManager", target: "of this machine", right: "connect to the service manager"}.refused(err)
	}
	defer windows.CloseServiceHandle(manager)
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, platform.Refuse(platform.ErrMalformed, "%q is no name of a service: %v", name, err)
	}
	const right = "query the state and the configuration of this service"
	service, err := windows.OpenService(manager, wide, windows.SERVICE_QUERY_STATUS|windows.SERVICE_QUERY_CONFIG)
	if err != nil {
		return nil, call{
			api: "OpenService", target: name, right: right,
			absent: []windows.Errno{windows.ERROR_SERVICE_DOES_NOT_EXIST},
		}.refused(err)
	}
	defer windows.CloseServiceHandle(service)

	var status windows.SERVICE_STATUS_PROCESS
	var needed uint32
	ask := call{api: "QueryServiceStatusEx", target: name, right: right}
	err = windows.QueryServiceStatusEx(service, windows.SC_STATUS_PROCESS_INFO,
		(*byte)(unsafe.Pointer(&status)), uint32(unsafe.Sizeof(status)), &needed)
	if err != nil {
		return nil, ask.refused(err)
	}
	state, known := stateName(status.CurrentState)
	if !known {
		return nil, ask.malformed("the state is %d", status.CurrentState)
	}
	start, account, err := readServiceConfig(service, call{api: "QueryServiceConfig", target: name, right: right})
	if err != nil {
		return nil, err
	}
	return platform.Service{State: state, Start: start, Account: account}, nil
}

// readDisplayName asks the service manager for the name that Windows shows for a service. It may be
// in Windows' own language.
func readDisplayName(name string) (string, error) {
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return "", platform.Refuse(platform.ErrMalformed, "%q is no name of a service: %v", name, err)
	}
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return "", call{api: "OpenSCManager", target: "of this machine", right: "connect to the service manager"}.refused(err)
	}
	defer windows.CloseServiceHandle(manager)
	const right = "query the configuration of this service"
	service, err := windows.OpenService(manager, wide, windows.SERVICE_QUERY_CONFIG)
	if err != nil {
		return "", call{
			api: "OpenService", target: name, right: right,
			absent: []windows.Errno{windows.ERROR_SERVICE_DOES_NOT_EXIST},
		}.refused(err)
	}
	defer windows.CloseServiceHandle(service)
	ask := call{api: "QueryServiceConfig", target: name, right: right}
	size := uint32(1 << 10)
	for range attempts {
		buffer := make([]byte, max(size, uint32(unsafe.Sizeof(windows.QUERY_SERVICE_CONFIG{}))))
		config := (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&buffer[0]))
		err = windows.QueryServiceConfig(service, config, uint32(len(buffer)), &size)
		switch {
		case errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER):
			continue // size is now what it takes
		case err != nil:
			return "", ask.refused(err)
		}
		return windows.UTF16PtrToString(config.DisplayName), nil
	}
	return "", ask.refused(err)
}

// readServiceConfig returns how a service starts and as whom. The configuration has the
// command line too, which may hold secrets: it stays in this function.
func readServiceConfig(service windows.Handle, ask call) (start, account string, err error) {
	size := uint32(1 << 10)
	for range attempts {
		buffer := make([]byte, max(size, uint32(unsafe.Sizeof(windows.QUERY_SERVICE_CONFIG{}))))
		config := (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&buffer[0]))
		err = windows.QueryServiceConfig(service, config, uint32(len(buffer)), &size)
		if errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER) {
			continue // size is now what it takes
		}
		if err != nil {
			break
		}
		start, known := startName(config.StartType)
		if !known {
			return "", "", ask.malformed("the start type is %d", config.StartType)
		}
		account = windows.UTF16PtrToString(config.ServiceStartName)
		// Drivers and services of a user have no account of their own; with all others
		// an empty account says nothing.
		if account == "" && config.ServiceType&(windows.SERVICE_DRIVER|userService) == 0 {
			return "", "", ask.malformed("there is no account")
		}
		return start, account, nil
	}
	return "", "", ask.refused(err)
}

// stateName names a SERVICE_STATUS_PROCESS.dwCurrentState.
func stateName(state uint32) (name string, known bool) {
	switch state {
	case windows.SERVICE_STOPPED:
		return "stopped", true
	case windows.SERVICE_START_PENDING:
		return "start_pending", true
	case windows.SERVICE_STOP_PENDING:
		return "stop_pending", true
	case windows.SERVICE_RUNNING:
		return "running", true
	case windows.SERVICE_CONTINUE_PENDING:
		return "continue_pending", true
	case windows.SERVICE_PAUSE_PENDING:
		return "pause_pending", true
	case windows.SERVICE_PAUSED:
		return "paused", true
	}
	return "", false
}

// startName names a QUERY_SERVICE_CONFIG.dwStartType.
func startName(start uint32) (name string, known bool) {
	switch start {
	case windows.SERVICE_BOOT_START:
		return "boot", true
	case windows.SERVICE_SYSTEM_START:
		return "system", true
	case windows.SERVICE_AUTO_START:
		return "automatic", true
	case windows.SERVICE_DEMAND_START:
		return "manual", true
	case windows.SERVICE_DISABLED:
		return "disabled", true
	}
	return "", false
}
