package signatures_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"siteready/platform/logscan/literals"
	"siteready/platform/logscan/signatures"
)

func known(t testing.TB) *signatures.Catalogue {
	t.Helper()
	c, err := signatures.Known()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// rows are the lines of a file of the test's data, cut at the first tabulator.
func rows(t testing.TB, name string) [][2]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "testdata", "logs", name))
	if err != nil {
		t.Fatal(err)
	}
	var all [][2]string
	for text := range strings.Lines(string(raw)) {
		first, second, found := strings.Cut(strings.TrimRight(text, "\r\n"), "\t")
		if !found {
			t.Fatalf("%s: no tabulator in %q", name, text)
		}
		all = append(all, [2]string{first, second})
	}
	return all
}

// winner is the id of the signature that a line is counted for, and the ids of all whose keys
// stand in it.
func winner(c *signatures.Catalogue, text string) (string, []string) {
	found := c.Append(nil, []byte(text))
	var touched []string
	for _, f := range found {
		if f.Literal < len(c.All) && !slices.Contains(touched, c.All[f.Literal].ID) {
			touched = append(touched, c.All[f.Literal].ID)
		}
	}
	if i := c.Winner(found, text); i >= 0 {
		return c.All[i].ID, touched
	}
	return "", touched
}

func TestEachSignatureMatchesItsSample(t *testing.T) {
	c := known(t)
	seen := map[string]int{}
	for _, row := range rows(t, "samples.tsv") {
		seen[row[0]]++
		if got, touched := winner(c, row[1]); got != row[0] {
			t.Errorf("the sample of %s is counted for %q (in it: %v): %s", row[0], got, touched, row[1])
		}
	}
	for _, s := range c.All {
		if seen[s.ID] == 0 {
			t.Errorf("%s has no sample", s.ID)
		}
	}
	if len(c.All) != 404 {
		t.Errorf("%d signatures, want 404", len(c.All))
	}
}

// Where a sample of one signature holds another too, the one that wins names more of the cause or is
// longer; the order of the catalogue decides nothing.
func TestWhichOfTwoWinsIsSaid(t *testing.T) {
	c := known(t)
	two := 0
	for _, row := range rows(t, "samples.tsv") {
		found := c.Append(nil, []byte(row[1]))
		best := c.Winner(found, row[1])
		for _, f := range found {
			if f.Literal == best || c.Winner([]literals.Found{f}, row[1]) < 0 {
				continue
			}
			two++
			a, b := c.All[best], c.All[f.Literal]
			if a.Rank == b.Rank && len(a.Literal)+len(a.And) == len(b.Literal)+len(b.And) {
				t.Errorf("nothing but their order says which of %s and %s wins in: %s", a.ID, b.ID, row[1])
			}
		}
	}
	if two < 20 {
		t.Errorf("only %d samples hold a second signature", two)
	}
}

func TestNoSignatureMatchesANormalLine(t *testing.T) {
	c := known(t)
	normal := rows(t, "normal.tsv")
	if len(normal) != 413 {
		t.Errorf("%d normal lines, want 413", len(normal))
	}
	for _, row := range normal {
		for _, text := range []string{row[1], strings.ToLower(row[1]), strings.ToUpper(row[1])} {
			if got, touched := winner(c, text); got != "" {
				t.Errorf("a normal line of %s is counted for %q (in it: %v): %s", row[0], got, touched, text)
			}
		}
	}
}

