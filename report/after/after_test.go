package after_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"siteready/checks/discovery"
	"siteready/checks/state"
	"siteready/platform"
	"siteready/report"
	"siteready/report/after"
)

var day = time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)

func digest(content string) state.One[*platform.Digest] {
	return state.One[*platform.Digest]{Value: &platform.Digest{Size: int64(len(content)), SHA256: content}}
}

// site is a site of a build, read some days after the first; edit changes what was read.
func site(build string, days int, edit func(*state.State)) state.State {
	v := "5.00." + build + ".1000"
	s := state.State{
		ReadAt: day.AddDate(0, 0, days),
		Subject: discovery.Subject{
			Computer: "cm01.contoso.com", Product: "Configuration Manager", Role: discovery.Primary, SiteCode: "P01", Database: "CM_P01", Version: v,
		},
		Versions: []state.Version{
			{Key: "site, registry", Kind: state.OfSite, Text: v},
			{Key: "site, database", Kind: state.OfSite, Text: v},
			{Key: "smsexec.exe", Kind: state.OfComponent, Text: "5.0." + build + ".1000"},
			{Key: "console", Kind: state.OfConsole, Text: "5.2403." + build + ".1"},
			{Key: "client", Kind: state.OfClient, Text: v},
		},
		Services: []state.Service{{Name: "SMS_EXECUTIVE", Found: true, Service: platform.Service{State: "running", Start: "automatic", Account: "LocalSystem"}}},
		Files:    []state.File{{Path: `bin\X64\osdinjection.xml`, Own: digest("original of " + build), Original: digest("original of " + build)}},
		Tasks:    state.List[state.Task]{Rows: []state.Task{{Task: "Rebuild Indexes", IsOn: 1, WeekDays: 1, Begins: 0, BeginsLatest: 500}}},
	}
	s.Sites.Rows = []state.Site{{Site: "P01", Type: 2, Status: 1, Version: v, Own: 1, Sites: 1}}
	s.Partners.Rows = []state.Partner{{Site: "P01", State: 125, Sites: 1}}
	if edit != nil {
		edit(&s)
	}
	return s
}

// connected has three connectors, of which some are enabled.
func connected(active int) func(*state.State) {
	return func(s *state.State) {
		s.Connectors = &state.One[state.Connectors]{Value: state.Connectors{Connectors: 3, Active: active}}
	}
}

// told are the lines of a result but those that changed as they should or are as before.
func told(r after.Result) []string {
	lines := []string{}
	for _, l := range r.Of(after.PutBack, after.Look, after.Ask, after.Unknown) {
		lines = append(lines, string(l.Kind)+" "+l.Of)
	}
	return lines
}

