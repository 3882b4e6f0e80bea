package windows_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"siteready/platform"
	"siteready/platform/windows/winetest"
)

func testShares(t *testing.T, exe string) {
	p := winetest.New(t)
	p.AddShare("fs01.contoso.com", "source", `C:\shares\source`)
	p.AddShare("fs01.contoso.com", "closed", `C:\shares\closed`)
	p.WriteFile(`C:\shares\source\SMSSETUP\setup.exe`, []byte("x"))
	p.Deny(`C:\shares\closed`)
	try(t, p, exe,
		answers(platform.ReadShare(`\\fs01.contoso.com\source`), platform.Share{Outcome: platform.ShareReachable}),
		answers(platform.ReadShare(`\\FS01.contoso.com\SOURCE\smssetup\`), platform.Share{Outcome: platform.ShareReachable}),
		answers(platform.ReadShare(`\\fs01.contoso.com\source\nobody`), platform.Share{Outcome: platform.ShareNoFolder, Number: 2}),
		answers(platform.ReadShare(`\\fs01.contoso.com\source\nobody\x`), platform.Share{Outcome: platform.ShareNoFolder, Number: 3}),
		answers(platform.ReadShare(`\\fs01.contoso.com\closed`), platform.Share{Outcome: platform.ShareDenied, Number: 5}),
		refuses(platform.ReadShare(`\\fs01.contoso.com\source\smssetup\setup.exe`), platform.ErrMalformed, "is a file"),
		// Wine gives the number for a missing folder, which does not say what is missing.
		refuses(platform.ReadShare(`\\dead.contoso.com\source`), platform.ErrUnreachable, `CreateFile \\dead.contoso.com\source`, "("),
		refuses(platform.ReadShare(`C:\shares`), platform.ErrMalformed, "no path of a shared folder"),
	)
}

// Files are added up by their names alone, whatever they hold and whoever has them open.
func testFolders(t *testing.T, exe string) {
	p := winetest.New(t)
	old, last := time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC), time.Date(2026, 10, 25, 2, 30, 0, 0, time.UTC)
	for name, written := range map[string]time.Time{
		"one.IST": last, "two.i": old, "three.nil": old.Add(time.Hour), "four.inst": old.Add(-time.Hour), `deep.ist\five.ist`: old.Add(-time.Hour),
	} {
		path := `C:\in box\` + name
		p.WriteFile(path, []byte(name))
		if err := os.Chtimes(p.Path(path), written, written); err != nil {
			t.Fatal(err)
		}
	}
	p.WriteFile(`C:\in box\empty\sub\x`, nil)
	p.WriteFile(`C:\closed\x.nil`, nil)
	p.Deny(`C:\closed`)
	p.AddShare("fs01.contoso.com", "in", `C:\in box`)
	many := `C:\many\`
	for i := range platform.MaxFolderEntries {
		const links = 30_000 // file systems allow no more than some ten thousand for one file
		first := fmt.Sprintf("first%d.nil", i/links)
		if i%links == 0 {
			p.WriteFile(many+first, nil)
		}
		if err := os.Link(filepath.Join(p.Path(many), first), filepath.Join(p.Path(many), fmt.Sprintf("%d.nil", i))); err != nil {
			t.Fatal(err)
		}
	}
	try(t, p, exe,
		answers(platform.ReadFolder(`C:\in box`, "*.i??|*.nil"), platform.Folder{Files: 3, Bytes: 21, Oldest: &old, Newest: &last}),
		answers(platform.ReadFolder(`c:\IN BOX\`, "*.i??"), platform.Folder{Files: 2, Bytes: 12, Oldest: &old, Newest: &last}),
		answers(platform.ReadFolder(`\\fs01.contoso.com\in`, "*.i??"), platform.Folder{Files: 2, Bytes: 12, Oldest: &old, Newest: &last}),
		answers(platform.ReadFolder(`C:\in box\empty`, "*"), platform.Folder{}),
		answers(platform.ReadFolder(many, "nobody"), platform.Folder{More: true}),
		refuses(platform.ReadFolder(`C:\out box`, "*"), platform.ErrAbsent, `C:\out box`, "(2)"),
		refuses(platform.ReadFolder(`Y:\in box`, "*"), platform.ErrAbsent, `Y:\in box`),
		refuses(platform.ReadFolder(`C:\closed`, "*"), platform.ErrDenied, `CreateFile C:\closed`, "(5)"),
		refuses(platform.ReadFolder(`C:\in box\one.ist`, "*"), platform.ErrMalformed, "is a file"),
		refuses(platform.ReadFolder(`\\dead\in`, "*"), platform.ErrUnreachable, `\\dead\in`),
		refuses(platform.ReadFolder(`in box`, "*"), platform.ErrMalformed, "no full path"),
	)
}
