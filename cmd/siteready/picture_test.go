//go:build linux

package main

import (
	"bytes"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"siteready/report"
)

// The picture in README.md shows what the program prints for the demonstration now: an hour
// after its facts were read, down to the first areas that are green, and the last line.
func TestPicture(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"demo", "--format", "json"}, strings.NewReader(""), &stdout, &stderr); code != 2 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	r := parseReport(t, stdout.Bytes())
	r.MadeAt = r.ReadAt.Add(time.Hour)
	const columns = 104
	var table bytes.Buffer
	if err := report.Table(&table, r, report.TableOptions{Width: columns, Color: true, Unicode: true}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(table.String()), "\n")
	beginning := func(what string) int {
		return slices.IndexFunc(lines, func(line string) bool { return strings.Contains(ansi.Strip(line), what) })
	}
	green, next := beginning("HARDENING AND"), beginning("Next: ")
	if green < 1 || next < green {
		t.Fatalf("the report has no area or no last line where they are looked for:\n%s", &table)
	}
	shown := slices.Concat(lines[:green], []string{"", "  ...", ""}, lines[next:])
	got := []byte(drawn(shown, columns))

	file := filepath.Join("..", "..", "docs", "demo.svg")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s shows another report; `make golden` draws it anew", file)
	}
}

var (
	style   = regexp.MustCompile(`\x1b\[([0-9;]*)m`)
	phrases = regexp.MustCompile(`\S+( \S+)*`) // with one blank between them
	// fills are the colours of a dark terminal by their ANSI numbers.
	fills = map[string]string{"31": "#f47067", "32": "#57ab5a", "33": "#daaa3f", "35": "#dcbdfb", "36": "#39c5cf"}
)

// drawn is lines with ANSI styles as an SVG picture. Each piece of a line is stretched to its
// columns, as nobody knows which font a reader has.
func drawn(lines []string, columns int) string {
	const character, height = 8.43, 18
	width, whole := int(float64(columns)*character+24), len(lines)*height+34
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="The report of the demonstration site: blocked, with findings of each colour">`+"\n", width, whole, width, whole)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="8" fill="#1c2128"/>`+"\n", width, whole)
	b.WriteString(`<g font-family="Consolas, DejaVu Sans Mono, Menlo, monospace" font-size="14" fill="#adbac7">` + "\n")
	look := ""
	for n, line := range lines {
		fmt.Fprintf(&b, `<text y="%d">`, 30+n*height)
		x := 16.0
		piece := func(text string) {
			wide := func(text string) float64 { return float64(utf8.RuneCountInString(text)) * character }
			for _, at := range phrases.FindAllStringIndex(text, -1) { // viewers disagree on blanks
				phrase := text[at[0]:at[1]]
				fmt.Fprintf(&b, `<tspan x="%.1f"%s textLength="%.1f">%s</tspan>`, x+wide(text[:at[0]]), look, wide(phrase), html.EscapeString(phrase))
			}
			x += wide(text)
		}
		end := 0
		for _, at := range style.FindAllStringSubmatchIndex(line, -1) {
			piece(line[end:at[0]])
			look, end = looksLike(line[at[2]:at[3]]), at[1]
		}
		piece(line[end:])
		b.WriteString("</text>\n")
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

// looksLike is what a tspan has for the parameters of a style.
func looksLike(parameters string) string {
	look := ""
	for p := range strings.SplitSeq(parameters, ";") {
		if fill, known := fills[p]; known {
			look += fmt.Sprintf(` fill="%s"`, fill)
		}
		if p == "1" {
			look += ` font-weight="bold"`
		}
	}
	return look
}