func TestCompare(t *testing.T) {
	denied := errors.New("denied")
	off := func(s *state.State) { s.Tasks.Rows[0].IsOn = 0 }
	late := func(s *state.State) { s.Tasks.Rows[0].Begins = 100 }
	replicas := func(failover int) func(*state.State) {
		return func(s *state.State) {
			s.Replicas.Rows = []state.Replica{{Replicated: 1, Replica: `SQL01\CM`, Failover: failover, AsSecondary: 2, OfSite: 1, Replicas: 1}}
		}
	}
	changed := func(s *state.State) { s.Files[0].Own = digest("changed by hand") }
	disabled := func(s *state.State) { s.Services[0].Start, s.Services[0].State = "disabled", "stopped" }
	agent := func(s *state.State, start string) {
		s.Services = append(s.Services, state.Service{Name: "SQLAgent$CM", Found: true, Service: platform.Service{Start: start, Account: "LocalSystem"}})
	}
	groups := func(site, other int) func(*state.State) { // the site's group and another, with the same servers
		return func(s *state.State) {
			replicas(site)(s)
			s.Replicas.Rows = append(s.Replicas.Rows, s.Replicas.Rows[0])
			s.Replicas.Rows[1].OfSite, s.Replicas.Rows[1].Failover = 0, other
		}
	}
	for name, test := range map[string]struct {
		before, now func(*state.State)
		older       []func(*state.State) // one a week, back from the earlier reading
		want        []string
		code        int
	}{
		"a good update": {nil, nil, nil, nil, 0},
		"no update": {
			func(s *state.State) { *s = site("9146", 0, nil) }, nil, nil, []string{"look site, registry"}, 1,
		},
		"a hotfix raises one of them": {
			func(s *state.State) { *s = site("9146", 0, nil) }, func(s *state.State) { s.Versions[1].Text = "5.00.9146.1021" }, nil, nil, 0,
		},
		"an older version":         {nil, func(s *state.State) { s.Versions[1].Text = "5.00.9100.1000" }, nil, []string{"look site, database"}, 1},
		"a program stayed":         {nil, func(s *state.State) { s.Versions[2].Text = "5.0.9132.1000" }, nil, []string{"look smsexec.exe"}, 1},
		"a program is gone":        {nil, func(s *state.State) { s.Versions[2].Text = "" }, nil, []string{"look smsexec.exe"}, 1},
		"the console stayed":       {nil, func(s *state.State) { s.Versions[3].Text = "5.2403.9132.1" }, nil, []string{"look console"}, 1},
		"the client stayed":        {nil, func(s *state.State) { s.Versions[4].Text = "5.00.9132.1000" }, nil, []string{"ask client"}, 1},
		"no version before":        {func(s *state.State) { s.Versions[3].Err = denied }, nil, nil, []string{"not_compared console"}, 3},
		"no version now":           {nil, func(s *state.State) { s.Versions[3].Err = denied }, nil, []string{"not_compared console"}, 3},
		"a version never asked of": {func(s *state.State) { s.Versions = s.Versions[:4] }, nil, nil, []string{"not_compared client"}, 3},

		"a service stopped":           {nil, func(s *state.State) { s.Services[0].State = "stopped" }, nil, []string{"look SMS_EXECUTIVE"}, 1},
		"a service never ran":         {func(s *state.State) { s.Services[0].State = "stopped" }, func(s *state.State) { s.Services[0].State = "stopped" }, nil, []string{"look SMS_EXECUTIVE"}, 1},
		"a service is disabled":       {nil, func(s *state.State) { s.Services[0].Start = "disabled" }, nil, []string{"put_back SMS_EXECUTIVE"}, 1},
		"another account":             {nil, func(s *state.State) { s.Services[0].Account = `CONTOSO\x` }, nil, []string{"put_back SMS_EXECUTIVE"}, 1},
		"a service is gone":           {nil, func(s *state.State) { s.Services[0].Found = false }, nil, []string{"look SMS_EXECUTIVE"}, 1},
		"a service cannot be read":    {nil, func(s *state.State) { s.Services[0].Err = denied }, nil, []string{"not_compared SMS_EXECUTIVE"}, 3},
		"a service was not recorded":  {func(s *state.State) { s.Services = nil }, nil, nil, []string{"not_compared SMS_EXECUTIVE"}, 3},
		"disabled in both":            {disabled, disabled, nil, []string{"ask SMS_EXECUTIVE"}, 1},
		"disabled in both for long":   {disabled, disabled, []func(*state.State){disabled, disabled}, nil, 0},
		"disabled, and enabled again": {disabled, nil, []func(*state.State){nil}, nil, 0},
		"enabled again, does not run": {disabled, func(s *state.State) { s.Services[0].State = "stopped" }, []func(*state.State){nil}, []string{"look SMS_EXECUTIVE"}, 1},
		"enabled again, otherwise":    {disabled, func(s *state.State) { s.Services[0].Start = "manual" }, []func(*state.State){nil}, []string{"put_back SMS_EXECUTIVE"}, 1},
		"disabled, and nobody knows":  {disabled, nil, nil, []string{"ask SMS_EXECUTIVE"}, 1},
		"disabled for long, not now":  {disabled, nil, []func(*state.State){disabled, disabled}, []string{"put_back SMS_EXECUTIVE"}, 1},
		"a service of a named instance": {
			func(s *state.State) { agent(s, "automatic") }, func(s *state.State) { agent(s, "manual") }, nil, []string{"put_back SQLAgent$CM"}, 1,
		},
		"a named instance as before": {func(s *state.State) { agent(s, "automatic") }, func(s *state.State) { agent(s, "automatic") }, nil, nil, 0},
		"groups beside each other":   {groups(0, 1), groups(0, 1), []func(*state.State){groups(0, 1)}, nil, 0},
		"another group was changed":  {groups(0, 0), groups(0, 1), nil, []string{`put_back replica SQL01\CM of another group`}, 1},
		"disabled for the update": {
			func(s *state.State) { s.Services[0].Start, s.Services[0].State = "disabled", "stopped" },
			func(s *state.State) { s.Services[0].Start, s.Services[0].State = "disabled", "stopped" },
			[]func(*state.State){nil},
			[]string{"put_back SMS_EXECUTIVE"},
			1,
		},

		"a task was turned off":       {nil, off, nil, []string{"put_back Rebuild Indexes"}, 1},
		"a task has other hours":      {nil, func(s *state.State) { s.Tasks.Rows[0].Begins = 100 }, nil, []string{"put_back Rebuild Indexes"}, 1},
		"a task is off in both":       {off, off, nil, []string{"ask Rebuild Indexes"}, 1},
		"turned off for the update":   {off, off, []func(*state.State){off, nil}, []string{"put_back Rebuild Indexes"}, 1},
		"turned on again since":       {off, nil, []func(*state.State){off, nil}, nil, 0},
		"turned on, at other hours":   {off, late, []func(*state.State){nil}, []string{"put_back Rebuild Indexes"}, 1},
		"on now, and never before":    {off, nil, nil, []string{"ask Rebuild Indexes"}, 1},
		"on now, and off for weeks":   {off, nil, []func(*state.State){off}, []string{"put_back Rebuild Indexes"}, 1},
		"on now, at other hours":      {off, late, nil, []string{"put_back Rebuild Indexes"}, 1},
		"off for weeks":               {off, off, []func(*state.State){off, off}, nil, 0},
		"off, and once not known":     {off, off, []func(*state.State){func(s *state.State) { s.Tasks = state.List[state.Task]{Err: denied} }, off}, nil, 0},
		"off, and never known":        {off, off, []func(*state.State){func(s *state.State) { s.Tasks = state.List[state.Task]{Err: denied} }}, []string{"ask Rebuild Indexes"}, 1},
		"a task is gone":              {nil, func(s *state.State) { s.Tasks.Rows = nil }, nil, []string{"look Rebuild Indexes"}, 1},
		"tasks were not recorded":     {func(s *state.State) { s.Tasks = state.List[state.Task]{Err: denied} }, nil, nil, []string{"not_compared all maintenance tasks"}, 3},
		"tasks cannot be read":        {nil, func(s *state.State) { s.Tasks = state.List[state.Task]{Err: denied} }, nil, []string{"not_compared all maintenance tasks"}, 3},
		"failover by hand in both":    {replicas(1), replicas(1), nil, []string{`ask replica SQL01\CM`}, 1},
		"failover by hand for it":     {replicas(1), replicas(1), []func(*state.State){replicas(0)}, []string{`put_back replica SQL01\CM`}, 1},
		"failover by hand since long": {replicas(1), replicas(1), []func(*state.State){replicas(1)}, nil, 0},
		"failover was changed":        {replicas(0), replicas(1), nil, []string{`put_back replica SQL01\CM`}, 1},
		"failover was put back":       {replicas(1), replicas(0), nil, nil, 0},
		"failover was put back, seen": {replicas(1), replicas(0), []func(*state.State){replicas(0)}, nil, 0},
		"failover was always by hand": {replicas(1), replicas(0), []func(*state.State){replicas(1)}, []string{`put_back replica SQL01\CM`}, 1},
		"failover is automatic":       {replicas(0), replicas(0), nil, nil, 0},
		"a replica is gone":           {replicas(0), nil, nil, []string{`look replica SQL01\CM`}, 1},
		"replicas cannot be read":     {nil, func(s *state.State) { s.Replicas.Err = denied }, nil, []string{"not_compared the availability group"}, 3},

		"replicas of management points": {func(s *state.State) { s.Published.Value.Replicas = 1 }, nil, nil, []string{"put_back replicas for management points"}, 1},
		"published long before":         {nil, nil, []func(*state.State){func(s *state.State) { s.Published.Value.Replicas = 1 }}, []string{"put_back replicas for management points"}, 1},
		"whether published is unknown":  {nil, func(s *state.State) { s.Published.Err = denied }, nil, []string{"not_compared replicas for management points"}, 3},

		"a changed file was set back": {changed, nil, nil, []string{`put_back bin\X64\osdinjection.xml`}, 1},
		"a changed file is as it was": {changed, changed, nil, nil, 0},
		"a changed file was merged":   {changed, func(s *state.State) { s.Files[0].Own = digest("merged") }, nil, []string{`ask bin\X64\osdinjection.xml`}, 1},
		"a file is gone":              {changed, func(s *state.State) { s.Files[0].Own.Value = nil }, nil, []string{`put_back bin\X64\osdinjection.xml`}, 1},
		"nobody knows if it was changed": {
			func(s *state.State) { s.Files[0].Original.Err = denied }, nil, nil, []string{`ask bin\X64\osdinjection.xml`}, 1,
		},
		"a file cannot be read": {nil, func(s *state.State) { s.Files[0].Own.Err = denied }, nil, []string{`not_compared bin\X64\osdinjection.xml`}, 3},

		"connectors were disabled":           {connected(3), connected(0), nil, []string{"put_back connectors of Service Manager"}, 1},
		"connectors are disabled in both":    {connected(0), connected(0), nil, []string{"ask connectors of Service Manager"}, 1},
		"connectors disabled for it":         {connected(0), connected(0), []func(*state.State){connected(3)}, []string{"put_back connectors of Service Manager"}, 1},
		"connectors disabled since long":     {connected(2), connected(2), []func(*state.State){connected(2)}, nil, 0},
		"all connectors are enabled":         {connected(3), connected(3), nil, nil, 0},
		"connectors were enabled since then": {connected(0), connected(3), nil, nil, 0},
		"connectors cannot be read":          {connected(3), func(s *state.State) { s.Connectors = &state.One[state.Connectors]{Err: denied} }, nil, []string{"not_compared connectors of Service Manager"}, 3},
		"connectors were not recorded":       {nil, connected(3), nil, []string{"not_compared connectors of Service Manager"}, 3},
		"no connectors any more":             {connected(3), nil, nil, []string{"not_compared connectors of Service Manager"}, 3},

		"a secondary site is behind": {
			nil, func(s *state.State) {
				s.Sites.Rows = append(s.Sites.Rows, state.Site{Site: "S01", Type: 1, Status: 1, Version: "5.00.9132.1000"})
			}, nil, []string{"look site S01"}, 1,
		},
		"a site is not active": {nil, func(s *state.State) { s.Sites.Rows[0].Status = 5 }, nil, []string{"look site P01"}, 1},
		"a site is gone": {
			func(s *state.State) { s.Sites.Rows = append(s.Sites.Rows, state.Site{Site: "P02", Type: 2, Status: 1}) }, nil, nil, []string{"look site P02"}, 1,
		},
		"replication is not active": {
			nil, func(s *state.State) {
				s.Partners.Rows = append(s.Partners.Rows, state.Partner{Site: "CAS", State: 120})
			}, nil, []string{"look replication of site CAS"}, 1,
		},
		"a link is not active": {
			func(s *state.State) {
				s.Partners.Rows = append(s.Partners.Rows, state.Partner{Site: "CAS", State: 125})
			},
			func(s *state.State) {
				s.Partners.Rows = append(s.Partners.Rows, state.Partner{Site: "CAS", State: 125})
				s.Links.Rows = []state.Link{{Sending: "P01", Receiving: "CAS", Groups: 10, Active: 9}}
			},
			nil,
			[]string{"look link P01 to CAS"},
			1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := after.Input{Earlier: site("9132", 0, test.before), Later: site("9146", 1, test.now)}
			for i, edit := range test.older {
				in.Older = append(in.Older, site("9132", -7*(i+1), edit))
			}
			r := after.Compare(in)
			want := append([]string{}, test.want...)
			if diff := cmp.Diff(want, told(r)); diff != "" {
				t.Error(diff)
			}
			if r.ExitCode() != test.code {
				t.Errorf("exit code %d, not %d", r.ExitCode(), test.code)
			}
			for _, l := range r.Of(after.PutBack) {
				if l.Do == "" || l.Was == "" {
					t.Errorf("how it was and how to put it back is missing: %+v", l)
				}
			}
		})
	}
}

