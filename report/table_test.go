package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"siteready/checks"
	"siteready/platform"
	"siteready/report"
)

func table(t *testing.T, in report.Input, o report.TableOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Table(&b, report.New(in), o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// letters are what random words are made of: separators at which words are broken, wide
// characters, marks that combine with the letter before them.
const letters = `abcdefgABCDEFG0123456789\/-.,;:=_@&?()[]{}%$#'"é漢字ｱ🙂⚠👩🏽🇩🇪` + "e\u0301"

func words(rnd *rand.Rand) string {
	alphabet := []rune(letters)
	var b strings.Builder
	for range 1 + rnd.IntN(12) {
		length := 1 + rnd.IntN(12)
		if rnd.IntN(4) == 0 {
			length = 20 + rnd.IntN(120)
		}
		for range length {
			b.WriteRune(alphabet[rnd.IntN(len(alphabet))])
		}
		b.WriteString(strings.Repeat(" ", 1+rnd.IntN(2)))
	}
	return strings.ReplaceAll(b.String(), "://", "//") // lines with addresses may be long
}

func dense(s string) string { return strings.Join(strings.Fields(s), "") }

// column is all the text in a column of the table, without white space.
func column(text string, n int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if cells := strings.Split(line, "|"); len(cells) == 5 {
			b.WriteString(dense(cells[n]))
		}
	}
	return b.String()
}

// TestTableLosesNothing draws random texts at random widths: every character of title, id,
// summary and items in trouble is in its column, and no line is too long.
func TestTableLosesNothing(t *testing.T) {
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		in := site()
		in.Subject.Headline, in.Subject.Database, in.Results = words(rnd), words(rnd), nil
		areas := []checks.Area{areaSite, areaDrivers, {ID: "odd", Title: words(rnd)}}
		for i := range 8 {
			status := checks.Status(rnd.IntN(5))
			item := checks.Item{Key: words(rnd), Found: words(rnd), Wanted: words(rnd), Where: words(rnd), Status: status}
			if status == checks.Unknown {
				item.Cause = platform.Refuse(platform.ErrDenied, "%s", words(rnd))
			}
			r := result(areas[rnd.IntN(len(areas))], fmt.Sprint("c", i), words(rnd), status, words(rnd), item)
			r.Check.Remedy, r.Check.Consequence, r.Check.Rules = words(rnd), words(rnd), []string{words(rnd)}
			r.Notes, r.Selected = []string{words(rnd)}, rnd.IntN(8) > 0
			if status == checks.Unknown && rnd.IntN(2) == 0 {
				r.Items, r.Cause = nil, platform.Refuse(platform.ErrTimeout, "%s", words(rnd))
				r.Summary = r.Cause.Cause
			}
			in.Results = append(in.Results, r)
		}
		width := 80 + rnd.IntN(121)
		verbose := rnd.IntN(2) == 0
		text := table(t, in, report.TableOptions{Width: width, Verbose: verbose})
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			got := twwidth.WidthWithOptions(line, twwidth.Options{})
			if got > width-1 && !strings.Contains(line, "://") {
				t.Errorf("seed %d, width %d: a line has %d columns: %s", seed, width, got, line)
			}
			if strings.HasPrefix(line, "|") && got != width-1 {
				t.Errorf("seed %d, width %d: a line of the table has %d columns: %s", seed, width, got, line)
			}
		}
		titles, found := column(text, 2), column(text, 3)
		for _, r := range in.Results {
			if !r.Selected {
				continue
			}
			must := func(column, what string) {
				if !strings.Contains(column, dense(what)) {
					t.Errorf("seed %d, width %d: %q is not in the table", seed, width, what)
				}
			}
			if r.Status == checks.NotApplicable {
				must(dense(text), r.Summary) // it stands below the table
				continue
			}
			if r.Status == checks.Passed && !verbose {
				must(titles, r.Check.ID)
			} else {
				must(titles, r.Check.Title+r.Check.ID)
			}
			must(found, r.Summary)
			for _, i := range r.Items {
				if i.Status == checks.Failed || i.Status == checks.Warning {
					must(found, i.Key+":"+i.Found+", wanted "+i.Wanted+"("+i.Where+")")
				}
			}
			for _, i := range r.Items {
				if i.Cause != nil {
					must(dense(text), i.Cause.Cause)
				}
			}
		}
		if t.Failed() {
			return
		}
	}
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