func TestWinner(t *testing.T) {
	c := known(t)
	for name, tc := range map[string]struct{ text, want string }{
		"the cause goes before the step":      {"EasySetupDownloadSinglePackage Failed with exception: The remote server returned an error: (404) Not Found", "dl-http-404"},
		"the step alone":                      {"EasySetupDownloadSinglePackage Failed with exception: something else", "dl-single-package"},
		"a literal that must not be there":    {"Service Broker login attempt failed with error: 'It has lost the arbitration. State 80.'", ""},
		"a second literal that is not":        {"dir;    SQL client prerequisite missing for Configuration Manager setup;    Passed", ""},
		"columns that are not padded":         {"SQL client prerequisite missing for Configuration Manager setup.; Error; Install it", "pre-sql-client"},
		"a rule that is not known, padded":    {"srv1;    Some new rule;    Error;    Do it", "pre-row-error"},
		"and not padded":                      {"srv1; Some new rule; Error; Do it", "pre-row-error"},
		"an error that is no column":          {"It says: Error; and goes on", ""},
		"an event of another number":          {"2026-03-11 | System | Service Control Manager | 70091 | A timeout was reached (30000 milliseconds)", ""},
		"an event of another provider":        {"2026-03-11 | System | Somebody | 7009 | A timeout was reached (30000 milliseconds)", ""},
		"the same words, and the event's":     {"2026-03-11 | System | Service Control Manager | 7034 | The X service terminated unexpectedly.  It has done this 1 time(s).", "win-7034"},
		"the case of letters is all the same": {"url failed: 0X80072EE7", "dl-code-12007"},
		"an event whose number ends so":       {"2026-03-11 | System | Service Control Manager | 17009 | A timeout was reached (30000 milliseconds)", ""},
		"a number within a longer one":        {"STATMSG: ID=6001 SEV=E", ""},
		"an error that is not known":          {"STATMSG: ID=6001 SEV=E LEV=M SOURCE=x", "status-unknown"},
		"an error that is known":              {"STATMSG: ID=5000 SEV=E LEV=M SOURCE=x", "status-5000"},
		"a warning that is not known":         {"STATMSG: ID=6001 SEV=W LEV=M SOURCE=x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got, touched := winner(c, tc.text); got != tc.want {
				t.Errorf("got %q (in it: %v), want %q", got, touched, tc.want)
			}
		})
	}
}

// Which of two signatures a line is counted for: the one that names more of the cause, then the one
// with more text, both parts together, then the first. All that a signature names must stand there.
func TestTheMoreSpecificWins(t *testing.T) {
	one := func(id string, rank int, literal, and, not string) signatures.Signature {
		return signatures.Signature{
			ID: id, Stage: "any", Literal: literal, And: and, Not: not, Severity: signatures.Failure, Rank: rank, Group: "g", Meaning: "m", Source: "s",
		}
	}
	for name, tc := range map[string]struct {
		all        []signatures.Signature
		text, want string
	}{
		"the higher rank":                     {[]signatures.Signature{one("step", 2, "the download has failed", "", ""), one("cause", 3, "no space", "", "")}, "the download has failed: no space", "cause"},
		"the higher rank, behind":             {[]signatures.Signature{one("cause", 3, "no space", "", ""), one("step", 2, "the download has failed", "", "")}, "the download has failed: no space", "cause"},
		"the longer one":                      {[]signatures.Signature{one("short", 2, "has failed", "", ""), one("long", 2, "download has failed", "", "")}, "the download has failed", "long"},
		"the longer one, first":               {[]signatures.Signature{one("long", 2, "download has failed", "", ""), one("short", 2, "has failed", "", "")}, "the download has failed", "long"},
		"both parts count":                    {[]signatures.Signature{one("one part", 2, "download has failed", "", ""), one("two parts", 2, "has failed", "with code 12", "")}, "the download has failed with code 12", "two parts"},
		"the first of two that are as long":   {[]signatures.Signature{one("first", 2, "has failed", "", ""), one("second", 2, "as failed ", "", "")}, "it has failed with 1", "first"},
		"the other way round":                 {[]signatures.Signature{one("second", 2, "as failed ", "", ""), one("first", 2, "has failed", "", "")}, "it has failed with 1", "second"},
		"a longer second part alone":          {[]signatures.Signature{one("x", 2, "CWmi::", "Connect() could not connect", "")}, "Connect() could not connect", ""},
		"a longer second part, and the first": {[]signatures.Signature{one("x", 2, "CWmi::", "Connect() could not connect", "")}, "Connect() could not connect in CWmi::Do", "x"},
		"a shorter second part is missing":    {[]signatures.Signature{one("x", 2, "could not connect", "CWmi::", "")}, "could not connect", ""},
		"a second part too short to look for": {[]signatures.Signature{one("x", 2, "could not connect", "WMI", "")}, "could not connect: WMI", "x"},
		"a first part too short to look for":  {[]signatures.Signature{one("x", 2, "WMI", "could not connect", "")}, "wmi could not connect", "x"},
		"the third part is there":             {[]signatures.Signature{one("x", 2, "could not connect", "", "will retry")}, "could not connect, Will Retry", ""},
		"the best one lacks its second part":  {[]signatures.Signature{one("best", 3, "could not connect", "WMI", ""), one("next", 1, "not connect", "", "")}, "could not connect", "next"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := signatures.New(tc.all, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, touched := winner(c, tc.text); got != tc.want {
				t.Errorf("got %q (in it: %v), want %q", got, touched, tc.want)
			}
		})
	}
}

