package servicemanager

import (
	"context"
	"strings"

	"siteready/checks"
	"siteready/platform"
)

// Windows lists what was installed by Windows Installer here, each below a key of its own.
const (
	uninstallKey = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall`
	programHole  = `{program}`

	// uninstallKey32 lists what was installed by a set-up of 32 bits.
	uninstallKey32 = `HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall`
)

func programReads() []platform.Form {
	return []platform.Form{
		platform.ReadKey(uninstallKey).Form(),
		platform.ReadText(uninstallKey+`\`+programHole, "DisplayName").Form(), platform.ReadText(uninstallKey+`\`+programHole, "DisplayVersion").Form(),
	}
}

// program is an entry of Windows' list of installed programs.
type program struct{ key, name, version string }

// atOnce is how many entries are asked for at the same time.
const atOnce = 8

// programs are the installed programs whose names contain a text, with their versions.
func programs(ctx context.Context, c *checks.Case, named string) ([]program, error) {
	found, err := entries(ctx, c, uninstallKey, named)
	if err != nil {
		return nil, err
	}
	for i := range found {
		text, err := platform.Ask(ctx, c, platform.ReadText(uninstallKey+`\`+found[i].key, "DisplayVersion"))
		if err != nil {
			return nil, err
		}
		found[i].version = string(text)
	}
	return found, nil
}

// entries are those of one of Windows' lists whose names contain a text, without their versions.
// An entry without a name is none that anybody sees.
func entries(ctx context.Context, c *checks.Case, key, named string) ([]program, error) {
	list, err := platform.Ask(ctx, c, platform.ReadKey(key))
	if err != nil {
		return nil, err
	}
	if list.More {
		return nil, platform.Refuse(platform.ErrTooLarge, "%s has more entries than are listed", key)
	}
	queries := make([]platform.Query[platform.Text], len(list.Subkeys))
	for i, entry := range list.Subkeys {
		queries[i] = platform.ReadText(key+`\`+entry, "DisplayName")
	}
	var found []program
	for i, name := range platform.AskAll(ctx, c, atOnce, queries...) {
		switch {
		case absent(name.Err):
			continue
		case name.Err != nil:
			return nil, name.Err
		case strings.Contains(strings.ToLower(string(name.Value)), strings.ToLower(named)):
			found = append(found, program{key: list.Subkeys[i], name: string(name.Value)})
		}
	}
	return found, nil
}