// poison puts what a terminal would obey into every text of a run.
func poison(in report.Input) report.Input {
	const bad = "\x1b[31mred\x1b]0;title\x07\u009b2J\r\b\x00\u202e\u2066\xff "
	in.Version += bad
	in.Recording = bad + ".siteready"
	in.Stopped = bad
	s := &in.Subject
	for _, text := range []*string{&s.Headline, &s.Account, &s.SQLServer, &s.Database, &s.RunOn, &s.Problem} {
		*text += bad
	}
	for i := range in.Results {
		r := &in.Results[i]
		r.Area.Title += bad
		for _, text := range []*string{
			&r.Check.ID, &r.Check.Title, &r.Check.Consequence, &r.Check.Remedy, &r.Check.Command, &r.Summary, &r.Stack,
		} {
			*text += bad
		}
		r.Check.Rules = append(r.Check.Rules, bad)
		r.Check.Sources = append(r.Check.Sources, "https://x/"+bad, bad)
		r.Check.Rights = append(r.Check.Rights, bad)
		r.Check.Settings = append(r.Check.Settings, checks.Setting{Name: bad, Unit: bad, About: bad})
		r.Notes = append(r.Notes, bad)
		if r.Cause != nil {
			r.Cause = &platform.NoAnswer{Reason: platform.ErrDenied, Cause: bad + r.Cause.Cause, Help: bad}
		}
		for j := range r.Items {
			item := &r.Items[j]
			item.Key, item.Found, item.Wanted, item.Where = item.Key+bad, item.Found+bad, item.Wanted+bad, item.Where+bad
		}
		for j := range r.Evidence {
			e := &r.Evidence[j]
			e.Question.On += bad
			e.Question.Where += bad
			e.Answer = json.RawMessage("\"\u009b2J\u202e\"")
		}
	}
	return in
}

func TestForeignEscapesNeverComeThrough(t *testing.T) {
	for _, colored := range []bool{false, true} {
		text := table(t, poison(site()), report.TableOptions{Width: 100, Color: colored, Verbose: true})
		if colored {
			if !sgr.MatchString(text) {
				t.Error("there is no colour")
			}
			if strings.Contains(text, "\x1b[31mred") {
				t.Error("foreign colour came through")
			}
			text = sgr.ReplaceAllString(text, "")
		}
		assertHarmless(t, text)
	}
	assertHarmless(t, asJSON(t, report.New(poison(site()))))
}

func assertHarmless(t *testing.T, text string) {
	t.Helper()
	for at, c := range text {
		if c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c)) {
			t.Errorf("%U came through: %q", c, text[max(0, at-20):min(len(text), at+20)])
			return
		}
	}
}

// TestColorChangesNothingElse compares with the plain text, and looks at the environment's
// own wish for no colour, which is for the command to obey.
func TestColorChangesNothingElse(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	for _, width := range []int{80, 120} {
		o := report.TableOptions{Width: width, Unicode: true, Verbose: true}
		plain := table(t, site(), o)
		o.Color = true
		colored := table(t, site(), o)
		if colored == plain {
			t.Error("Color has no effect")
		}
		if sgr.ReplaceAllString(colored, "") != plain {
			t.Errorf("at width %d colour changes the text", width)
		}
	}
}

func TestASCII(t *testing.T) {
	text := table(t, site(), report.TableOptions{Width: 80, Verbose: true})
	for at, c := range text {
		if c > unicode.MaxASCII {
			t.Fatalf("%q is not ASCII: %q", c, text[max(0, at-20):])
		}
	}
}

func TestNarrowTerminalsGetTheLeastWidth(t *testing.T) {
	if table(t, site(), report.TableOptions{Width: 20}) != table(t, site(), report.TableOptions{Width: 80}) {
		t.Error("a width of 20 is not drawn as 80")
	}
}

