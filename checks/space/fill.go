package space

import (
	"fmt"

	"siteready/checks"
)

// fillSettings are the thresholds for how full something is, of what it can still become.
func fillSettings(what string) []checks.Setting {
	return []checks.Setting{
		{Name: "warns_above", Default: 80, Unit: "%", About: "used, of what " + what + " can still become"},
		{Name: "fails_above", Default: 95, Unit: "%", About: "used, of what " + what + " can still become"},
	}
}

// fill judges how full a pool of an instance is. It returns the percentage, too.
func fill(c *checks.Case, instance string, p pool, where string) (checks.Item, float64) {
	size, capacity := p.size(), p.capacity()
	percent := 100 * float64(p.used) / float64(capacity)
	warns, fails := c.Setting("warns_above"), c.Setting("fails_above")
	item := checks.Item{
		Key: instance + "/" + p.name,
		Found: fmt.Sprintf("%s used of %s, and room to grow to %s: %.0f %%",
			gigabytes(float64(p.used)), gigabytes(float64(size)), gigabytes(float64(capacity)), percent),
		Wanted: fmt.Sprintf("at most %g %%", warns), Where: where, Status: checks.Passed,
	}
	switch {
	case percent > fails:
		item.Status = checks.Failed
	case percent > warns:
		item.Status = checks.Warning
	}
	return item, percent
}
