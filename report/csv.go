package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxCell is how many bytes a cell of CSV has at most. Excel takes 32,767 characters.
const maxCell = MaxEvidence

// csvRow is a row of a CSV report.
type csvRow struct {
	kind         string // check, item, former, disagreement, waiver or statement
	check        Check
	item         Item
	id           string // of what stands in neither
	status, note string
	finding      Finding // its age, or what became of it; empty without a history
}

// csvColumn is a column of a CSV report.
type csvColumn struct {
	name  string
	value func(Report, csvRow) string
}

// csvColumns are the columns in their order. New ones come last, and none is renamed.
func csvColumns() []csvColumn {
	stamp := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	return []csvColumn{
		{"run_id", func(r Report, _ csvRow) string { return r.RunID }},
		{"read_at", func(r Report, _ csvRow) string { return stamp(r.ReadAt) }},
		{"judged_for", func(r Report, _ csvRow) string { return stamp(r.JudgedFor) }},
		{"made_at", func(r Report, _ csvRow) string { return stamp(r.MadeAt) }},
		{"valid_until", func(r Report, _ csvRow) string { return stamp(r.ValidUntil) }},
		{"computer", func(r Report, _ csvRow) string { return r.Subject.Computer }},
		{"site_code", func(r Report, _ csvRow) string { return r.Subject.SiteCode }},
		{"role", func(r Report, _ csvRow) string { return string(r.Subject.Role) }},
		{"target", func(r Report, _ csvRow) string { return r.Target.Version }},
		{"verdict", func(r Report, _ csvRow) string { return string(r.Verdict) }},
		{"exit_code", func(r Report, _ csvRow) string { return strconv.Itoa(r.Exit.Code) }},
		{"row", func(_ Report, row csvRow) string { return row.kind }},
		{"area", func(_ Report, row csvRow) string { return row.check.AreaTitle }},
		{"id", func(_ Report, row csvRow) string { return row.id }},
		{"title", func(_ Report, row csvRow) string { return row.check.Title }},
		{"check_status", func(_ Report, row csvRow) string { return row.check.Status }},
		{"item", func(_ Report, row csvRow) string { return row.item.Key }},
		{"status", func(_ Report, row csvRow) string { return row.status }},
		{"found", func(_ Report, row csvRow) string { return row.item.Found }},
		{"wanted", func(_ Report, row csvRow) string { return row.item.Wanted }},
		{"where", func(_ Report, row csvRow) string { return row.item.Where }},
		{"summary", func(_ Report, row csvRow) string { return row.check.Summary }},
		{"reason", func(_ Report, row csvRow) string { return row.cause().Reason }},
		{"cause", func(_ Report, row csvRow) string { return row.cause().Cause }},
		{"help", func(_ Report, row csvRow) string { return row.cause().Help }},
		{"remedy", func(_ Report, row csvRow) string { return row.todo(row.check.Remedy) }},
		{"command", func(_ Report, row csvRow) string { return row.todo(row.check.Command) }},
		{"waived_was", func(_ Report, row csvRow) string { return row.waived().Was }},
		{"waived_until", func(_ Report, row csvRow) string { return row.waived().Until }},
		{"waived_by", func(_ Report, row csvRow) string { return row.waived().Owner }},
		{"waived_ticket", func(_ Report, row csvRow) string { return row.waived().Ticket }},
		{"waived_reason", func(_ Report, row csvRow) string { return row.waived().Reason }},
		{"note", func(_ Report, row csvRow) string { return row.note }},
		{"change", func(_ Report, row csvRow) string { return row.finding.Change }},
		{"was", func(_ Report, row csvRow) string { return row.finding.Was }},
		{"runs", func(_ Report, row csvRow) string {
			if row.finding.Runs == 0 {
				return ""
			}
			return strconv.Itoa(row.finding.Runs)
		}},
		{"since", func(_ Report, row csvRow) string {
			if row.finding.Runs == 0 {
				return ""
			}
			return stamp(row.finding.Since)
		}},
	}
}