func TestOneCauseIsOneBlock(t *testing.T) {
	text := dense(table(t, site(), report.TableOptions{Width: 200}))
	cause := dense(unreachable().Cause)
	// Once in the table, where it first appears, and once in the list of causes.
	if n := strings.Count(text, cause); n != 2 {
		t.Errorf("the cause of three checks stands there %d times:\n%s", n, text)
	}
	if !strings.Contains(text, dense("3 checks    site.replication, site.change-tracking, recovery.consistency")) {
		t.Error("the three checks do not stand together")
	}
}

func TestCommandsStayWhole(t *testing.T) {
	in := site()
	long := "powershell  -Command " + strings.Repeat("x", 300)
	in.Results[3].Check.Command = long + "\nsecond line\n"
	text := table(t, in, report.TableOptions{Width: 80})
	if !strings.Contains(text, "\n        "+long+"\n        second line\n") {
		t.Errorf("the command is not whole:\n%s", text)
	}
}

func TestWhatWasFoundByAnUnknownCheckIsToFix(t *testing.T) {
	in := calm()
	in.Results = append(in.Results, result(areaSpace, "volume", "Room?", checks.Unknown, "Some.",
		checks.Item{Key: "E:", Found: "12 GB", Wanted: "15 GB", Status: checks.Warning},
		checks.UnknownItem("D:", "15 GB", denied())))
	text := table(t, in, report.TableOptions{Width: 80})
	_, fix, found := strings.Cut(text, "What to fix, in order")
	if !found || !strings.Contains(fix, "E:: 12 GB, wanted 15 GB") || !strings.Contains(fix, "Put right what space.volume found") {
		t.Errorf("the warning of a check that could not be made to its end is lost:\n%s", text)
	}
}

func TestHead(t *testing.T) {
	minutes := calm()
	minutes.Recording, minutes.MadeAt = "x", readAt.Add(1*60e9)
	hours := calm()
	hours.Recording, hours.MadeAt = "x", readAt.Add(47*3600e9)
	early := calm()
	early.Recording, early.MadeAt = "x", readAt.Add(-1)
	unselected := calm()
	for i := range unselected.Results {
		unselected.Results[i].Selected = false
	}
	warned := site()
	warned.Results, warned.FailOn = warned.Results[10:11], report.FailOnFailed
	part := site()
	for i := range part.Results {
		part.Results[i].Selected = part.Results[i].Area.ID == "site" || i == 3
	}
	one := site()
	one.Results = one.Results[3:4]
	stopped := calm()
	stopped.Stopped = "the limit of 5m0s for a run has passed"
	tests := []struct {
		name string
		in   report.Input
		want []string
	}{
		{"minutes", minutes, []string{"READY   2 passed, 1 not applicable\n", "as of 2026-11-20 02:00 UTC, 1 minute old"}},
		{"hours", hours, []string{"47 hours old"}},
		{"early", early, []string{"later than this computer's clock"}},
		{"days", recorded(site()), []string{"3 days old", "12 of 13 checks"}},
		{"none selected", unselected, []string{"INCOMPLETE   nothing was checked", "0 of 3 checks", "No check was selected"}},
		{"some selected", part, []string{
			"4 of 13 checks",
			"\n9 checks were not selected: drivers.native-client, space.volume, recovery.*, system.*\n",
		}},
		{"let through", warned, []string{"READY WITH WARNINGS   1 warning\n", "is below --fail-on failed", "look at the warning above", "Exit code 0: let through"}},
		{"one failed", one, []string{"BLOCKED   1 failed\n", "fix the failed check above", "Exit code 2: blocked"}},
		{"stopped", stopped, []string{"INCOMPLETE", "The run ended early: the limit of 5m0s for a run has passed.", "run siteready again, to its end", "Exit code 3"}},
		{"no site", nothing(), []string{"| No site of Configuration Manager was found on WS042.contoso.local |", "No check applied here", "Next: run siteready on CM01.contoso.local"}},
		{"no headline", report.Input{}, []string{"It is not known what this machine is."}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := table(t, test.in, report.TableOptions{Width: 120})
			for _, want := range test.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in\n%s", want, text)
				}
			}
		})
	}
}

func recorded(in report.Input) report.Input {
	in.Recording = "P01.siteready"
	return in
}
