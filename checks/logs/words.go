package logs

import (
	"fmt"
	"strings"
	"time"

	"siteready/platform"
)

func day(at *time.Time) string {
	if at == nil {
		return "an unknown day"
	}
	return at.Format(time.DateOnly)
}

func moment(at *time.Time) string {
	if at == nil {
		return "an unknown time"
	}
	return at.Format("2006-01-02 15:04") + " UTC"
}

// often says how often and when a failure was seen.
func often(k platform.KnownFailure) string {
	switch {
	case k.Last == nil:
		return several(int(k.Count), "time") + ", without a time"
	case k.Count == 1:
		return "once, " + moment(k.Last)
	}
	return fmt.Sprintf("%d times, last %s", k.Count, moment(k.Last))
}

// reach says what was read of a log in which nothing was found.
func (r read) reach() string {
	none := "none"
	if len(r.digest.Known) > 0 {
		none = "none that counts"
	}
	return fmt.Sprintf(none+" from %s to %s, in %s", day(r.digest.First), day(r.digest.Last), several(int(r.digest.Lines), "line"))
}

func several(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// maxSome is how many are named in a note.
const maxSome = 8

// some lists texts, as many as a note has room for.
func some(all []string) string {
	if len(all) > maxSome {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:maxSome], ", "), len(all)-maxSome)
	}
	return strings.Join(all, ", ")
}

// maxQuoted is how many letters of a line are quoted in an item; the answer has more.
const maxQuoted = 160

func shortened(line string) string {
	letters := []rune(strings.Join(strings.Fields(line), " "))
	if len(letters) <= maxQuoted {
		return string(letters)
	}
	return string(letters[:maxQuoted]) + "..."
}

// sentence is a text with an end.
func sentence(text string) string {
	if text == "" || strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

func folderOf(path string) string { return path[:strings.LastIndex(path, `\`)+1] }
