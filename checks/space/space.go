// Package space checks that volumes, databases and logs have room.
package space

import (
	"fmt"
	"math"

	"siteready/checks"
)

// Area is the section of the report.
func Area() checks.Area {
	return checks.Area{ID: "space", Title: "Disk and database space", Checks: []checks.Check{
		freeDisk(),
		fileSystem(),
		dataFiles(),
		transactionLog(),
		tempdb(),
		fileGrowth(),
	}}
}

// gibibyte is what Windows and Microsoft's documents call a GB.
const gibibyte = 1 << 30

// gigabytes writes bytes for people. It rounds down, so that what is less than a threshold
// never looks like it.
func gigabytes(bytes float64) string {
	return fmt.Sprintf("%.1f GB", math.Floor(10*bytes/gibibyte)/10)
}

// gigabytesUp is gigabytes for what is wanted: it rounds up.
func gigabytesUp(bytes float64) string {
	return fmt.Sprintf("%.1f GB", math.Ceil(10*bytes/gibibyte)/10)
}
