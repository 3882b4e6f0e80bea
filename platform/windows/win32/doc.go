// Package win32 declares the calls into Windows that golang.org/x/sys does not have: local
// security policy, local groups, controllers of domains and their directory, event logs and properties of certificates. All of them
// query. There is nothing in it for other systems.
package win32

//go:generate go run golang.org/x/sys/windows/mkwinsyscall -output zsyscall_windows.go win32_windows.go ldap_windows.go
//go:generate sed -i "/add more here, after collecting/,+2d" zsyscall_windows.go