// What a name from the site holds never reaches a command.
func TestCommandsAreSafe(t *testing.T) {
	evil := func(s *state.State) { s.Tasks.Rows[0].Task = `x" -Enabled $false; Remove-Item C:\ #` }
	off := func(s *state.State) { evil(s); s.Tasks.Rows[0].IsOn = 0 }
	r := after.Compare(after.Input{Earlier: site("9132", 0, evil), Later: site("9146", 1, off)})
	lines := r.Of(after.PutBack)
	if len(lines) != 1 || lines[0].Command != "" {
		t.Errorf("%+v", lines)
	}
	r = after.Compare(after.Input{Earlier: site("9132", 0, nil), Later: site("9146", 1, func(s *state.State) { s.Tasks.Rows[0].IsOn = 0 })})
	const want = `Set-CMSiteMaintenanceTask -SiteCode P01 -Name "Rebuild Indexes" -Enabled $true -DaysOfWeek Sunday -BeginTime "00:00" -LatestBeginTime "05:00"`
	if got := r.Of(after.PutBack)[0].Command; got != want {
		t.Error(got)
	}
}

// A service that starts otherwise and runs as somebody else is told with both, and a name with a $ is
// quoted, or PowerShell would take it for a variable.
func TestServiceOfBoth(t *testing.T) {
	edit := func(start, account string) func(*state.State) {
		return func(s *state.State) {
			s.Services[0].Name, s.Services[0].Start, s.Services[0].Account = "MSSQL$CM", start, account
		}
	}
	r := after.Compare(after.Input{Earlier: site("9132", 0, edit("automatic", `CONTOSO\sql`)), Later: site("9146", 1, edit("manual", "LocalSystem"))})
	lines := r.Of(after.PutBack)
	if len(lines) != 1 || !strings.Contains(lines[0].Because, `it ran as CONTOSO\sql, and runs as LocalSystem`) ||
		lines[0].Do != "Set its start type to automatic again. Give it its account again, in Services, Log On." ||
		lines[0].Command != `Set-Service -Name 'MSSQL$CM' -StartupType Automatic` {
		t.Errorf("%+v", lines)
	}
}