// Of the samples that hold more than one signature, each is counted for the one that names the cause,
// and would be for the other without it.
func TestWhoWinsOverWhom(t *testing.T) {
	c := known(t)
	samples := map[string]string{}
	for _, row := range rows(t, "samples.tsv") {
		samples[row[0]] = row[1]
	}
	for best, others := range map[string][]string{
		"sync-tls-trust":        {"sync-adminui-payload", "post-reporting-tls"},
		"sync-tls-send":         {"sync-adminui-payload", "post-reporting-tls"},
		"sync-tls-receive":      {"post-reporting-tls"},
		"dl-name-not-resolved":  {"dl-single-package"},
		"dl-http-400":           {"dl-payload"},
		"dl-http-403":           {"dl-payload"},
		"dl-http-404":           {"dl-payload"},
		"dl-http-407":           {"dl-payload"},
		"rep-dp-setregistry":    {"inst-access-denied"},
		"drs-sitenumber":        {"drs-rla-error"},
		"drs-ssb-state84":       {"drs-ssb-login"},
		"drs-ssb-state88":       {"drs-ssb-login"},
		"drs-ssb-state89":       {"drs-ssb-login"},
		"pre-sql-client":        {"pre-row-error"},
		"pre-ws2012":            {"pre-row-error"},
		"pre-cmg-classic":       {"pre-row-error"},
		"pre-http-only":         {"pre-row-error"},
		"pre-resource-access":   {"pre-row-error"},
		"pre-pending-restart":   {"pre-row-error"},
		"pre-sysadmin":          {"pre-row-error"},
		"inst-file-operations":  {"setup-fatal"},
		"post-cidoc-pk":         {"post-pk-violation"},
		"post-mp-boundary":      {"sql-permission-229"},
		"scsm-db-disk-full":     {"rep-disk-full", "sql-file-5149"},
		"sql-single-user-18461": {"sql-login-18456"},
	} {
		text := samples[best]
		found := c.Append(nil, []byte(text))
		if got, _ := winner(c, text); got != best {
			t.Errorf("the sample of %s is counted for %s", best, got)
		}
		for _, other := range others {
			alone := slices.DeleteFunc(slices.Clone(found), func(f literals.Found) bool { return f.Literal >= len(c.All) || c.All[f.Literal].ID != other })
			if i := c.Winner(alone, text); i < 0 || c.All[i].ID != other {
				t.Errorf("the sample of %s does not hold %s", best, other)
			}
		}
	}
}

func TestOwnSignatures(t *testing.T) {
	own := signatures.Signature{
		ID: "our-proxy", Stage: "download", Literal: "proxy17.corp.example refused", Severity: signatures.Failure, Rank: 3,
		Group: "proxy", Meaning: "Our proxy is down.", Source: "our run book",
	}
	c, err := signatures.Known(own)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := winner(c, "ERROR: Proxy17.corp.example refused to answer"); got != "our-proxy" {
		t.Errorf("got %q", got)
	}
	if c.Version == known(t).Version {
		t.Error("the version does not tell that there is one more")
	}
}

