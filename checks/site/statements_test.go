package site

import (
	"regexp"
	"strconv"
	"testing"
)

// The numbers in the statements are those of the program.
func TestNumbersInStatements(t *testing.T) {
	for _, test := range []struct {
		text, pattern string
		want          int
	}{
		{sites.In("s", "d").Text, `^SELECT TOP \((\d+)\)`, maxSites},
		{sites.In("s", "d").Text, `s\.Status = (\d+)`, statusActive},
		{sites.In("s", "d").Text, `CASE t\.type WHEN (\d+)`, typeSecondary},
	} {
		found := regexp.MustCompile(test.pattern).FindStringSubmatch(test.text)
		if found == nil {
			t.Errorf("%s is not in the statement", test.pattern)
			continue
		}
		if got := found[1]; got != strconv.Itoa(test.want) {
			t.Errorf("%s: %s, and the program's is %d", test.pattern, got, test.want)
		}
	}
}
