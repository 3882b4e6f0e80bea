package signatures_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"siteready/platform/logscan/signatures"
)

const leastWords = 4 // of a remedy: fewer say no place and no deed

// worded is what an administrator reads of a signature or a rule.
type worded struct{ id, meaning, remedy string }

// texts are those of all signatures, and of the rules that a log can break.
func texts(c *signatures.Catalogue) []worded {
	var all []worded
	for _, s := range c.All {
		all = append(all, worded{s.ID, s.Meaning, s.Remedy})
	}
	for _, r := range c.Rules {
		if r.Judges() {
			all = append(all, worded{r.ID, r.Meaning, r.Remedy})
		}
	}
	return all
}

// token is what can be an id in a text.
var token = regexp.MustCompile(`[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*`)

// faults are what is wrong with the words. Nobody sees the other signatures beside one, so each
// must be understood alone.
func faults(w worded, ids map[string]bool) []string {
	var all []string
	for _, one := range []struct{ name, text string }{{"meaning", w.meaning}, {"remedy", w.remedy}} {
		if one.text != strings.TrimSpace(one.text) || !strings.HasSuffix(one.text, ".") {
			all = append(all, "its "+one.name+" does not end with a full stop")
		}
		if strings.HasPrefix(one.text, "As ") {
			all = append(all, "its "+one.name+" begins with As")
		}
		if slices.ContainsFunc(token.FindAllString(one.text, -1), func(t string) bool { return ids[strings.ToLower(t)] }) {
			all = append(all, "its "+one.name+" refers to an id")
		}
	}
	if len(strings.Fields(w.remedy)) < leastWords {
		all = append(all, "its remedy is too short")
	}
	return all
}

func TestWording(t *testing.T) {
	all := texts(known(t))
	ids := map[string]bool{}
	for _, w := range all {
		ids[w.id] = true
	}
	for _, w := range all {
		for _, fault := range faults(w, ids) {
			t.Errorf("%s: %s: %q, %q", w.id, fault, w.meaning, w.remedy)
		}
	}
}

func TestWordingRefuses(t *testing.T) {
	ids := map[string]bool{"dl-http-404": true, "status-5000": true}
	good := worded{"x", "The disk is full.", "Free space on that disk."}
	if got := faults(good, ids); len(got) > 0 {
		t.Errorf("good words: %q", got)
	}
	for name, change := range map[string]func(*worded){
		"no full stop in the meaning": func(w *worded) { w.meaning = "The disk is full" },
		"no full stop in the remedy":  func(w *worded) { w.remedy = "Free space on that disk" },
		"a blank behind the stop":     func(w *worded) { w.remedy += " " },
		"no remedy":                   func(w *worded) { w.remedy = "" },
		"a short remedy":              func(w *worded) { w.remedy = "Free some space." },
		"as another":                  func(w *worded) { w.remedy = "As for the other disk." },
		"the meaning of another":      func(w *worded) { w.meaning = "As the line before." },
		"an id alone":                 func(w *worded) { w.remedy = "dl-http-404" },
		"an id in the remedy":         func(w *worded) { w.remedy = "Look first at what dl-http-404 says." },
		"an id in the meaning":        func(w *worded) { w.meaning = "Follows on (Status-5000)." },
	} {
		bad := good
		change(&bad)
		if len(faults(bad, ids)) == 0 {
			t.Errorf("%s is not found", name)
		}
	}
}
