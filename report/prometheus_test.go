package report_test

import (
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"siteready/report"
)

// sample is a series as Prometheus reads it.
type sample struct {
	name   string
	labels map[string]string
	value  float64
}

var (
	seriesForm = regexp.MustCompile(`^([a-z_]+)\{((?:[a-z_]+="(?:[^"\\]|\\[\\"n])*",?)*)\} (-?[0-9.]+)$`)
	labelForm  = regexp.MustCompile(`([a-z_]+)="((?:[^"\\]|\\[\\"n])*)"`)
)

func parsePrometheus(t testing.TB, text string) []sample {
	t.Helper()
	var all []sample
	seen := map[string]bool{}
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(line, "# HELP ") || strings.HasPrefix(line, "# TYPE ") {
			continue
		}
		parts := seriesForm.FindStringSubmatch(line)
		if parts == nil {
			t.Fatalf("this is no series: %.300s", line)
		}
		if key := parts[1] + parts[2]; seen[key] {
			t.Errorf("there are two series %s", key)
		} else {
			seen[key] = true
		}
		s := sample{parts[1], map[string]string{}, 0}
		for _, pair := range labelForm.FindAllStringSubmatch(parts[2], -1) {
			s.labels[pair[1]] = pair[2]
		}
		var err error
		if s.value, err = strconv.ParseFloat(parts[3], 64); err != nil {
			t.Error(err)
		}
		all = append(all, s)
	}
	return all
}

// prometheusFacts are the facts in a text file, and its series without further labels.
func prometheusFacts(t testing.TB, text string) (facts, map[string]float64) {
	t.Helper()
	f := facts{counts: map[string]int{}, checks: map[string]string{}}
	single := map[string]float64{}
	statuses := map[float64]string{0: "passed", 1: "warning", 2: "failed", 3: "unknown", -1: "waived", -2: "not_applicable", -3: "not_selected"}
	for _, s := range parsePrometheus(t, text) {
		switch s.name {
		case "siteready_checks":
			f.counts[s.labels["status"]] = int(s.value)
		case "siteready_check_status":
			f.checks[s.labels["check"]] = statuses[s.value]
		case "siteready_verdict":
			f.verdict = []string{"READY", "READY WITH WARNINGS", "BLOCKED", "INCOMPLETE"}[int(s.value)]
		default:
			if len(s.labels) == 2 {
				single[s.name] = s.value
			}
		}
	}
	return f, single
}

func judgePrometheus(t testing.TB, r report.Report) {
	text := rendered(t, report.Prometheus, r)
	f, single := prometheusFacts(t, text)
	f.assert(t, truth(r))
	if got := single["siteready_last_completion_timestamp_seconds"]; got != float64(r.MadeAt.Unix()) {
		t.Errorf("the last completion was at %v, wanted %v", got, r.MadeAt.Unix())
	}
	if got := single["siteready_exit_code"]; got != float64(r.Exit.Code) {
		t.Errorf("the exit code is %v, wanted %d", got, r.Exit.Code)
	}
	harmless(t, text, "\n")
}

func TestPrometheus(t *testing.T) { everywhere(t, judgePrometheus) }

func FuzzPrometheus(f *testing.F) { fuzzed(f, judgePrometheus) }

// Prometheus itself takes the file, and has nothing to say against its names.
func TestPromtoolTakesIt(t *testing.T) {
	everywhere(t, func(t testing.TB, r report.Report) {
		cmd := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
		cmd.Stdin = strings.NewReader(rendered(t, report.Prometheus, r))
		if said, err := cmd.CombinedOutput(); err != nil || len(said) > 0 {
			t.Errorf("promtool, of Debian's package prometheus: %v\n%s", err, said)
		}
	})
	cmd := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
	cmd.Stdin = strings.NewReader("siteready_verdict{site=\"a\nb\"} 1\n")
	if said, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("promtool takes anything: %s", said)
	}
}
