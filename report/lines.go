package report

import (
	"encoding/json"
	"fmt"
	"strings"

	"siteready/checks"
)

// Limits of texts in formats for machines, in bytes.
const (
	longText  = 2000 // a line of details
	shortText = 300  // a line where many must fit
)

// short is clean text of at most limit bytes; a longer one ends with three dots.
func short(text string, limit int) string { return cut(text, limit, clean) }

// cut is tidied text of at most limit bytes; a longer one ends with three dots. Of a text
// that is far too long only the beginning is looked at, so that it costs no time.
func cut(text string, limit int, tidy func(string) string) string {
	const dots = "..."
	whole := len(text) <= 4*limit
	if !whole {
		text = strings.ToValidUTF8(text[:4*limit], "")
	}
	text = tidy(text)
	if whole && len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:min(len(text), limit-len(dots))], "") + dots
}

// cost is how many bytes a line takes. It is counted as text in JSON, with every quotation
// mark escaped, because what runs a program on many machines may keep its output so.
func cost(line string) int {
	quoted, _ := json.Marshal(line) // a string can always be marshalled
	return len(quoted) + 5*strings.Count(line, "'") + len(",")
}

// fit is as many of lines as fit into limit bytes; where some do not, the last line says how
// many. The limit must have room for that line.
func fit(lines []string, limit int) []string {
	const more = "... and %d more lines; a whole report has them"
	used := len(`[""]`) // the brackets, and what follows the last line's end
	room := limit - cost(fmt.Sprintf(more, len(lines)))
	kept := 0 // how many fit beside the line that counts the rest
	for _, line := range lines {
		used += cost(line)
		if used <= room {
			kept++
		}
	}
	if used <= limit {
		return lines
	}
	return append(append([]string{}, lines[:kept]...), fmt.Sprintf(more, len(lines)-kept))
}

// about says what was judged, for when, when it was read and until when it is valid, one
// short line each.
func about(r Report) []string {
	var lines []string
	add := func(label, text string) {
		if text = short(text, shortText); text != "" {
			lines = append(lines, label+": "+text)
		}
	}
	if sited(r.Subject) {
		add(subjectLabel(r.Subject), r.Subject.Headline)
	} else {
		add("Site", headline(r.Subject))
		add("Why", r.Subject.Problem)
	}
	add("Run it on", r.Subject.RunOn)
	add("Target", targets(r))
	if !r.JudgedFor.Equal(r.ReadAt) {
		add("Judged for", r.JudgedFor.Format(clock))
	}
	add("Read", read(r))
	add("Scope", scope(r))
	add("Valid until", validUntil(r))
	add("Last run", sinceLast(r.History))
	for _, remark := range r.History.remarks() {
		add("Beware", remark)
	}
	if r.Verdict == checks.Incomplete || r.Stopped != "" {
		add("Incomplete", why(r))
	}
	add("Let through", r.Exit.LetThrough)
	return lines
}

// brief is what there is to look at, the worst first: failed checks, causes for which
// something could not be checked, warnings, what was waived, waivers that are over, and how
// much a person has confirmed.
func brief(r Report) []string {
	var lines []string
	add := func(status, ids, text string) {
		lines = append(lines, fmt.Sprintf("[%s] %s: %s", marks(status).word, short(ids, longText), short(text, shortText)))
	}
	old := agesOf(r.History)
	fix := func(status string) {
		for _, c := range toFix(r) {
			if c.Status != status {
				continue
			}
			add(status, c.ID, old.short(c.Summary, c.ID, ""))
			for _, item := range trouble(c.Items) {
				if item.Status != unknown { // those stand with their cause
					lines = append(lines, "  - "+old.short(itemText(item, nil), c.ID, item.Key))
				}
			}
		}
	}
	fix(failed)
	for _, cause := range r.Causes {
		add(unknown, strings.Join(hangsOn(cause), ", "), causeText(cause))
	}
	fix(unknown)
	fix(warning)
	for _, c := range inOrder(r) {
		for _, item := range acceptedOf(c) {
			add(waived, strings.TrimSuffix(c.ID+", "+item.Key, ", "), waivedBy(*item.Waived))
		}
	}
	kinds, of := changedFindings(r.History)
	for _, k := range kinds {
		if k.kind == ChangeNotLookedAt {
			lines = append(lines, "["+k.title+"] "+short(notLookedAt(of[k.kind]), longText))
			continue
		}
		for _, f := range of[k.kind] {
			if f.Over {
				lines = append(lines, "["+k.title+"] "+short(f.name(), shortText)+": "+f.became())
			}
		}
	}
	for _, w := range r.Waivers {
		if w.State == checks.WaiverExpired {
			lines = append(lines, "[Waiver expired] "+short(accepts(w), shortText)+": after "+short(w.Until, shortText))
		}
	}
	if text := disagreement(r); text != "" {
		lines = append(lines, "[Microsoft's checker] "+short(text, shortText))
	}
	if done, all := confirmed(r); all > 0 {
		lines = append(lines, fmt.Sprintf("[Confirm yourself] %d of %d confirmed", done, all))
	}
	return lines
}

// causeText is a cause with what to do.
func causeText(c Cause) string {
	if c.Help == "" {
		return c.Cause
	}
	return strings.TrimSuffix(c.Cause, ".") + ". Do: " + c.Help
}

// waivedBy says who accepted something until when, and why.
func waivedBy(w Waived) string {
	return fmt.Sprintf("waived until %s UTC by %s%s instead of %s: %s", w.Until, w.Owner, ticket(w.Ticket), marks(w.Was).word, w.Reason)
}

// seconds is a time in milliseconds as programs take it.
func seconds(ms int64) string { return fmt.Sprintf("%d.%03d", ms/1000, ms%1000) }
