package state_test

import (
	"errors"
	"testing"

	"siteready/checks"
	"siteready/checks/state"
	"siteready/platform"
	"siteready/platform/platformtest"
)

func read(t *testing.T, name string, change func(map[string]any), refuse func(platform.Question) bool) state.State {
	t.Helper()
	tree, err := platformtest.Load("../..", name)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(tree)
	}
	site, err := platformtest.New(tree)
	if err != nil {
		t.Fatal(err)
	}
	var reader platform.Reader = site
	if refuse != nil {
		reader = platformtest.Refusing(site, platform.ErrDenied, refuse)
	}
	m := platform.Open(t.Context(), reader, site.ReadAt, platform.DefaultLimits())
	return state.Read(t.Context(), m.Session(), checks.Stated{})
}

func TestReadPrimary(t *testing.T) {
	s := read(t, "primary", nil, nil)
	if s.Subject.SiteCode != "P01" || len(s.Sites.Rows) == 0 || len(s.Partners.Rows) != 1 || len(s.Tasks.Rows) < 2 || len(s.Replicas.Rows) != 0 || len(s.Files) != 1 {
		t.Errorf("%+v", s)
	}
	if s.Tasks.Rows[0].Task != state.BackupTask {
		t.Errorf("the first task is %+v", s.Tasks.Rows[0])
	}
	if s.Files[0].Own.Value == nil || s.Files[0].Original.Value == nil || s.Files[0].Path != `bin\X64\osdinjection.xml` {
		t.Errorf("%+v", s.Files[0])
	}
	versions := map[string]string{}
	for _, v := range s.Versions {
		if v.Err != nil {
			t.Errorf("%s: %v", v.Key, v.Err)
		}
		versions[v.Key] = v.Text
	}
	if versions["site, registry"] != "5.00.9132.1000" || versions["site, database"] == "" || versions["smsexec.exe"] == "" {
		t.Errorf("%v", versions)
	}
}

func TestReadOthers(t *testing.T) {
	if s := read(t, "availability-group", nil, nil); s.Replicas.Err != nil || len(s.Replicas.Rows) != 2 || s.Replicas.Rows[0].Failover != 1 {
		t.Errorf("%+v", s.Replicas)
	}
	if s := read(t, "cas", nil, nil); s.Links.Err != nil || len(s.Links.Rows) == 0 || len(s.Partners.Rows) < 2 {
		t.Errorf("%+v %+v", s.Links, s.Partners)
	}
	if s := read(t, "scsm-2022", nil, nil); len(s.Versions) != 1 || s.Versions[0].Kind != state.OfServiceManager || s.Versions[0].Text == "" || len(s.Services) != 3 {
		t.Errorf("%+v %+v", s.Versions, s.Services)
	}
	if s := read(t, "scsm-2022", nil, nil); s.Connectors == nil || s.Connectors.Err != nil || s.Connectors.Value.Connectors == 0 {
		t.Errorf("%+v", s.Connectors)
	}
	if s := read(t, "scsm-2022-warehouse", nil, nil); s.Connectors != nil {
		t.Errorf("%+v", s.Connectors)
	}
	if s := read(t, "no-product", nil, nil); len(s.Versions) != 0 || len(s.Services) != 0 || s.Tasks.Err == nil {
		t.Errorf("%+v", s)
	}
}

// A named instance of SQL Server on this machine has services of its own.
func TestReadNamedInstance(t *testing.T) {
	s := read(t, "cas", func(tree map[string]any) {
		registry := tree["registry"].(map[string]any)
		registry[`HKLM\SYSTEM\CurrentControlSet\Services\MSSQL$CMINST`] = map[string]any{"ObjectName": `CONTOSO\svc-sql`, "Start": 2}
		registry[`HKLM\SYSTEM\CurrentControlSet\Services\SQLAgent$CMINST`] = map[string]any{"ObjectName": "LocalSystem", "Start": 4}
	}, nil)
	found := map[string]string{}
	for _, service := range s.Services {
		if service.Found && service.Err == nil {
			found[service.Name] = service.Start + " " + service.Account + service.State
		}
	}
	if found["MSSQL$CMINST"] != `automatic CONTOSO\svc-sql` || found["SQLAgent$CMINST"] != "disabled LocalSystem" {
		t.Errorf("%v", found)
	}
	denied := read(t, "cas", nil, func(q platform.Question) bool { return q.What == "ObjectName" })
	if last := denied.Services[len(denied.Services)-1]; last.Name != "SQLAgent$CMINST" || !errors.Is(last.Err, platform.ErrDenied) {
		t.Errorf("%+v", last)
	}
}

// What was refused is not known: nothing of it may look as if it were read.
func TestRefused(t *testing.T) {
	all := func(platform.Question) bool { return true }
	s := read(t, "primary", nil, all)
	if len(s.Versions) == 0 || s.Versions[len(s.Versions)-1].Err == nil {
		t.Errorf("%+v", s.Versions)
	}
	sql := read(t, "primary", nil, func(q platform.Question) bool { return q.Kind == platform.KindSQL })
	for name, err := range map[string]error{
		"sites": sql.Sites.Err, "partners": sql.Partners.Err, "links": sql.Links.Err, "tasks": sql.Tasks.Err, "replicas": sql.Replicas.Err, "published": sql.Published.Err,
	} {
		if !errors.Is(err, platform.ErrDenied) {
			t.Errorf("%s: %v", name, err)
		}
	}
	backup := read(t, "primary", nil, func(q platform.Question) bool { return q.What == "site-backup-task" })
	if backup.Tasks.Err == nil {
		t.Errorf("a list of tasks without the backup: %+v", backup.Tasks)
	}
	services := read(t, "primary", nil, func(q platform.Question) bool { return q.Kind == platform.KindService && q.What == "SMS_EXECUTIVE" })
	if services.Services[0].Err == nil || services.Services[0].Found {
		t.Errorf("%+v", services.Services[0])
	}
}

func TestOtherVersion(t *testing.T) {
	of := func(text string, err error) state.State {
		return state.State{Versions: []state.Version{{Key: "site", Kind: state.OfSite, Text: text, Err: err}, {Key: "x", Kind: state.OfProgram, Text: text}}}
	}
	a, denied := of("1.2", nil), errors.New("denied")
	for name, test := range map[string]struct {
		b    state.State
		want bool
	}{
		"the same": {of("1.2", nil), false}, "another": {of("1.3", nil), true}, "not known": {of("", denied), false},
		"not there": {of("", nil), false}, "nothing": {state.State{}, false},
		"a program": {state.State{Versions: []state.Version{{Key: "x", Kind: state.OfProgram, Text: "1.3"}}}, false},
	} {
		if a.OtherVersion(test.b) != test.want || test.b.OtherVersion(a) != test.want {
			t.Errorf("%s: not %v", name, test.want)
		}
	}
}

// A list that was cut is not taken for a whole one.
func TestCutLists(t *testing.T) {
	s := read(t, "primary", func(tree map[string]any) {
		rows := tree["sql"].(map[string]any)["sql01.contoso.com"].(map[string]any)["CM_P01"].(map[string]any)["maintenance-tasks"].([]any)
		for _, row := range rows {
			row.(map[string]any)["listed"] = len(rows) + 1
		}
	}, nil)
	if !errors.Is(s.Tasks.Err, platform.ErrTooLarge) || s.Tasks.Rows != nil {
		t.Errorf("%+v", s.Tasks)
	}
}
