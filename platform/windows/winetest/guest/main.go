//go:build windows

// Command guest works inside a Wine prefix for the package winetest.
//
//	guest deny KEY...    lets nobody open these registry keys any more
//	guest start NAME...  starts these services and waits until they run
//	guest certificate STORE FILE KEY  adds a certificate to a store of the machine; KEY names
//	                     the container of its private key, or is empty
//
// With anything else it is a service that does nothing.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
	"unsafe"

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
	case "certificate":
		err = addCertificate(names[0], names[1], names[2])
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

// keyInfo is a CRYPT_KEY_PROV_INFO.
type keyInfo struct {
	container, provider    *uint16
	kind, flags, extraSize uint32
	extra                  uintptr
	spec                   uint32
}

// addCertificate adds a certificate to a store below HKLM, which is made if it is lacking.
func addCertificate(store, file, key string) error {
	encoded, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	context, err := windows.CertCreateCertificateContext(windows.X509_ASN_ENCODING, &encoded[0], uint32(len(encoded)))
	if err != nil {
		return fmt.Errorf("read the certificate %s: %w", file, err)
	}
	defer windows.CertFreeCertificateContext(context)
	if key != "" {
		const keyProviderInfo = 2
		container, err := windows.UTF16PtrFromString(key)
		if err != nil {
			return err
		}
		info := keyInfo{container: container, kind: 1, spec: 1}
		set := windows.NewLazySystemDLL("crypt32.dll").NewProc("CertSetCertificateContextProperty")
		if ok, _, err := set.Call(uintptr(unsafe.Pointer(context)), keyProviderInfo, 0, uintptr(unsafe.Pointer(&info))); ok == 0 {
			return fmt.Errorf("name the private key of %s: %w", file, err)
		}
	}
	name, err := windows.UTF16PtrFromString(store)
	if err != nil {
		return err
	}
	handle, err := windows.CertOpenStore(windows.CERT_STORE_PROV_SYSTEM, 0, 0, windows.CERT_SYSTEM_STORE_LOCAL_MACHINE, uintptr(unsafe.Pointer(name)))
	runtime.KeepAlive(name)
	if err != nil {
		return fmt.Errorf("open the certificate store %s: %w", store, err)
	}
	defer windows.CertCloseStore(handle, 0)
	if err := windows.CertAddCertificateContextToStore(handle, context, windows.CERT_STORE_ADD_ALWAYS, nil); err != nil {
		return fmt.Errorf("add %s to the certificate store %s: %w", file, store, err)
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