func TestNothingReadIsNotWell(t *testing.T) {
	nothing := state.State{Tasks: state.List[state.Task]{Err: errors.New("no site here")}}
	if r := after.Compare(after.Input{Earlier: nothing, Later: nothing}); r.ExitCode() != 3 || len(r.Lines) != 0 {
		t.Errorf("exit code %d: %+v", r.ExitCode(), r.Lines)
	}
}

func TestWasAt(t *testing.T) {
	off := func(s *state.State) { s.Tasks.Rows[0].IsOn = 0 }
	r := after.Compare(after.Input{Earlier: site("9132", 0, off), Later: site("9146", 1, off), Older: []state.State{site("9132", -1, nil)}})
	lines := r.Of(after.PutBack)
	if len(lines) != 1 || !lines[0].WasAt.Equal(day.AddDate(0, 0, -1)) || !strings.HasPrefix(lines[0].Was, "on,") || !strings.HasSuffix(lines[0].Command, `"05:00"`) {
		t.Errorf("%+v", lines)
	}
}

// What was put back by hand is never to be set back to how it was for the update.
func TestPutBackIsNotUndone(t *testing.T) {
	replica := func(failover, secondary int) func(*state.State) {
		return func(s *state.State) {
			s.Replicas.Rows = []state.Replica{{Replicated: 1, Replica: "SQL01", Failover: failover, AsSecondary: secondary, OfSite: 1, Replicas: 1}}
		}
	}
	r := after.Compare(after.Input{Earlier: site("9132", 0, replica(1, 2)), Later: site("9146", 1, replica(0, 0))})
	if lines := r.Of(after.PutBack); len(lines) != 1 || strings.Contains(lines[0].Command, "MANUAL") || !strings.Contains(lines[0].Command, "ALLOW_CONNECTIONS = ALL") {
		t.Errorf("%+v", lines)
	}
	off := func(s *state.State) { s.Tasks.Rows[0].IsOn = 0 }
	r = after.Compare(after.Input{Earlier: site("9132", 0, off), Later: site("9146", 1, func(s *state.State) { s.Tasks.Rows[0].Begins = 100 })})
	if lines := r.Of(after.PutBack); len(lines) != 1 || !strings.Contains(lines[0].Command, `-Enabled $true -DaysOfWeek Sunday -BeginTime "00:00"`) {
		t.Errorf("%+v", lines)
	}
}

