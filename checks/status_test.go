package checks_test

import (
	"encoding/json"
	"slices"
	"testing"

	"siteready/checks"
)

// fromBestToWorst is every status in the order of the verdict.
var fromBestToWorst = []checks.Status{checks.NotApplicable, checks.Passed, checks.Waived, checks.Warning, checks.Unknown, checks.Failed}

func TestWorst(t *testing.T) {
	for i, a := range fromBestToWorst {
		if got := checks.Worst(a); got != a {
			t.Errorf("the worst of %s alone is %s", a, got)
		}
		for j, b := range fromBestToWorst {
			want := fromBestToWorst[max(i, j)]
			if got := checks.Worst(a, b); got != want {
				t.Errorf("the worst of %s and %s is %s, wanted %s", a, b, got, want)
			}
		}
	}
	backwards := slices.Clone(fromBestToWorst)
	slices.Reverse(backwards)
	for _, all := range [][]checks.Status{fromBestToWorst, backwards} {
		if got := checks.Worst(all...); got != checks.Failed {
			t.Errorf("the worst of %v is %s", all, got)
		}
	}
	if got := checks.Worst(); got != checks.Unknown {
		t.Errorf("the worst of nothing is %s; nothing was judged", got)
	}
}

func TestZeroStatusIsNeverGreen(t *testing.T) {
	var s checks.Status
	if s != checks.Unknown {
		t.Errorf("the zero status is %s", s)
	}
}

func TestJudge(t *testing.T) {
	type statuses = []checks.Status
	tests := []struct {
		name        string
		selected    statuses
		notSelected statuses
		want        checks.Verdict
		code        int
	}{
		{"all passed", statuses{checks.Passed, checks.Passed}, nil, checks.Ready, 0},
		{"a warning", statuses{checks.Passed, checks.Warning}, nil, checks.WithWarnings, 1},
		{"a failure", statuses{checks.Passed, checks.Failed, checks.Warning}, nil, checks.Blocked, 2},
		{"could not check", statuses{checks.Passed, checks.Unknown}, nil, checks.Incomplete, 3},
		{"could not check beats a warning", statuses{checks.Warning, checks.Unknown}, nil, checks.Incomplete, 3},
		{"a failure beats could not check", statuses{checks.Unknown, checks.Failed}, nil, checks.Blocked, 2},
		{"what does not apply decides nothing", statuses{checks.NotApplicable, checks.Passed}, nil, checks.Ready, 0},
		{"what was waived decides nothing", statuses{checks.Waived, checks.Passed}, nil, checks.Ready, 0},
		{"what was waived hides nothing", statuses{checks.Waived, checks.Failed}, nil, checks.Blocked, 2},
		{"only waived is not ready", statuses{checks.Waived, checks.NotApplicable}, nil, checks.Incomplete, 3},
		{"only not applicable", statuses{checks.NotApplicable, checks.NotApplicable}, nil, checks.Incomplete, 3},
		{"nothing at all", nil, nil, checks.Incomplete, 3},
		{"nothing selected", nil, statuses{checks.Unknown, checks.Unknown}, checks.Incomplete, 3},
		{"nothing selected, whatever it would say", nil, statuses{checks.Passed, checks.Failed}, checks.Incomplete, 3},
		{"a failure that is not selected", statuses{checks.Passed}, statuses{checks.Failed}, checks.Ready, 0},
		{"could not check, not selected", statuses{checks.Warning}, statuses{checks.Unknown}, checks.WithWarnings, 1},
		{"a pass that is not selected", statuses{checks.NotApplicable}, statuses{checks.Passed}, checks.Incomplete, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var results []checks.Result
			for _, s := range tt.selected {
				results = append(results, checks.Result{Selected: true, Status: s})
			}
			for _, s := range tt.notSelected {
				results = append(results, checks.Result{Status: s})
			}
			for range 2 { // the order of results does not matter
				if got := checks.Judge(results); got != tt.want || got.ExitCode() != tt.code {
					t.Errorf("%s and exit code %d, wanted %s and %d", got, got.ExitCode(), tt.want, tt.code)
				}
				slices.Reverse(results)
			}
		})
	}
}

func TestExitCodeOfAnUnknownVerdict(t *testing.T) {
	for _, v := range []checks.Verdict{"", "READY ENOUGH"} {
		if code := v.ExitCode(); code != 3 {
			t.Errorf("%q exits with %d", v, code)
		}
	}
}

func TestStatusJSON(t *testing.T) {
	names := map[checks.Status]string{
		checks.Unknown: "unknown", checks.NotApplicable: "not_applicable", checks.Passed: "passed",
		checks.Warning: "warning", checks.Failed: "failed", checks.Waived: "waived",
	}
	for _, s := range fromBestToWorst {
		raw, err := json.Marshal(s)
		if err != nil || string(raw) != `"`+names[s]+`"` || s.String() != names[s] {
			t.Errorf("%s became %s, %v", s, raw, err)
		}
		back := checks.Status(-1)
		if err := json.Unmarshal(raw, &back); err != nil || back != s {
			t.Errorf("%s came back as %d, %v", raw, back, err)
		}
	}
	for _, text := range []string{`"green"`, `""`, `"Passed"`, `2`} {
		s := checks.Failed
		if err := json.Unmarshal([]byte(text), &s); err == nil || s != checks.Failed {
			t.Errorf("%s was taken for %s, %v", text, s, err)
		}
	}
}
