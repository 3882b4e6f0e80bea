package discovery

import (
	"context"
	"strings"

	"siteready/platform"
)

// WindowsFolder asks for the folder of Windows, such as C:\Windows.
var WindowsFolder = platform.ReadText(`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`, "SystemRoot")

// WindowsDrive is the drive of Windows, such as C:, to whose root the product's set-up and
// Microsoft's prerequisite checker write their logs. A folder that is on no drive is ErrMalformed.
func WindowsDrive(ctx context.Context, a platform.Asker) (string, error) {
	root, err := platform.Ask(ctx, a, WindowsFolder)
	if err != nil {
		return "", err
	}
	drive, _, found := strings.Cut(string(root), `\`)
	if !found || len(drive) != 2 || drive[1] != ':' {
		return "", platform.Refuse(platform.ErrMalformed, "%s is %q, which is on no drive", WindowsFolder, root)
	}
	return drive, nil
}
