package report

import (
	"fmt"
	"io"
	"strings"

	"siteready/checks"
)

// The types of a CMTrace line, which its colour follows.
const (
	traceInformation = 1
	traceWarning     = 2
	traceError       = 3
)

// CMTrace writes the report as a log that CMTrace shows in its colours: one line for each
// check in the form of ConfigMgrPrereq.log (server; rule; status; text), red for failed,
// yellow for warnings and for what could not be checked. Each line has the time of the
// report, in UTC.
func CMTrace(w io.Writer, r Report) error {
	var b strings.Builder
	stamp := fmt.Sprintf(`<time="%s+000" date="%s" component="%s" context="" type="%%d" thread="0" file="">`,
		r.MadeAt.UTC().Format("15:04:05.000"), r.MadeAt.UTC().Format("01-02-2006"), toolName)
	line := func(kind int, text string) {
		// The end of a message must not stand within one.
		text = strings.ReplaceAll(cut(text, longText, safe), "]LOG]!>", "]LOG] !>")
		b.WriteString("<![LOG[" + text + "]LOG]!>" + fmt.Sprintf(stamp, kind) + "\r\n")
	}
	line(traceInformation, fmt.Sprintf("******* %s %s, run %s *******", r.Tool.Name, r.Tool.Version, r.RunID))
	for _, text := range about(r) {
		line(traceInformation, text)
	}
	causeOf, old := causeNumbers(r), agesOf(r.History)
	area := ""
	for _, c := range r.Checks {
		if c.AreaID != area {
			area = c.AreaID
			line(traceInformation, "<<<Area: "+c.AreaTitle+">>>")
		}
		rule := short(c.Title, shortText) + " (" + c.ID + ")"
		line(traceKind(c.Status), traceResult(traceServer(r), rule, c.Status, old.with(c.Summary, c.ID, "")))
		for _, item := range trouble(c.Items) {
			if c.Selected {
				line(traceKind(item.Status), traceResult(traceServer(r), rule, item.Status, old.with(itemText(item, causeOf), c.ID, item.Key)))
			}
		}
		for _, item := range acceptedOf(c) {
			line(traceInformation, traceResult(traceServer(r), rule, waived, strings.TrimPrefix(item.Key+": ", ": ")+waivedBy(*item.Waived)))
		}
		if c.Status == failed || c.Status == warning {
			line(traceInformation, "Do: "+c.Remedy)
		}
	}
	for i, cause := range r.Causes {
		line(traceWarning, fmt.Sprintf("Cause %d: %s (%s)", i+1, causeText(cause), strings.Join(hangsOn(cause), ", ")))
	}
	kinds, of := changedFindings(r.History)
	for _, k := range kinds {
		for _, f := range of[k.kind] {
			if f.Over {
				line(traceInformation, k.title+": "+f.name()+": "+f.became())
			}
		}
	}
	for _, d := range disagreements(r) {
		line(traceInformation, "Microsoft's checker says otherwise: "+short(d.line(), longText))
	}
	for _, w := range r.Waivers {
		if w.State != checks.WaiverInForce {
			line(traceInformation, fmt.Sprintf("Waiver %s: %s; %s", w.State, accepts(w), w.Note))
		}
	}
	if _, all := confirmed(r); all > 0 {
		for _, c := range r.Confirmations {
			line(traceInformation, "Confirm yourself: "+c.ID+": "+confirmedBy(c)+": "+c.Text)
		}
	}
	kind := map[checks.Verdict]int{checks.Ready: traceInformation, checks.Blocked: traceError}[r.Verdict]
	if kind == 0 {
		kind = traceWarning
	}
	line(kind, fmt.Sprintf("%s: %s", r.Verdict, strings.Join(counted(r.Counts), ", ")))
	line(traceInformation, fmt.Sprintf("******* Exit code %d: %s *******", r.Exit.Code, r.Exit.Meaning))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the log for CMTrace: %w", err)
	}
	return nil
}

// traceServer is the first field of a result line.
func traceServer(r Report) string {
	if name := short(r.Subject.Computer, shortText); name != "" {
		return name
	}
	return "this machine"
}

// traceKind is the type of a status. What could not be checked is never red.
func traceKind(status string) int {
	switch status {
	case failed:
		return traceError
	case passed, waived, notApplicable, NotSelected:
		return traceInformation
	default:
		return traceWarning
	}
}

// traceResult is a result line in the form of ConfigMgrPrereq.log, in its words where it has
// one. Only the last field may hold semicolons.
func traceResult(server, rule, status, text string) string {
	word := marks(status).word
	if status == failed {
		word = "Error"
	}
	fields := []string{server, rule, word}
	for i := range fields {
		fields[i] = strings.ReplaceAll(fields[i], ";", ",")
	}
	if text = short(text, longText); text != "" {
		fields = append(fields, text)
	}
	return strings.Join(fields, ";    ")
}
