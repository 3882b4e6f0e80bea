//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/report"
)

// silences are the reasons that are no answer.
func silences() []error {
	return slices.DeleteFunc(platform.Reasons(), func(reason error) bool { return errors.Is(reason, platform.ErrAbsent) })
}

// Where nothing can be read, for whatever reason, nothing is green and the exit code is 3: of
// the live command, and of a recording that is judged elsewhere.
func TestNothingCanBeRead(t *testing.T) {
	for name, site := range constructedSites(t) {
		for _, reason := range silences() {
			t.Run(fmt.Sprint(name, ", ", reason), func(t *testing.T) {
				r := platformtest.Refusing(site, reason, func(platform.Question) bool { return true })
				text, code := judgedBy(t, site, r, formatJSON)
				live := parse(t, text)
				nothingIsKnown(t, live, code)
				if table, code := judgedBy(t, site, r, formatTable); code != 3 || !strings.HasPrefix(table, "INCOMPLETE ") {
					t.Errorf("the table, with exit code %d, begins with %.80q", code, table)
				}

				data, err := recorded(t.Context(), site, r)
				if err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(t.TempDir(), "site.siteready")
				if err := os.WriteFile(file, data, 0o600); err != nil {
					t.Fatal(err)
				}
				replayed, code := inProcess(t, file)
				nothingIsKnown(t, replayed, code)
			})
		}
	}
}

func nothingIsKnown(t *testing.T, r report.Report, code int) {
	t.Helper()
	if code != 3 || r.Exit.Code != 3 || r.Verdict != "INCOMPLETE" || r.Counts.Unknown != r.Counts.Total || r.Counts.Total == 0 || len(r.Causes) == 0 {
		t.Errorf("exit code %d; the report says %d, %s, %+v, %d causes", code, r.Exit.Code, r.Verdict, r.Counts, len(r.Causes))
	}
}

// Where everything is absent there is no site: nothing applies, and nothing is green.
func TestNothingIsThere(t *testing.T) {
	site := constructedSites(t)["primary"]
	r := platformtest.Refusing(site, platform.ErrAbsent, func(platform.Question) bool { return true })
	text, code := judgedBy(t, site, r, formatJSON)
	if c := parse(t, text).Counts; code != 3 || c.Passed+c.Warning+c.Failed > 0 {
		t.Errorf("exit code %d, %+v", code, c)
	}
}

// Where Windows answers and SQL Server does not, or the other way round, the run is not
// complete, and what is green was seen with all that it hangs on.
func TestHalfCanBeRead(t *testing.T) {
	ofSQL := func(q platform.Question) bool { return q.Kind == platform.KindSQL }
	for name, site := range constructedSites(t) {
		text, before := judgedBy(t, site, site, formatJSON)
		whole := parse(t, text)
		for half, silent := range map[string]func(platform.Question) bool{
			"SQL Server is silent": ofSQL,
			"Windows is silent":    func(q platform.Question) bool { return !ofSQL(q) },
		} {
			for _, reason := range silences() {
				t.Run(fmt.Sprint(name, ", ", half, ", ", reason), func(t *testing.T) {
					text, code := judgedBy(t, site, platformtest.Refusing(site, reason, silent), formatJSON)
					r := parse(t, text)
					asked := slices.ContainsFunc(whole.Checks, func(c report.Check) bool {
						return slices.ContainsFunc(c.Evidence, func(e report.Evidence) bool { return silent(e.Question) })
					})
					switch {
					case !asked && code != before: // a console has no database
						t.Errorf("exit code %d; with all answers, of which none is silent now, it is %d", code, before)
					case asked && code != 3 && (before != 2 || code != 2):
						// What was red may stay so: the update is blocked, whatever else is not known.
						t.Errorf("exit code %d; with all answers it is %d", code, before)
					}
					for i, c := range r.Checks {
						if c.Status == "passed" && whole.Checks[i].Status != "passed" {
							t.Errorf("%s became green; with all answers it is %s", c.ID, whole.Checks[i].Status)
						}
						for _, e := range c.Evidence {
							if c.Status == "passed" && silent(e.Question) {
								t.Errorf("%s is green without an answer to %s", c.ID, e.Question)
							}
						}
					}
				})
			}
		}
	}
}

// A reader with every reason at once, by chance of the question, is no better.
func TestAllReasonsAtOnce(t *testing.T) {
	reasons := silences()
	for name, site := range constructedSites(t) {
		for turn := range reasons {
			var r platform.Reader = site
			for i, reason := range reasons {
				r = platformtest.Refusing(r, reason, func(q platform.Question) bool {
					return (bytes.Count([]byte(q.String()), []byte("e"))+turn)%len(reasons) == i
				})
			}
			text, code := judgedBy(t, site, r, formatJSON)
			if got := parse(t, text); code != 3 || got.Counts.Unknown != got.Counts.Total {
				t.Errorf("%s: exit code %d, %+v", name, code, got.Counts)
			}
		}
	}
}