// Two machines that are set alike are no site that is as before.
func TestAnotherSiteIsNotAsBefore(t *testing.T) {
	for name, edit := range map[string]func(*state.State){
		"machine": func(s *state.State) { s.Subject.Computer = "cm02.contoso.com" },
		"unknown": func(s *state.State) { s.Subject.Computer = "" },
		"site":    func(s *state.State) { s.Subject.SiteCode = "P02" },
	} {
		r := after.Compare(after.Input{Earlier: site("9132", 0, nil), Later: site("9146", 1, edit)})
		var text bytes.Buffer
		if err := after.Table(&text, r, report.TableOptions{Width: 80}); err != nil {
			t.Fatal(err)
		}
		if r.ExitCode() != 3 || !strings.HasPrefix(text.String(), "NOT COMPARABLE ") {
			t.Errorf("%s: exit code %d\n%.200s", name, r.ExitCode(), &text)
		}
	}
}

func TestNotes(t *testing.T) {
	r := after.Compare(after.Input{Earlier: site("9132", 5, nil), Later: site("9146", 0, func(s *state.State) { s.Subject.Computer, s.Subject.SiteCode = "x", "P02" })})
	if len(r.Notes) != 3 {
		t.Errorf("%q", r.Notes)
	}
	// Of a database that was named it does not matter from where it was read.
	remote := func(computer, server string) func(*state.State) {
		return func(s *state.State) {
			s.Subject.Role, s.Subject.Computer, s.Subject.SQLServer = discovery.Remote, computer, server
		}
	}
	for _, test := range []struct {
		computer, server string
		notes            int
	}{{"", "sql01", 0}, {"admin02", "SQL01", 0}, {"admin01", "sql02", 1}} {
		r = after.Compare(after.Input{Earlier: site("9132", 0, remote("admin01", "sql01")), Later: site("9146", 1, remote(test.computer, test.server))})
		if len(r.Notes) != test.notes {
			t.Errorf("%+v: %q", test, r.Notes)
		}
	}
	// What could not be read is not called another site.
	unread := func(s *state.State) { s.Subject.Computer, s.Subject.SiteCode = "", "" }
	r = after.Compare(after.Input{Earlier: site("9132", 0, nil), Later: site("9146", 1, unread)})
	if len(r.Notes) != 2 || strings.Contains(strings.Join(r.Notes, ""), "different") {
		t.Errorf("%q", r.Notes)
	}
}

