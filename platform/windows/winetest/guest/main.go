//go:build windows

// Command guest works inside a Wine prefix for the package winetest.
//
//	guest deny KEY...    lets nobody open these registry keys any more
//	guest start NAME...  starts these services and waits until they run
//
// With anything else it is a service that does nothing.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc"
)

func main() {
	verb, names := "", []string(nil)
	if len(os.Args) > 2 {
		verb, names = os.Args[1], os.Args[2:]
	}
	var err error
	switch verb {
	case "deny":
		for _, key := range names {
			err = errors.Join(err, deny(key))
		}
	case "start":
		for _, name := range names {
			err = errors.Join(err, start(name))
		}
	default:
		err = svc.Run("", idle{})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// deny gives a key an access list in which the system alone stands.
func deny(key string) error {
	root := registry.LOCAL_MACHINE
	name, path, _ := strings.Cut(key, `\`)
	if strings.EqualFold(name, "HKCU") {
		root = registry.CURRENT_USER
	}
	opened, err := registry.OpenKey(root, path, windows.WRITE_DAC)
	if err != nil {
		return fmt.Errorf("open the registry key %s: %w", key, err)
	}
	defer opened.Close()
	descriptor, err := windows.SecurityDescriptorFromString("D:P(A;;KA;;;SY)")
	if err != nil {
		return err
	}
	list, _, err := descriptor.DACL()
	if err != nil {
		return err
	}
	err = windows.SetSecurityInfo(windows.Handle(opened), windows.SE_REGISTRY_KEY,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, list, nil)
	if err != nil {
		return fmt.Errorf("set the access list of the registry key %s: %w", key, err)
	}
	return nil
}

// start starts a service, if Windows has not done so, and waits until it runs.
func start(name string) error {
	const patience, pause = 20 * time.Second, 10 * time.Millisecond
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return fmt.Errorf("open the service control manager: %w", err)
	}
	defer windows.CloseServiceHandle(manager)
	pointer, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return err
	}
	service, err := windows.OpenService(manager, pointer, windows.SERVICE_START|windows.SERVICE_QUERY_STATUS)
	if err != nil {
		return fmt.Errorf("open the service %s: %w", name, err)
	}
	defer windows.CloseServiceHandle(service)
	err = windows.StartService(service, 0, nil)
	if err != nil && !errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
		return fmt.Errorf("start the service %s: %w", name, err)
	}
	var status windows.SERVICE_STATUS
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(pause) {
		if err := windows.QueryServiceStatus(service, &status); err != nil {
			return fmt.Errorf("query the service %s: %w", name, err)
		}
		if status.CurrentState == windows.SERVICE_RUNNING {
			return nil
		}
	}
	return fmt.Errorf("the service %s does not run after %v: its state is %d", name, patience, status.CurrentState)
}

// idle is a service that runs until it is stopped.
type idle struct{}

// Execute answers the service control manager.
func (idle) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (bool, uint32) {
	status <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	for request := range requests {
		switch request.Cmd {
		case svc.Interrogate:
			status <- request.CurrentStatus
		case svc.Stop, svc.Shutdown:
			return false, 0
		}
	}
	return false, 0
}
