package logs

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"siteready/checks"
	"siteready/checks/requirement"
	"siteready/platform"
	"siteready/platform/platformtest"
)

const updateLogPath = `D:\Program Files\Microsoft Configuration Manager\Logs\CMUpdate.log`

// healthy is a constructed site on which nothing is amiss.
func healthy(t *testing.T) *platformtest.Site {
	t.Helper()
	tree, err := platformtest.Load("../..", "primary")
	if err != nil {
		t.Fatal(err)
	}
	site, err := platformtest.New(tree)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// digestOf is what is known of the log of the update service.
func digestOf(t *testing.T, site *platformtest.Site) platform.FailureLog {
	t.Helper()
	raw, err := site.Read(t.Context(), platform.ReadFailureLog(updateLogPath).Question)
	if err != nil {
		t.Fatal(err)
	}
	var d platform.FailureLog
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// judged is what the check of updates says when the log of the update service has this digest.
func judged(t *testing.T, site *platformtest.Site, d platform.FailureLog) checks.Result {
	t.Helper()
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	reader := platformtest.Answering(site, platform.ReadFailureLog(updateLogPath).Question, raw)
	catalog := checks.Catalog{Area()}
	selection, err := checks.Select(catalog, []string{"logs.update"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := platform.Open(t.Context(), reader, site.ReadAt, platform.DefaultLimits())
	results := checks.Run(t.Context(), m, catalog, selection, checks.Conditions{Target: requirement.DefaultTarget(0), JudgedFor: site.ReadAt})
	return results[slices.IndexFunc(results, func(r checks.Result) bool { return r.Check.ID == "logs.update" })]
}

// failure is a known failure of yesterday.
func failure(site *platformtest.Site, change func(*platform.KnownFailure)) platform.KnownFailure {
	at := site.ReadAt.Add(-24 * time.Hour)
	k := platform.KnownFailure{
		ID: "inst-x", Severity: platform.SeverityFailure, Stage: "installation", Rank: 3, Group: "x", Meaning: "It failed", Remedy: "Cure it", Count: 1, First: &at, Last: &at,
		EndedBy: []string{"over-update"}, Lines: []platform.LogLine{{File: "CMUpdate.log", Number: 7, At: &at, Text: "x failed"}},
	}
	if change != nil {
		change(&k)
	}
	return k
}

// What a digest does not tell is never green.
func TestDigests(t *testing.T) {
	site := healthy(t)
	for name, test := range map[string]struct {
		change func(*platform.FailureLog)
		status checks.Status
		item   string // its key
	}{
		"as it is":             {func(*platform.FailureLog) {}, checks.Passed, "CMUpdate.log"},
		"failures left off":    {func(d *platform.FailureLog) { d.LeftOff = 2 }, checks.Unknown, "CMUpdate.log further failures"},
		"a file in use":        {func(d *platform.FailureLog) { d.Files[0].Problem = "it is in use" }, checks.Unknown, "CMUpdate.log"},
		"no revision":          {func(d *platform.FailureLog) { d.Revision = 0 }, checks.Unknown, "CMUpdate.log"},
		"no catalogue":         {func(d *platform.FailureLog) { d.Catalogue = "" }, checks.Unknown, "CMUpdate.log"},
		"no file":              {func(d *platform.FailureLog) { d.Files = []platform.FailureFile{} }, checks.Unknown, "CMUpdate.log"},
		"more read than there": {func(d *platform.FailureLog) { d.Read = d.Bytes + 1 }, checks.Unknown, "CMUpdate.log"},
		"older part not read":  {func(d *platform.FailureLog) { d.Read, d.FilesLeft = d.Bytes-10, 3 }, checks.Passed, "CMUpdate.log"},
		"a failure": {
			func(d *platform.FailureLog) { d.Known = []platform.KnownFailure{failure(site, nil)} }, checks.Failed, "x",
		},
		"a failure that a later run had not": {
			func(d *platform.FailureLog) {
				d.Known = []platform.KnownFailure{failure(site, func(k *platform.KnownFailure) { k.Over = true })}
			}, checks.Passed, "CMUpdate.log",
		},
		"a summary": {
			func(d *platform.FailureLog) {
				d.Known = []platform.KnownFailure{failure(site, func(k *platform.KnownFailure) { k.Rank = 1 })}
			}, checks.Warning, "x",
		},
		"a failure that comes and goes": {
			func(d *platform.FailureLog) {
				d.Known = []platform.KnownFailure{failure(site, func(k *platform.KnownFailure) { k.Stage = "any" })}
			}, checks.Warning, "x",
		},
		"a failure, and a success of the future": {
			func(d *platform.FailureLog) {
				at := site.ReadAt.AddDate(1, 0, 0)
				d.Known = []platform.KnownFailure{failure(site, nil)}
				d.Endings = []platform.LogEnding{{ID: platform.EndingUpdate, Meaning: "m", At: &at}}
			}, checks.Failed, "x",
		},
		"a failure, and a success by a clock of another zone": {
			func(d *platform.FailureLog) {
				at := site.ReadAt.Add(14 * time.Hour)
				d.Known = []platform.KnownFailure{failure(site, nil)}
				d.Endings = []platform.LogEnding{{ID: platform.EndingUpdate, Meaning: "m", At: &at}}
			}, checks.Passed, "CMUpdate.log",
		},
		"a severity that is none": {
			func(d *platform.FailureLog) {
				d.Known = []platform.KnownFailure{failure(site, func(k *platform.KnownFailure) { k.Severity = "bad" })}
			}, checks.Unknown, "CMUpdate.log",
		},
		"seen no times": {
			func(d *platform.FailureLog) {
				d.Known = []platform.KnownFailure{failure(site, func(k *platform.KnownFailure) { k.Count, k.Undated = 0, 0 })}
			}, checks.Unknown, "CMUpdate.log",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := digestOf(t, site)
			test.change(&d)
			got := judged(t, site, d)
			at := slices.IndexFunc(got.Items, func(i checks.Item) bool { return i.Key == test.item && i.Status == test.status })
			if at < 0 || test.status != checks.Unknown && got.Status != test.status || got.Status == checks.Passed && test.status != checks.Passed {
				t.Errorf("%s: %+v", got.Status, got.Items)
			}
		})
	}
}

// What was not read, what does not count and what to do is told.
func TestNotes(t *testing.T) {
	site := healthy(t)
	d := digestOf(t, site)
	d.FilesLeft = 3
	d.Known = []platform.KnownFailure{
		failure(site, nil), failure(site, func(k *platform.KnownFailure) {
			k.ID, k.Group, k.Single, k.Severity = "inst-y", "y", true, platform.SeverityWarning
		}),
	}
	said := strings.Join(judged(t, site, d).Notes, "\n")
	for _, want := range []string{"x: It failed. Cure it.", "Only the newest part was read", "inst-y (CMUpdate.log, also seen without a fault)", "dmpuploader.log"} {
		if !strings.Contains(said, want) {
			t.Errorf("the notes do not say %q:\n%s", want, said)
		}
	}
}

// A log of the future does not tell that something is written to it now.
func TestLogOfTheFuture(t *testing.T) {
	site := healthy(t)
	for name, test := range map[string]struct {
		last   time.Time
		silent int
	}{
		"now":                {site.ReadAt, 0},
		"within the week":    {site.ReadAt.AddDate(0, 0, -6), 0},
		"long ago":           {site.ReadAt.AddDate(0, 0, -8), 1},
		"of another zone":    {site.ReadAt.Add(14 * time.Hour), 0},
		"of the next months": {site.ReadAt.AddDate(0, 2, 0), 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := digestOf(t, site)
			d.Last = &test.last
			m := platform.Open(t.Context(), site, site.ReadAt, platform.DefaultLimits())
			check := update().check()
			var silent int
			check.Run = func(_ context.Context, c *checks.Case) (checks.Finding, error) {
				v := &verdict{c: c, endings: map[string]time.Time{}}
				v.take(watched{name: hierarchyLog, daily: true}, true, updateLogPath, platform.Reading[platform.FailureLog]{Value: d})
				silent = len(v.silent)
				return v.finding(), nil
			}
			catalog := checks.Catalog{{ID: "logs", Title: "t", Checks: []checks.Check{check}}}
			selection, err := checks.Select(catalog, []string{"logs.update"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			checks.Run(t.Context(), m, catalog, selection, checks.Conditions{Target: requirement.DefaultTarget(0), JudgedFor: site.ReadAt})
			if silent != test.silent {
				t.Errorf("%d silent, want %d", silent, test.silent)
			}
		})
	}
}

// A failure that was not looked for could not be checked, whatever the logs say.
func TestNewerFailures(t *testing.T) {
	v := &verdict{newer: []string{"b", "a", "b"}}
	finding := v.finding()
	if finding.Status() != checks.Unknown || len(finding.Items) != 1 || !errors.Is(finding.Items[0].Cause, platform.ErrNotRecorded) || !strings.Contains(finding.Items[0].Cause.Cause, "2 known failures") {
		t.Errorf("%+v", finding)
	}
}
