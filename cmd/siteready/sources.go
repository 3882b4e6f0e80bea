package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"siteready/checks/catalog"
)

// stepCounts counts the steps that are covered, and the others by reason.
func stepCounts(documents []catalog.SourceDocument) (all, covered int, without map[catalog.Reason]int) {
	without = map[catalog.Reason]int{}
	for _, document := range documents {
		for _, step := range document.Steps {
			all++
			if step.Covered() {
				covered++
				continue
			}
			without[step.Reason]++
		}
	}
	return all, covered, without
}

// sourcesText prints each step of each document beside what covers it, in columns that fill the width.
func sourcesText(w io.Writer, documents []catalog.SourceDocument, width int) error {
	var b strings.Builder
	wide := max(width, narrowest)
	left := wide / 2
	right := wide - left - 4
	say := func(text string) { fmt.Fprintln(&b, strings.Join(byWords(text, wide), "\n")) }
	all, covered, without := stepCounts(documents)
	say(fmt.Sprintf("%d documents on updates that fail have %d steps. The names of the steps are siteready's. What has (confirm) is a sentence under \"Confirm yourself\".", len(documents), all))
	fmt.Fprintf(&b, "\n%5d  covered\n", covered)
	for _, reason := range catalog.StepReasons() {
		if without[reason] > 0 {
			fmt.Fprintf(&b, "%5d  %s\n", without[reason], reason)
		}
	}
	for _, document := range documents {
		fmt.Fprintln(&b)
		say(document.Title + ":")
		fmt.Fprintln(&b, document.Page)
		longest := 0
		for _, step := range document.Steps {
			longest = max(longest, len(step.Number))
		}
		for _, step := range document.Steps {
			numbered(&b, fmt.Sprintf("%*s", longest, step.Number), step.Name, left, coveringStep(step), right)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// numbered prints a number and two texts as columns; the number stands in the first line alone.
func numbered(b *strings.Builder, number, one string, left int, other string, right int) {
	ones, others := byWords(one, left-len(number)-1), byWords(other, right)
	for i := range max(len(ones), len(others)) {
		head := strings.Repeat(" ", len(number))
		var a, c string
		if i == 0 {
			head = number
		}
		if i < len(ones) {
			a = ones[i]
		}
		if i < len(others) {
			c = strings.ReplaceAll(others[i], together, " ")
		}
		fmt.Fprintln(b, strings.TrimRight(fmt.Sprintf("  %s %-*s  %s", head, left-len(number)-1, a, c), " "))
	}
}

// together stands for a space at which no line is broken.
const together = "\x00"

// coveringStep says what covers a step, or why nothing does.
func coveringStep(step catalog.Step) string {
	whole := func(text string) string { return strings.ReplaceAll(text, " ", together) }
	parts := slices.Clone(step.Checks)
	for _, id := range step.Statements {
		parts = append(parts, whole(id+" (confirm)"))
	}
	for _, command := range step.Commands {
		parts = append(parts, whole(command))
	}
	switch {
	case len(parts) > 0:
		return strings.Join(parts, ", ")
	case step.About != "":
		return fmt.Sprintf("%s (%s)", step.Reason, step.About)
	}
	return string(step.Reason)
}

// stepJSON is one step of `checks --sources --format json`.
type stepJSON struct {
	Number     string         `json:"number"`
	Name       string         `json:"name"`
	Checks     []string       `json:"checks"`
	Statements []string       `json:"statements"` // under "Confirm yourself"
	Commands   []string       `json:"commands"`
	Reason     catalog.Reason `json:"reason,omitempty"` // why nothing covers it
	About      string         `json:"about,omitempty"`
}

// documentJSON is one document with its steps.
type documentJSON struct {
	Title string     `json:"title"`
	Page  string     `json:"page"`
	Steps []stepJSON `json:"steps"`
}

func sourcesJSON(w io.Writer, documents []catalog.SourceDocument) error {
	all, covered, without := stepCounts(documents)
	list := make([]documentJSON, 0, len(documents))
	for _, document := range documents {
		one := documentJSON{document.Title, document.Page, []stepJSON{}}
		for _, step := range document.Steps {
			one.Steps = append(one.Steps, stepJSON{
				step.Number, step.Name, orEmpty(step.Checks), orEmpty(step.Statements), orEmpty(step.Commands), step.Reason, step.About,
			})
		}
		list = append(list, one)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Schema    string                 `json:"schema"`
		Steps     int                    `json:"steps"`
		Covered   int                    `json:"covered"`
		Without   map[catalog.Reason]int `json:"without"`
		Documents []documentJSON         `json:"documents"`
	}{"siteready.sources/1", all, covered, without, list})
}

// orEmpty is a list that is never null.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
