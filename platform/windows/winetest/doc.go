// Package winetest runs Windows programs on Linux, each test in a Wine prefix
// of its own: a throw-away Windows with its own registry, services, drives and
// host name.
//
// [New] copies a template that is made once per machine. A test then seeds the
// prefix (registry, Windows version, services, files, drives) and runs the
// program:
//
//	p := winetest.New(t)
//	p.SetWindows(winetest.WindowsVersion{Build: 20348, UBR: 2113, ProductType: "ServerNT"})
//	p.SetRegistry(`HKLM\SOFTWARE\Microsoft\SMS\Setup`, "UI Installation Directory", `E:\SMS`)
//	p.AddDrive('E', 10<<30, 10<<30-1<<20)
//	got := p.Run(t.Context(), exe, winetest.RunOptions{HostName: "cm01.contoso.com"}, "check")
//
// Wine is not Windows. Several of its calls answer with success and nothing,
// and its error texts differ: assert on error numbers, never on their texts.
//
// The package exists on Linux only. Elsewhere it holds nothing but this text.
package winetest
