package site

import (
	"strings"
	"testing"
)

// Secondary sites whose upgrade has not ended are named, and no others.
func TestUnfinishedSecondaries(t *testing.T) {
	rows := []siteRow{
		{Site: "P01", Type: typePrimary, Status: statusUpgrade},
		{Site: "S01", Type: typeSecondary, Status: statusActive},
		{Site: "S02", Type: typeSecondary, Status: statusUpgrade},
		{Site: "S03", Type: typeSecondary, Status: statusUpgradeFailed},
	}
	if notes := unfinished(rows); len(notes) != 1 || !strings.Contains(notes[0], ": S02, S03. ") {
		t.Errorf("%q", notes)
	}
	if notes := unfinished(rows[:2]); notes != nil {
		t.Errorf("%q", notes)
	}
}