// todo is what to do, where there is something to do.
func (row csvRow) todo(text string) string {
	switch row.status {
	case failed, warning, unknown, waived:
		return text
	default:
		return ""
	}
}

// cause is why something could not be checked: of the item, else of the check.
func (row csvRow) cause() Reason {
	switch {
	case row.item.Cause != nil:
		return *row.item.Cause
	case row.kind == "check" && row.check.Cause != nil:
		return *row.check.Cause
	default:
		return Reason{}
	}
}

func (row csvRow) waived() Waived {
	switch {
	case row.item.Waived != nil:
		return *row.item.Waived
	case row.kind == "check" && row.check.Waived != nil:
		return *row.check.Waived
	default:
		return Waived{}
	}
}

// CSV writes the report as CSV for Excel: a row for each item, for each check without items,
// for each former finding, for each disagreement with Microsoft's own checker, for each waiver, and for each statement that a person must confirm. It begins with a byte
// order mark. Where a program for tables would take foreign text for a formula, an apostrophe
// stands before it.
func CSV(w io.Writer, r Report) error {
	columns := csvColumns()
	var b strings.Builder
	b.WriteString("\uFEFF")
	table := csv.NewWriter(&b)
	table.UseCRLF = true
	cells := make([]string, len(columns))
	for i, column := range columns {
		cells[i] = column.name
	}
	err := table.Write(cells)
	for _, row := range csvRows(r) {
		for i, column := range columns {
			cells[i] = cell(column.value(r, row))
		}
		if err == nil {
			err = table.Write(cells)
		}
	}
	table.Flush()
	if err == nil {
		err = table.Error()
	}
	if err != nil {
		return fmt.Errorf("make the CSV report: %w", err)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the CSV report: %w", err)
	}
	return nil
}

func csvRows(r Report) []csvRow {
	var rows []csvRow
	old := agesOf(r.History)
	for _, c := range r.Checks {
		if len(c.Items) == 0 {
			rows = append(rows, csvRow{kind: "check", check: c, id: c.ID, status: c.Status, note: strings.Join(c.Notes, " "), finding: old[[2]string{c.ID, ""}]})
		}
		for _, item := range c.Items {
			rows = append(rows, csvRow{kind: "item", check: c, item: item, id: c.ID, status: item.Status, note: strings.Join(c.Notes, " "), finding: old[[2]string{c.ID, item.Key}]})
		}
	}
	kinds, of := changedFindings(r.History)
	for _, k := range kinds {
		for _, f := range of[k.kind] {
			if f.Over {
				rows = append(rows, csvRow{kind: "former", id: f.Check, status: f.Is, note: f.became(), item: Item{Key: f.Item}, finding: f})
			}
		}
	}
	for _, d := range disagreements(r) {
		rows = append(rows, csvRow{
			kind: "disagreement", id: r.ProductChecker.Check, status: d.Kind, note: d.line(),
			item: Item{Key: strings.Join(d.Rules, "; "), Found: d.said(), Wanted: d.says(), Where: r.ProductChecker.Log},
		})
	}
	for _, w := range r.Waivers {
		rows = append(rows, csvRow{
			kind: "waiver", id: w.Check, status: string(w.State), note: w.Note,
			item: Item{Key: w.Item, Waived: &Waived{Until: w.Until, Owner: w.Owner, Ticket: w.Ticket, Reason: w.Reason}},
		})
	}
	if _, all := confirmed(r); all > 0 {
		for _, c := range r.Confirmations {
			status := "open"
			if c.Confirmed {
				status = "confirmed"
			}
			rows = append(rows, csvRow{kind: "statement", id: c.ID, status: status, note: confirmedBy(c), check: Check{Title: c.Text}})
		}
	}
	return rows
}

// formula is where a program for tables begins a formula: at the beginning of a cell. A
// semicolon begins one where it is what parts the cells, as in many countries.
var formula = regexp.MustCompile(`(^|;)([\s"']*)([=+\-@＝＋－＠])`)

// cell is clean text that is no formula.
func cell(text string) string {
	return formula.ReplaceAllString(short(text, maxCell), "$1$2'$3")
}
