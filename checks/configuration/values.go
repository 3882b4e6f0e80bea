package configuration

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// longest is how many characters a text may have.
const longest = 2000

// text reads a text. Numbers are taken as they are written, because a ticket or a release may
// be one. Found is false when the value is no text, and that has been said.
func (r *reader) text(n ast.Node, path, expected string) (text string, found bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		text = n.Value
		if n.Token.Type == token.StringType && strings.Contains(text, ": ") { // in braces a lost comma
			r.complain(position(n), "%s: a text with a colon and a blank in it stands in quotes", path)
			return "", false
		}
	case *ast.LiteralNode: // a block of lines is one text
		text = strings.Join(strings.Fields(n.Value.Value), " ")
	case *ast.IntegerNode, *ast.FloatNode:
		text = n.GetToken().Value
	default:
		r.wrong(n, path, expected)
		return "", false
	}
	switch {
	case strings.TrimSpace(text) == "":
		r.complain(position(n), "%s: expected %s, not an empty text", path, expected)
	case strings.ContainsFunc(text, hidden):
		r.complain(position(n), `%s: the text has a control character; in double quotes \ begins an escape: use single quotes, or none`, path)
	case text != strings.TrimSpace(text):
		r.complain(position(n), "%s: the text begins or ends with a blank", path)
	case len([]rune(text)) > longest:
		r.complain(position(n), "%s: the text has more than %d characters", path, longest)
	default:
		return text, true
	}
	return "", false
}

// word reads one of some words.
func (r *reader) word(n ast.Node, path string, words []string) (string, bool) {
	expected := "one of " + strings.Join(words, ", ")
	text, found := r.text(n, path, expected)
	if found && !slices.Contains(words, text) {
		r.wrong(n, path, expected)
		return "", false
	}
	return text, found
}

// truth reads true or false.
func (r *reader) truth(n ast.Node, path string) (string, bool) {
	b, ok := n.(*ast.BoolNode)
	if !ok {
		r.wrong(n, path, "true or false")
		return "", false
	}
	return strconv.FormatBool(b.Value), true
}

// duration reads a time above 0 with its unit, as the flag does.
func (r *reader) duration(n ast.Node, path string) (string, bool) {
	const expected = "a time above 0 with its unit, such as 90s or 5m"
	text, found := r.text(n, path, expected)
	if !found {
		return "", false
	}
	if d, err := time.ParseDuration(text); err != nil || d <= 0 {
		r.wrong(n, path, expected)
		return "", false
	}
	return text, true
}

// MostKept bounds what is counted in runs or in days.
const MostKept = 100_000

// wholeNumber is what everybody reads alike.
var wholeNumber = regexp.MustCompile(`^(0|[1-9][0-9]{0,5})$`)

// count reads a whole number from 0 to MostKept.
func (r *reader) count(n ast.Node, path string) (string, bool) {
	expected := fmt.Sprintf("a whole number from 0 to %d", MostKept)
	text, found := r.text(n, path, expected)
	if !found {
		return "", false
	}
	if value, err := strconv.Atoi(text); err != nil || !wholeNumber.MatchString(text) || value > MostKept {
		r.wrong(n, path, expected)
		return "", false
	}
	return text, true
}

const timeExpected = `a time as 2026-11-28, "2026-11-28 22:00" or 2026-11-28T22:00:00+01:00`

// Time reads the time to judge for: with its zone, or in zone; a day is its last minute.
func Time(text string, zone *time.Location) (time.Time, error) {
	text = strings.TrimSpace(text)
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		when, err = time.ParseInLocation("2006-01-02 15:04", text, zone)
	}
	if err != nil {
		var day time.Time
		day, err = time.ParseInLocation(time.DateOnly, text, zone)
		when = time.Date(day.Year(), day.Month(), day.Day(), 23, 59, 0, 0, zone)
	}
	return when, err
}

// day reads YYYY-MM-DD.
func (r *reader) day(n ast.Node, path string) (time.Time, bool) {
	const expected = "a day as YYYY-MM-DD"
	text, found := r.text(n, path, expected)
	if !found {
		return time.Time{}, false
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil || day.Year() < 2000 {
		r.wrong(n, path, expected)
		return time.Time{}, false
	}
	return day, true
}

// plainNumber is what everybody reads alike: no sign, no exponent, no leading zero, which
// would make it octal.
var plainNumber = regexp.MustCompile(`^(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// largest bounds thresholds of a unit, so that no arithmetic overflows: times end at a hundred
// years, which are more than anybody waits for, and less than a time.Duration can hold.
func largest(unit string) float64 {
	const days = 100 * 365
	switch unit {
	case "days":
		return days
	case "hours":
		return days * 24
	case "minutes":
		return days * 24 * 60
	}
	return 1e9
}

// number reads a threshold.
func (r *reader) number(n ast.Node, path, unit string) (float64, bool) {
	expected := fmt.Sprintf("a plain number of %s, such as 20 or 0.5", unit)
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
	default:
		r.wrong(n, path, expected)
		return 0, false
	}
	text := n.GetToken().Value
	value, err := strconv.ParseFloat(text, 64)
	switch {
	case strings.HasPrefix(text, "-"):
		r.complain(position(n), "%s: must not be below 0", path)
	case !plainNumber.MatchString(text):
		r.wrong(n, path, expected)
	case unit == "%" && value > 100:
		r.complain(position(n), "%s: must not be above 100 %%", path)
	case err != nil || value > largest(unit) || math.IsNaN(value):
		r.complain(position(n), "%s: must not be above %.0f", path, largest(unit))
	default:
		return value, true
	}
	return 0, false
}

// meant names the word that somebody may have wanted to write; empty when none is near.
func meant(text string, words []string) string {
	best, least := "", 1+max(1, len(text)/3)
	for _, word := range words {
		if d := distance(text, word); d < least {
			best, least = word, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// distance is how many letters must be put in, left out or exchanged to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
