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

// programs are the installed programs whose names contain a text. An entry without a name is
// none that anybody sees.
func programs(ctx context.Context, c *checks.Case, named string) ([]program, error) {
	list, err := platform.Ask(ctx, c, platform.ReadKey(uninstallKey))
	if err != nil {
		return nil, err
	}
	if list.More {
		return nil, platform.Refuse(platform.ErrTooLarge, "%s has more entries than are listed", uninstallKey)
	}
	queries := make([]platform.Query[platform.Text], len(list.Subkeys))
	for i, entry := range list.Subkeys {
		queries[i] = platform.ReadText(uninstallKey+`\`+entry, "DisplayName")
	}
	var found []program
	for i, name := range platform.AskAll(ctx, c, atOnce, queries...) {
		switch {
		case absent(name.Err):
			continue
		case name.Err != nil:
			return nil, name.Err
		case !strings.Contains(strings.ToLower(string(name.Value)), strings.ToLower(named)):
			continue
		}
		text, err := platform.Ask(ctx, c, platform.ReadText(uninstallKey+`\`+list.Subkeys[i], "DisplayVersion"))
		if err != nil {
			return nil, err
		}
		found = append(found, program{list.Subkeys[i], string(name.Value), string(text)})
	}
	return found, nil
}