func TestNewRefuses(t *testing.T) {
	good := signatures.Signature{
		ID: "x", Stage: "any", Literal: "long enough", Severity: signatures.Failure, Rank: 1, Group: "g", Meaning: "m", Source: "s",
	}
	for name, change := range map[string]func(*signatures.Signature){
		"no id":           func(s *signatures.Signature) { s.ID = "" },
		"short literal":   func(s *signatures.Signature) { s.Literal = "error" },
		"foreign letter":  func(s *signatures.Signature) { s.And = "größer" },
		"severity":        func(s *signatures.Signature) { s.Severity = "error" },
		"rank":            func(s *signatures.Signature) { s.Rank = 4 },
		"stage":           func(s *signatures.Signature) { s.Stage = "later" },
		"no meaning":      func(s *signatures.Signature) { s.Meaning = "" },
		"half an event":   func(s *signatures.Signature) { s.Event = 7009 },
		"one more of the": func(*signatures.Signature) {},
	} {
		t.Run(name, func(t *testing.T) {
			bad := good
			change(&bad)
			all := []signatures.Signature{bad}
			if bad == good {
				all = append(all, good)
			}
			if _, err := signatures.New(all, nil); err == nil {
				t.Error("no error")
			}
		})
	}
	if _, err := signatures.New([]signatures.Signature{good}, []signatures.Rule{{ID: "x"}}); err == nil {
		t.Error("the id of a rule is no error")
	}
	if _, err := signatures.Parse([]byte("- id: x\n  litteral: wrong key\n")); err == nil {
		t.Error("a key that is not known is no error")
	}
}

func TestKnownWithin(t *testing.T) {
	c, err := signatures.KnownWithin([]signatures.Limit{
		{Rule: "ctx-db-stuck", After: 3 * time.Hour}, {Rule: "ctx-cmupdate-loop", Times: 5, Within: 2 * time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range c.Rules {
		switch {
		case r.ID == "ctx-db-stuck" && r.After != 3*time.Hour, r.ID == "ctx-cmupdate-loop" && (r.Times != 5 || r.Within != 2*time.Hour):
			t.Errorf("%+v", r)
		}
	}
	if c.Version == known(t).Version {
		t.Error("the version does not tell that limits are others")
	}
	for name, l := range map[string]signatures.Limit{
		"no rule":       {Rule: "ctx-nothing", After: time.Hour},
		"not our own":   {Rule: "ctx-bcp-out", After: time.Hour},
		"what is over":  {Rule: "over-backup", After: time.Hour},
		"nothing":       {Rule: "ctx-db-stuck"},
		"below 0":       {Rule: "ctx-db-stuck", After: -1},
		"no times":      {Rule: "ctx-db-stuck", Times: 3},
		"no within":     {Rule: "ctx-db-stuck", Within: time.Hour},
		"no after":      {Rule: "ctx-cmupdate-loop", After: time.Hour},
		"one is no run": {Rule: "ctx-cmupdate-loop", Times: 1},
	} {
		if _, err := signatures.KnownWithin([]signatures.Limit{l}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// What a success ends is there.
func TestEndingsAreKnown(t *testing.T) {
	c := known(t)
	for _, r := range c.Rules {
		for _, what := range r.Ends {
			one := signatures.Rule{Kind: signatures.RuleSuccess, Ends: []string{what}}
			if !slices.ContainsFunc(c.All, one.EndsSignature) && !slices.ContainsFunc(c.Rules, one.EndsRule) {
				t.Errorf("%s ends %q, which is nothing", r.ID, what)
			}
		}
	}
}

func BenchmarkKnown(b *testing.B) {
	for b.Loop() {
		known(b)
	}
}
