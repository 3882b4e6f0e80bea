package report_test

import (
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/report"
)

// judged is the report of a constructed site.
func judged(t testing.TB, name string) report.Report {
	t.Helper()
	tree, err := platformtest.Load("..", name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := platformtest.New(tree)
	if err != nil {
		t.Fatal(err)
	}
	all, err := checks.Select(catalog.All(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := platform.Open(t.Context(), s, s.ReadAt, platform.DefaultLimits())
	target := requirement.DefaultTarget(discovery.Build(t.Context(), m.Session()))
	results := checks.Run(t.Context(), m, catalog.All(), all, checks.Conditions{Target: target, JudgedFor: s.ReadAt})
	return made(report.Input{
		Version: "1.0.0", Subject: discovery.Describe(t.Context(), m.Session(), checks.Stated{}), Target: target, Recording: name,
		ReadAt: s.ReadAt, JudgedFor: s.ReadAt, MadeAt: s.ReadAt.AddDate(0, 0, 1), Results: results, Statements: catalog.All().StatementsFor(results),
	})
}

// Every constructed site has the same verdict, counts and ids in every format.
func TestEveryFormatSaysTheSame(t *testing.T) {
	files, err := os.ReadDir("../testdata/sites")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d sites: %v", len(files), err)
	}
	severe := compiled(t, true)
	verdicts := map[string]bool{}
	for _, file := range files {
		name, isSite := strings.CutSuffix(file.Name(), ".yaml")
		if !isSite {
			continue
		}
		t.Run(name, func(t *testing.T) {
			r := judged(t, name)
			verdicts[string(r.Verdict)] = true
			if len(r.Checks) < 40 {
				t.Errorf("there are only %d checks", len(r.Checks))
			}
			text := []byte(asJSON(t, r))
			var back report.Report
			if err := json.Unmarshal(text, &back); err != nil {
				t.Fatal(err)
			}
			truth(back).assert(t, truth(r))
			if err := severe.Validate(parsed(t, text)); err != nil {
				t.Error(err)
			}
			for _, judge := range []func(testing.TB, report.Report){judgeTable, judgeHTML, judgeJUnit, judgeCSV, judgePrometheus, judgeTrace, judgeNagios, judgeSummary} {
				judge(t, r)
			}
			if got, want := rendered(t, report.Word, r), strings.ReplaceAll(string(r.Verdict), " ", "_")+"\n"; got != want {
				t.Errorf("the word is %q, wanted %q", got, want)
			}
		})
	}
	if len(verdicts) < 3 {
		t.Errorf("the sites have only the verdicts %v", verdicts)
	}
}

// judgeTable looks for the verdict in front, and for each check of its own.
func judgeTable(t testing.TB, r report.Report) {
	text := rendered(t, func(w io.Writer, r report.Report) error {
		return report.Table(w, r, report.TableOptions{Width: 200, Verbose: true})
	}, r)
	if !strings.HasPrefix(text, string(r.Verdict)+"   ") {
		t.Errorf("it does not begin with %s", r.Verdict)
	}
	for _, c := range r.Checks {
		if !strings.Contains(text, c.ID+": ") {
			t.Errorf("the evidence has no %s", c.ID)
		}
	}
	harmless(t, text, "\n")
}
