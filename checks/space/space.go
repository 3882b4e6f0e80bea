// Package space checks that volumes, databases and logs have room.
package space

import (
	"fmt"

	"siteready/checks"
)

// Area is the section of the report.
func Area() checks.Area {
	return checks.Area{ID: "space", Title: "Disk and database space", Checks: []checks.Check{
		freeDisk(),
		transactionLog(),
	}}
}

// gibibyte is what Windows and Microsoft's documents call a GB.
const gibibyte = 1 << 30

// size writes bytes for people.
func size(bytes float64) string { return fmt.Sprintf("%.1f GB", bytes/gibibyte) }
