package discovery_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/version"
	"siteready/platform"
	"siteready/platform/platformtest"
)

func TestFindSite(t *testing.T) {
	primary := discovery.Site{Type: discovery.Primary, Code: "P01", Version: version.MustParse(build), InstallDir: folder}
	with := func(change func(*discovery.Site)) discovery.Site {
		s := primary
		change(&s)
		return s
	}
	setupValue := func(name string, v any) tree { return registry(setup, values{name: v}) }
	tests := []struct {
		name   string
		edit   tree
		want   discovery.Site
		reason error  // nil: no error
		says   string // the error
	}{
		{name: "a number", want: primary},
		{name: "the type as a large number", edit: setupValue("Type", tree{"qword": 8}), want: with(func(s *discovery.Site) { s.Type = discovery.CAS })},
		{name: "the type as decimal text", edit: setupValue("Type", "2"), want: with(func(s *discovery.Site) { s.Type = discovery.Secondary })},
		{name: "the type as text between blanks", edit: setupValue("Type", " 1 "), want: primary},
		{name: "a type that there is not", edit: setupValue("Type", 5), reason: platform.ErrMalformed, says: "Type 5"},
		{name: "the database's number of a central administration site", edit: setupValue("Type", 4), reason: platform.ErrMalformed, says: "Type 4"},
		{name: "type 0", edit: setupValue("Type", 0), reason: platform.ErrMalformed, says: "Type 0"},
		{name: "the type in words", edit: setupValue("Type", "primary"), reason: platform.ErrMalformed, says: `"primary"`},
		{name: "an empty type", edit: setupValue("Type", ""), reason: platform.ErrMalformed, says: `""`},
		{name: "a list of types", edit: setupValue("Type", []any{"1"}), reason: platform.ErrMalformed, says: "multi_sz"},
		{name: "no type", edit: setupValue("Type", nil), reason: platform.ErrMalformed, says: "only one of"},
		{name: "no version", edit: setupValue("Full Version", nil), reason: platform.ErrMalformed, says: "only one of"},
		{name: "neither, beside the service of a site server", edit: registry(setup, nil), reason: platform.ErrMalformed, says: "SMS_SITE_COMPONENT_MANAGER"},
		{name: "an empty version", edit: setupValue("Full Version", ""), reason: platform.ErrMalformed, says: "Full Version"},
		{name: "a version in words", edit: setupValue("Full Version", "2409"+" HFRU"), reason: platform.ErrMalformed, says: "2409 HFRU"},
		{name: "no folder", edit: setupValue("Installation Directory", nil), reason: platform.ErrAbsent, says: "Installation Directory"},
		{name: "an empty folder", edit: setupValue("Installation Directory", " "), reason: platform.ErrMalformed, says: "Installation Directory is empty"},
		{name: "no site code", edit: registry(identity, values{"Site Code": nil}), reason: platform.ErrAbsent, says: "Site Code"},
		{name: "an empty site code", edit: registry(identity, values{"Site Code": ""}), reason: platform.ErrMalformed, says: "Site Code is empty"},
		{name: "a site code of digits, as a number", edit: registry(identity, values{"Site Code": 123}), want: with(func(s *discovery.Site) { s.Code = "123" })},
		{name: "a parent", edit: registry(identity, values{"Parent Site Code": "C01"}), want: with(func(s *discovery.Site) { s.Parent = "C01" })},
		{name: "no value for a parent", edit: registry(identity, values{"Parent Site Code": nil}), want: primary},
		{name: "keys and values in other letters", edit: tree{"registry": tree{setup: nil, strings.ToLower(setup): values{"TYPE": 1, "full version": build, "INSTALLATION directory": folder}}}, want: primary},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, other, err := discovery.FindSite(t.Context(), session(t, open(t, "primary", tt.edit)))
			if other != nil {
				t.Fatalf("taken for %q", other.Headline)
			}
			if tt.reason != nil {
				if !errors.Is(err, tt.reason) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("%+v, %v; wanted an error that says %q", got, err, tt.says)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("%+v, %v; wanted %+v", got, err, tt.want)
			}
		})
	}
}