func TestTableAndJSON(t *testing.T) {
	in := after.Input{Earlier: site("9132", 0, nil), Later: site("9146", 1, func(s *state.State) {
		s.Tasks.Rows[0].IsOn = 0
		s.Services[0].State = "stopped \x1b[31m\u202e"
		s.Versions[3].Err = errors.New(strings.Repeat("long ", 50))
	})}
	r := after.Compare(in)
	for _, width := range []int{80, 120} {
		var text bytes.Buffer
		if err := after.Table(&text, r, report.TableOptions{Width: width}); err != nil {
			t.Fatal(err)
		}
		commands := []string{}
		for _, l := range r.Lines {
			commands = append(commands, l.Command)
		}
		for line := range strings.Lines(text.String()) {
			if len(line) > width && !slices.Contains(commands, strings.TrimSpace(line)) || strings.ContainsAny(line, "\x1b\u202e") {
				t.Errorf("%d columns: %q", width, line)
			}
		}
		for _, want := range []string{"TO DO   1 to put back, 1 to look at, 1 could not be compared", "x Rebuild Indexes", "was  on, Sun, 00:00 to 05:00", "is   off, Sun", "Exit code 1."} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("%q is missing in\n%s", want, &text)
			}
		}
	}
	var text bytes.Buffer
	if err := after.JSON(&text, r); err != nil {
		t.Fatal(err)
	}
	var got after.Result
	if err := json.Unmarshal(text.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, got); diff != "" {
		t.Error(diff)
	}
}
