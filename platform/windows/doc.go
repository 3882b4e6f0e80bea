// Package windows is the live reader for one Windows machine. It answers questions about
// the registry, services, files, volumes and the operating system through Windows' own
// calls, with rights that query and never change, and starts no process. There is nothing
// in it for other systems.
//
// Two packages of gopsutil are not used here although they could answer: its disk package
// writes a value below HKLM\SYSTEM when a program that imports it starts, and its host
// package switches on the debug privilege. A reader that promises to change nothing and to
// ask with query rights can have neither in its program.
package windows