func TestFindDatabase(t *testing.T) {
	database := func(server, name, port any) tree {
		return registry(account, values{"Server": server, "Database Name": name, "Port": port})
	}
	tests := []struct {
		name   string
		site   string
		edit   tree
		stated checks.Stated
		want   discovery.Database
		reason error
	}{
		{name: "the port of the default instance goes without saying", site: "primary", want: discovery.Database{Instance: "sql01.contoso.com", Name: "CM_P01", OfType: discovery.Primary}},
		{name: "the same as a number", site: "primary", edit: database("sql", "CM_P01", 1433), want: discovery.Database{Instance: "sql", Name: "CM_P01", OfType: discovery.Primary}},
		{name: "another port", site: "primary", edit: database("sql", "CM_P01", "1533"), want: discovery.Database{Instance: "sql,1533", Name: "CM_P01", OfType: discovery.Primary}},
		{name: "no port", site: "primary", edit: database("sql", "CM_P01", nil), want: discovery.Database{Instance: "sql", Name: "CM_P01", OfType: discovery.Primary}},
		{name: "port 0", site: "primary", edit: database("sql", "CM_P01", 0), want: discovery.Database{Instance: "sql", Name: "CM_P01", OfType: discovery.Primary}},
		{name: "a named instance on a port", site: "cas", want: discovery.Database{Instance: `cas01.contoso.com\CMINST,50001`, Name: "CM_C01", OfType: discovery.CAS}},
		{name: "a named instance on the usual port", site: "cas", edit: database("sql", `INST\CM_C01`, 1433), want: discovery.Database{Instance: `sql\INST,1433`, Name: "CM_C01", OfType: discovery.CAS}},
		{name: "a named instance without a port", site: "secondary", want: discovery.Database{Instance: `sec01.contoso.com\CONFIGMGRSEC`, Name: "CM_S01", OfType: discovery.Secondary}},
		{name: "two backslashes: the last one cuts", site: "primary", edit: database("sql", `A\B\CM_P01`, nil), want: discovery.Database{Instance: `sql\A\B`, Name: "CM_P01", OfType: discovery.Primary}},
		{name: "no server", site: "primary", edit: database(nil, "CM_P01", nil), reason: platform.ErrAbsent},
		{name: "an empty server", site: "primary", edit: database("", "CM_P01", nil), reason: platform.ErrMalformed},
		{name: "an empty server of a named instance", site: "primary", edit: database("", `INST\CM_P01`, nil), reason: platform.ErrMalformed},
		{name: "no name", site: "primary", edit: database("sql", nil, nil), reason: platform.ErrAbsent},
		{name: "an empty name", site: "primary", edit: database("sql", "", nil), reason: platform.ErrMalformed},
		{name: "an instance without a name", site: "primary", edit: database("sql", `INST\`, nil), reason: platform.ErrMalformed},
		{name: "a name behind an empty instance", site: "primary", edit: database("sql", `\CM_P01`, nil), reason: platform.ErrMalformed},
		{name: "a port in words", site: "primary", edit: database("sql", "CM_P01", "dynamic"), reason: platform.ErrMalformed},
		{name: "an empty port", site: "primary", edit: database("sql", "CM_P01", ""), reason: platform.ErrMalformed},
		{
			name: "both stated", site: "cas", stated: checks.Stated{SQLServer: `x\Y,1`, Database: "Z"},
			want: discovery.Database{Instance: `x\Y,1`, Name: "Z", OfType: discovery.Remote},
		},
		{
			name: "both stated, where nothing can be read", site: "cas", edit: tree{"windows": nil}, stated: checks.Stated{SQLServer: "x", Database: "Z"},
			want: discovery.Database{Instance: "x", Name: "Z", OfType: discovery.Remote},
		},
		{
			name: "the server stated: its own instance and port count", site: "cas", stated: checks.Stated{SQLServer: "listener"},
			want: discovery.Database{Instance: "listener", Name: "CM_C01", OfType: discovery.CAS},
		},
		{
			name: "the server stated: what the registry says of it does not matter", site: "cas", edit: database(nil, `CMINST\CM_C01`, "dynamic"),
			stated: checks.Stated{SQLServer: `x\Y`}, want: discovery.Database{Instance: `x\Y`, Name: "CM_C01", OfType: discovery.CAS},
		},
		{
			name: "the server stated, and no name anywhere", site: "cas", edit: registry(account, nil), stated: checks.Stated{SQLServer: "x"}, reason: platform.ErrAbsent,
		},
		{
			name: "the name stated: the registry has instance and port", site: "cas", stated: checks.Stated{Database: "CM_NEW"},
			want: discovery.Database{Instance: `cas01.contoso.com\CMINST,50001`, Name: "CM_NEW", OfType: discovery.CAS},
		},
		{
			name: "the name stated, and no server anywhere", site: "cas", edit: registry(account, nil), stated: checks.Stated{Database: "CM_NEW"}, reason: platform.ErrAbsent,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, other, err := discovery.FindDatabase(t.Context(), session(t, open(t, tt.site, tt.edit)), tt.stated)
			if other != nil {
				t.Fatalf("taken for %q", other.Headline)
			}
			if tt.reason != nil {
				if !errors.Is(err, tt.reason) || !strings.Contains(err.Error(), account) {
					t.Errorf("%+v, %v; wanted an error about %s", got, err, account)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("%+v, %v; wanted %+v", got, err, tt.want)
			}
		})
	}
	for _, stated := range []checks.Stated{{}, {SQLServer: "x"}, {Database: "Z"}} {
		got, other, err := discovery.FindDatabase(t.Context(), session(t, open(t, "site-system")), stated)
		if err != nil || other == nil || other.Role != discovery.SiteSystem || got != (discovery.Database{}) {
			t.Errorf("%+v on a machine that is no site server: %+v, %v, %v", stated, got, other, err)
		}
	}
}

// finders are the two ways into discovery; each says what the machine is if it is no site server.
var finders = map[string]func(context.Context, platform.Asker) (*discovery.Subject, error){
	"FindSite": func(ctx context.Context, a platform.Asker) (*discovery.Subject, error) {
		_, other, err := discovery.FindSite(ctx, a)
		return other, err
	},
	"FindDatabase": func(ctx context.Context, a platform.Asker) (*discovery.Subject, error) {
		_, other, err := discovery.FindDatabase(ctx, a, checks.Stated{})
		return other, err
	},
}

// What cannot be read is never "not here": each question of each site, failed in turn, is
// an error, and so could not check.
func TestEachQuestionRefused(t *testing.T) {
	for _, name := range sites(t) {
		site := open(t, name)
		for finder, find := range finders {
			s := session(t, site)
			if _, err := find(t.Context(), s); err != nil {
				t.Errorf("%s on %s: %v", finder, name, err)
			}
			asked := s.Evidence()
			if len(asked) < 5 {
				t.Errorf("%s on %s asked only %d questions", finder, name, len(asked))
			}
			for _, seen := range asked {
				for _, reason := range platform.Reasons() {
					if errors.Is(reason, platform.ErrAbsent) {
						continue // it is an answer
					}
					other, err := find(t.Context(), session(t, except(site, seen.Question, reason)))
					if !errors.Is(err, reason) || other != nil {
						t.Errorf("%s on %s, %s is %v: %v, %v", finder, name, seen.Question, reason, other, err)
					}
				}
				if seen.Err != nil {
					continue // absent: there is nothing to damage
				}
				for how, damaged := range platformtest.Damages(seen.Answer) {
					other, err := find(t.Context(), session(t, platformtest.Answering(site, seen.Question, damaged)))
					if err == nil || other != nil {
						t.Errorf("%s on %s, %s, %s: %v, %v", finder, name, seen.Question, how, other, err)
					}
				}
			}
		}
	}
}

// What is asked on all sites is what is declared.
func TestReads(t *testing.T) {
	declared := map[string][]platform.Form{"FindSite": discovery.SiteReads(), "FindDatabase": discovery.DatabaseReads()}
	for finder, find := range finders {
		forms := declared[finder]
		used := map[platform.Form]bool{}
		for _, name := range sites(t) {
			s := session(t, open(t, name))
			if _, err := find(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			for _, seen := range s.Evidence() {
				if !matches(forms, seen.Question) {
					t.Errorf("%s asks without declaring it: %s", finder, seen.Question)
				}
				used[platform.Form(seen.Question)] = true
			}
		}
		for _, form := range forms {
			if !used[form] {
				t.Errorf("%s declares %s, and asks it on no site", finder, form)
			}
		}
		if unique := len(used); unique != len(forms) {
			t.Errorf("%s declares %d questions, and asks %d", finder, len(forms), unique)
		}
	}
}

// outcome is all that discovery makes of a machine.
type outcome struct {
	site     string
	database string
	subject  discovery.Subject
	err      string
}

// look returns what discovery makes of a machine, and the answers that it got.
func look(t *testing.T, r platform.Reader) (outcome, map[platform.Question]string) {
	t.Helper()
	s := session(t, r)
	var o outcome
	site, other, siteErr := discovery.FindSite(t.Context(), s)
	database, _, databaseErr := discovery.FindDatabase(t.Context(), s, checks.Stated{})
	o.site, o.database, o.err = fmt.Sprint(site), fmt.Sprint(database), fmt.Sprint(siteErr, databaseErr)
	if other != nil {
		o.subject = *other
	}
	answers := map[platform.Question]string{}
	for _, seen := range s.Evidence() {
		answers[seen.Question] = string(seen.Answer)
		if seen.Err != nil {
			answers[seen.Question] = seen.Err.Cause
		}
	}
	return o, answers
}

// For each question two machines differ in its answer alone, and are something else.
func TestEachQuestionMatters(t *testing.T) {
	type pair struct {
		site string
		edit tree
	}
	sms := `HKLM\SOFTWARE\Microsoft\SMS\`
	pairs := map[platform.Question]pair{
		platform.ReadText(setup, "Full Version").Question:                                            {"primary", registry(setup, values{"Full Version": "5.00.9141.1000"})},
		platform.ReadNumber(setup, "Type").Question:                                                  {"primary", registry(setup, values{"Type": 8})},
		platform.ReadText(setup, "Installation Directory").Question:                                  {"primary", registry(setup, values{"Installation Directory": `E:\ConfigMgr`})},
		platform.ReadText(identity, "Site Code").Question:                                            {"primary", registry(identity, values{"Site Code": "P02"})},
		platform.ReadText(identity, "Parent Site Code").Question:                                     {"primary", registry(identity, values{"Parent Site Code": "C01"})},
		platform.ReadText(account, "Server").Question:                                                {"primary", registry(account, values{"Server": "sql02.contoso.com"})},
		platform.ReadText(account, "Database Name").Question:                                         {"primary", registry(account, values{"Database Name": "CM_P02"})},
		platform.ReadNumber(account, "Port").Question:                                                {"primary", registry(account, values{"Port": "1533"})},
		platform.ReadText(identity, "Site Server").Question:                                          {"site-system", registry(identity, values{"Site Server": "cm09.contoso.com"})},
		platform.ReadKey(tracing).Question:                                                           {"sql-server", tree{"registry": tree{backup: nil, tracing + `\sms_site_sql_backup_cm09`: values{}}}},
		platform.ReadService("SMS_SITE_COMPONENT_MANAGER").Question:                                  {"no-product", tree{"services": tree{"SMS_SITE_COMPONENT_MANAGER": values{"state": "running", "start": "automatic", "account": "LocalSystem"}}}},
		platform.ReadKey(`HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL`).Question: {"no-product", registry(`HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL`, values{"CM": "MSSQL16.CM"})},
	}
	for _, key := range []string{"MP", "DP", "WSUS", "SRSRP", "SMP", "FSP", "Providers", "SMS_CLOUD_PROXYCONNECTOR"} {
		pairs[platform.ReadKey(sms+key).Question] = pair{"no-product", registry(sms+key, values{})}
	}
	for _, form := range discovery.DatabaseReads() {
		if _, ok := pairs[platform.Question(form)]; !ok {
			t.Errorf("no pair of machines for %s", form)
		}
	}
	for question, pair := range pairs {
		t.Run(question.String(), func(t *testing.T) {
			a, before := look(t, open(t, pair.site))
			b, after := look(t, open(t, pair.site, pair.edit))
			var differ []platform.Question
			for q, answer := range before {
				if other, asked := after[q]; asked && other != answer {
					differ = append(differ, q)
				}
			}
			if !slices.Equal(differ, []platform.Question{question}) {
				t.Errorf("the two machines differ in %v", differ)
			}
			if cmp.Equal(a, b, cmp.AllowUnexported(outcome{})) {
				t.Errorf("both are %+v", a)
			}
		})
	}
}

// OnSite and OnDatabase turn what was found into a run, a reason, or could not check.
func TestOnSiteAndOnDatabase(t *testing.T) {
	code := platform.ReadText(identity, "Site Code").Question
	host := platform.ReadText(account, "Server").Question
	tests := []struct {
		name               string
		reader             platform.Reader
		stated             checks.Stated
		onSite, onDatabase string // what the check was given, or why it was not
	}{
		{"a site server", open(t, "primary"), checks.Stated{}, "passed P01", "passed sql01.contoso.com/CM_P01"},
		{"a site server, and another database", open(t, "primary"), checks.Stated{SQLServer: "x", Database: "y"}, "passed P01", "passed x/y"},
		{"no site server", open(t, "no-product"), checks.Stated{}, "not_applicable " + noSite, "not_applicable " + noSite},
		{"no site server, and half a database", open(t, "no-product"), checks.Stated{SQLServer: "x"}, "not_applicable " + noSite, "not_applicable " + noSite},
		{"no site server, but a database", open(t, "no-product"), checks.Stated{SQLServer: "x", Database: "y"}, "not_applicable " + noSite, "passed x/y"},
		{"the site is not readable", except(open(t, "primary"), code, platform.ErrDenied), checks.Stated{}, "error denied", "error denied"},
		{"the site is not readable, but a database is named", except(open(t, "primary"), code, platform.ErrDenied), checks.Stated{SQLServer: "x", Database: "y"}, "error denied", "passed x/y"},
		{"the database is not readable", except(open(t, "primary"), host, platform.ErrTimeout), checks.Stated{}, "passed P01", "error timeout"},
		{"not Windows", open(t, "primary", tree{"windows": nil}), checks.Stated{}, "error unsupported", "error unsupported"},
	}
	say := func(f checks.Finding, err error) string {
		if err != nil {
			return "error " + errors.Unwrap(err).Error()
		}
		return f.Status().String() + " " + f.Summary
	}
	onSite := discovery.OnSite(func(_ context.Context, _ *checks.Case, s discovery.Site) (checks.Finding, error) {
		return checks.Passes(s.Code), nil
	})
	onDatabase := discovery.OnDatabase(func(_ context.Context, _ *checks.Case, d discovery.Database) (checks.Finding, error) {
		return checks.Passes(d.Instance + "/" + d.Name), nil
	})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &checks.Case{Session: session(t, tt.reader), Conditions: checks.Conditions{Stated: tt.stated}}
			if got := say(onSite(t.Context(), c)); got != tt.onSite {
				t.Errorf("OnSite: %q, wanted %q", got, tt.onSite)
			}
			if got := say(onDatabase(t.Context(), c)); got != tt.onDatabase {
				t.Errorf("OnDatabase: %q, wanted %q", got, tt.onDatabase)
			}
		})
	}
}

func TestOwnCode(t *testing.T) {
	code, err := discovery.OwnCode(t.Context(), session(t, open(t, "secondary")))
	if code != "S01" || err != nil {
		t.Errorf("%q, %v", code, err)
	}
	code, err = discovery.OwnCode(t.Context(), session(t, open(t, "no-product")))
	if code != "" || !errors.Is(err, platform.ErrAbsent) {
		t.Errorf("%q, %v", code, err)
	}
}
