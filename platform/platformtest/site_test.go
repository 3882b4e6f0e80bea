package platformtest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"siteready/platform"
	"siteready/platform/platformtest"
)

// small is a site with one thing of each sort.
func small() map[string]any {
	return map[string]any{
		"about": "a test", "read_at": "2026-11-20T02:00:00Z", "boot": "2026-11-15T01:30:00Z", "memory": 17179869184,
		"computer": map[string]any{"name": "CM01", "fqdn": "cm01.contoso.com", "account": `CONTOSO\a`, "elevated": true},
		"windows":  map[string]any{"major": 10, "minor": 0, "build": 20348, "product": "Windows Server", "installation": nil, "workstation": false},
		"registry": map[string]any{
			`HKLM\SOFTWARE\A`:     map[string]any{"Text": "x", "Number": 7, "Large": map[string]any{"qword": json.Number("1099511627777")}, "List": []any{"a", 1}},
			`HKLM\SOFTWARE\A\B\C`: map[string]any{},
			`HKLM\SOFTWARE\A\D`:   map[string]any{},
			`HKLM\SOFTWARE\AB`:    map[string]any{"Text": "y"},
		},
		"services": map[string]any{"SMS_EXECUTIVE": map[string]any{"state": "running", "start": "automatic", "account": "LocalSystem"}},
		"files":    map[string]any{`D:\a.exe`: map[string]any{"size": 5, "modified": "2025-06-01T10:00:00Z", "version": "1.2.3.4"}},
		"folders":  map[string]any{`D:\In`: map[string]any{"*.nil": map[string]any{"files": 1, "bytes": 3, "oldest": "2025-06-01T10:00:00Z", "newest": "2025-06-01T10:00:00Z"}}},
		"access": map[string]any{`D:\In`: map[string]any{"owner": "S-1-5-18", "open": false, "count": 1, "more": false, "entries": []any{
			map[string]any{"sid": "S-1-5-32-544", "type": "allow", "mask": 2032127, "flags": 3},
		}}},
		"contents": map[string]any{`D:\x.xml`: "abc"},
		"logs":     map[string]any{`C:\ConfigMgrPrereq.log`: "a log without a run\r\n"},
		"volumes": map[string]any{
			`D:\`:         map[string]any{"total": 100, "free": 10, "file_system": "NTFS"},
			`D:\Mounted\`: map[string]any{"total": 200, "free": 20, "file_system": "ReFS"},
		},
		"servers": map[string]any{"MP01": map[string]any{"registry": map[string]any{`HKLM\SOFTWARE\Far`: map[string]any{"Text": "z"}}}},
		"sql":     map[string]any{"SQL01": map[string]any{"CM_P01": map[string]any{"x": []any{map[string]any{"may_see": 1, "n": 2}}, "none": []any{}}}},
	}
}

func newSite(t *testing.T, tree map[string]any) *platformtest.Site {
	t.Helper()
	site, err := platformtest.New(tree)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func TestSiteAnswers(t *testing.T) {
	site := newSite(t, small())
	key := func(subkeys, values string) string {
		return `{"subkeys":` + subkeys + `,"values":` + values + `,"more":false,"written":"2026-01-02T03:04:05Z"}`
	}
	tests := []struct {
		question platform.Question
		want     string
	}{
		{platform.ReadText(`HKLM\SOFTWARE\A`, "Text").Question, `{"type":"sz","number":null,"text":"x","list":null}`},
		{platform.ReadText(`hklm\software\a`, "TEXT").Question, `{"type":"sz","number":null,"text":"x","list":null}`},
		{platform.ReadNumber(`HKLM\SOFTWARE\A`, "Number").Question, `{"type":"dword","number":7,"text":null,"list":null}`},
		{platform.ReadNumber(`HKLM\SOFTWARE\A`, "Large").Question, `{"type":"qword","number":1099511627777,"text":null,"list":null}`},
		{platform.ReadText(`HKLM\SOFTWARE\A`, "List").Question, `{"type":"multi_sz","number":null,"text":null,"list":["a","1"]}`},
		{platform.ReadKey(`HKLM\SOFTWARE\A`).Question, key(`["B","D"]`, `["Large","List","Number","Text"]`)},
		{platform.ReadKey(`hklm\software\a\b`).Question, key(`["C"]`, `[]`)},
		{platform.ReadKey(`HKLM\SOFTWARE\A\D`).Question, key(`[]`, `[]`)},
		{platform.ReadKey(`HKLM\SOFTWARE`).Question, key(`["A","AB"]`, `[]`)},
		{platform.ReadText(`HKLM\SOFTWARE\Far`, "Text").At("mp01").Question, `{"type":"sz","number":null,"text":"z","list":null}`},
		{platform.ReadKey(`HKLM\SOFTWARE`).At("MP01").Question, key(`["Far"]`, `[]`)},
		{platform.ReadService("sms_executive").Question, `{"state":"running","start":"automatic","account":"LocalSystem"}`},
		{platform.ReadFile(`d:\A.EXE`).Question, `{"size":5,"modified":"2025-06-01T10:00:00Z","version":"1.2.3.4"}`},
		{platform.ReadDigest(`d:\X.xml`).Question, `{"size":3,"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}`},
		{platform.ReadFolder(`d:\in`, "*.nil").Question, `{"files":1,"bytes":3,"oldest":"2025-06-01T10:00:00Z","newest":"2025-06-01T10:00:00Z","more":false}`},
		{platform.ReadFolder(`D:\In`, "*.ist").Question, `{"files":0,"bytes":0,"oldest":null,"newest":null,"more":false}`},
		{
			platform.ReadPrereqLog(`c:\CONFIGMGRPREREQ.log`).Question,
			`{"size":21,"encoding":"8-bit","run":null,"begun":false,"begun_at":null}`,
		},
		{platform.ReadAccess(`d:\IN`).Question, `{"owner":"S-1-5-18","open":false,"count":1,"entries":[{"sid":"S-1-5-32-544","type":"allow","mask":2032127,"flags":3}],"more":false}`},
		{platform.ReadVolume(`D:\`).Question, `{"mount":"D:\\","total":100,"free":10,"file_system":"NTFS"}`},
		{platform.ReadVolume(`d:\x\y`).Question, `{"mount":"D:\\","total":100,"free":10,"file_system":"NTFS"}`},
		{platform.ReadVolume(`D:\mounted\y`).Question, `{"mount":"D:\\Mounted\\","total":200,"free":20,"file_system":"ReFS"}`},
		{platform.ReadVolume(`D:\MountedElsewhere`).Question, `{"mount":"D:\\","total":100,"free":10,"file_system":"NTFS"}`},
		{platform.ReadOSVersion().Question, `{"major":10,"minor":0,"build":20348,"product":"Windows Server","installation":null,"workstation":false}`},
		{platform.ReadComputer().Question, `{"name":"CM01","fqdn":"cm01.contoso.com","account":"CONTOSO\\a","elevated":true}`},
		{platform.ReadBoot().Question, `{"at":"2026-11-15T01:30:00Z"}`},
		{platform.ReadMemory().Question, `{"total":17179869184}`},
		{statement("SQL01", "CM_P01", "x"), `[{"may_see":1,"n":2}]`},
		{statement("SQL01", "CM_P01", "none"), `[]`},
	}
	for _, test := range tests {
		if raw, err := site.Read(t.Context(), test.question); string(raw) != test.want || err != nil {
			t.Errorf("%s: %s, %v; want %s", test.question, raw, err, test.want)
		}
	}
}

func TestSiteRefuses(t *testing.T) {
	without := func(part string) *platformtest.Site {
		return newSite(t, platformtest.Edit(small(), map[string]any{part: nil}))
	}
	whole := newSite(t, small())
	odd := newSite(t, platformtest.Edit(small(), map[string]any{"registry": map[string]any{`HKLM\SOFTWARE\A`: map[string]any{
		"Fraction": 1.5, "Negative": -1, "Yes": true, "Object": map[string]any{"dword": 1}, "Two": map[string]any{"qword": 1, "x": 1},
	}}}))
	tests := []struct {
		name     string
		site     *platformtest.Site
		question platform.Question
		reason   error
	}{
		{"key", whole, platform.ReadKey(`HKLM\SOFTWARE\Nobody`).Question, platform.ErrAbsent},
		{"the beginning of a key's name", whole, platform.ReadKey(`HKLM\SOFT`).Question, platform.ErrAbsent},
		{"value of a missing key", whole, platform.ReadText(`HKLM\SOFTWARE\Nobody`, "Text").Question, platform.ErrAbsent},
		{"value", whole, platform.ReadText(`HKLM\SOFTWARE\A`, "Nobody").Question, platform.ErrAbsent},
		{"value of a key without values", whole, platform.ReadText(`HKLM\SOFTWARE`, "Text").Question, platform.ErrAbsent},
		{"service", whole, platform.ReadService("x").Question, platform.ErrAbsent},
		{"file", whole, platform.ReadFile("x").Question, platform.ErrAbsent},
		{"content", whole, platform.ReadDigest(`D:\y.xml`).Question, platform.ErrAbsent},
		{"folder", whole, platform.ReadFolder(`D:\Out`, "*").Question, platform.ErrAbsent},
		{"access list of no folder", whole, platform.ReadAccess(`D:\Out`).Question, platform.ErrAbsent},
		{"access list of which nothing is said", newSite(t, platformtest.Edit(small(), map[string]any{"access": nil})), platform.ReadAccess(`D:\In`).Question, platform.ErrUnsupported},
		{"no pattern", whole, platform.ReadFolder(`D:\In`, "").Question, platform.ErrMalformed},
		{"log", whole, platform.ReadPrereqLog(`D:\ConfigMgrPrereq.log`).Question, platform.ErrAbsent},
		{"volume", whole, platform.ReadVolume(`E:\`).Question, platform.ErrAbsent},
		{"unknown fact", whole, platform.Question{Kind: platform.KindOS, What: "moon"}, platform.ErrUnsupported},
		{"no computer", without("computer"), platform.ReadComputer().Question, platform.ErrUnsupported},
		{"no Windows", without("windows"), platform.ReadMemory().Question, platform.ErrUnsupported},
		{"no Windows, a file", without("windows"), platform.ReadFile(`D:\a.exe`).Question, platform.ErrUnsupported},
		{"unknown kind", whole, platform.Question{Kind: "weather"}, platform.ErrUnsupported},
		{"another machine", whole, platform.Question{Kind: platform.KindOS, On: "CM02", What: "memory"}, platform.ErrUnsupported},
		{"a service of another machine", whole, platform.Question{Kind: platform.KindService, On: "MP01", What: "x"}, platform.ErrUnsupported},
		{"the registry of a machine out of reach", whole, platform.ReadText(`HKLM\SOFTWARE\A`, "Text").At("MP02").Question, platform.ErrUnreachable},
		{"the own registry, asked of another", whole, platform.ReadText(`HKLM\SOFTWARE\A`, "Text").At("MP01").Question, platform.ErrAbsent},
		{"value of another machine", whole, platform.ReadText(`HKLM\SOFTWARE\Far`, "Nobody").At("MP01").Question, platform.ErrAbsent},
		{"instance", whole, statement("SQL02", "CM_P01", "x"), platform.ErrUnreachable},
		{"database", whole, statement("SQL01", "CM_OLD", "x"), platform.ErrDenied},
		{"statement", whole, statement("SQL01", "CM_P01", "y"), platform.ErrAbsent},
		{"a fraction", odd, platform.ReadNumber(`HKLM\SOFTWARE\A`, "Fraction").Question, platform.ErrUnsupported},
		{"a negative number", odd, platform.ReadNumber(`HKLM\SOFTWARE\A`, "Negative").Question, platform.ErrUnsupported},
		{"true", odd, platform.ReadNumber(`HKLM\SOFTWARE\A`, "Yes").Question, platform.ErrUnsupported},
		{"an object", odd, platform.ReadNumber(`HKLM\SOFTWARE\A`, "Object").Question, platform.ErrUnsupported},
		{"an object with more", odd, platform.ReadNumber(`HKLM\SOFTWARE\A`, "Two").Question, platform.ErrUnsupported},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			raw, err := test.site.Read(t.Context(), test.question)
			var no *platform.NoAnswer
			if !errors.As(err, &no) || !errors.Is(no, test.reason) || no.Cause == "" || raw != nil {
				t.Fatalf("%s, %v; want %v", raw, err, test.reason)
			}
			if ends := errors.Is(test.reason, platform.ErrUnreachable); no.EndsLine != ends {
				t.Errorf("it ends the line: %v", no.EndsLine)
			}
		})
	}
}

// A SQL Server can be asked without a Windows machine.
func TestSiteWithoutWindowsHasSQL(t *testing.T) {
	site := newSite(t, platformtest.Edit(small(), map[string]any{"windows": nil}))
	if raw, err := site.Read(t.Context(), statement("SQL01", "CM_P01", "x")); len(raw) == 0 || err != nil {
		t.Errorf("%s, %v", raw, err)
	}
}

func TestSiteCutsLongKeys(t *testing.T) {
	for _, n := range []int{platform.MaxNames, platform.MaxNames + 1} {
		keys := map[string]any{}
		values := map[string]any{}
		for i := range n {
			keys[fmt.Sprintf(`HKLM\SOFTWARE\A\%04d`, i)] = map[string]any{}
			values[fmt.Sprintf("%04d", i)] = i
		}
		keys[`HKLM\SOFTWARE\B`] = values
		site := newSite(t, platformtest.Edit(small(), map[string]any{"registry": keys}))
		for _, key := range []string{`HKLM\SOFTWARE\A`, `HKLM\SOFTWARE\B`} {
			m := platform.Open(t.Context(), site, site.ReadAt, platform.DefaultLimits())
			got, err := platform.Ask(t.Context(), m.Session(), platform.ReadKey(key))
			if err != nil {
				t.Fatal(err)
			}
			// HKLM\SOFTWARE\A has the two subkeys of the small site, too, and they sort last.
			long := max(len(got.Subkeys), len(got.Values))
			if wantMore := n > platform.MaxNames || strings.HasSuffix(key, "A"); long != platform.MaxNames || got.More != wantMore {
				t.Errorf("%d names in %s: %d are told, more %v", n, key, long, got.More)
			}
			if !slices.IsSorted(got.Subkeys) || !slices.IsSorted(got.Values) {
				t.Errorf("%s is not sorted", key)
			}
		}
	}
}

func TestEdit(t *testing.T) {
	type tree = map[string]any
	before := tree{"a": 1, "b": tree{"c": 2, "d": tree{"e": 3}}, "f": []any{1, 2}}
	tests := []struct {
		name       string
		edit, want tree
	}{
		{"nothing", nil, before},
		{"replaced", tree{"a": 5}, tree{"a": 5, "b": tree{"c": 2, "d": tree{"e": 3}}, "f": []any{1, 2}}},
		{"removed", tree{"a": nil, "b": tree{"c": nil}}, tree{"b": tree{"d": tree{"e": 3}}, "f": []any{1, 2}}},
		{"removed, not there", tree{"x": nil}, before},
		{"merged", tree{"b": tree{"d": tree{"g": 4}}}, tree{"a": 1, "b": tree{"c": 2, "d": tree{"e": 3, "g": 4}}, "f": []any{1, 2}}},
		{"added", tree{"x": tree{"y": tree{"z": 1, "none": nil}}}, tree{"a": 1, "b": tree{"c": 2, "d": tree{"e": 3}}, "f": []any{1, 2}, "x": tree{"y": tree{"z": 1}}}},
		{"a list is replaced as a whole", tree{"f": []any{3}}, tree{"a": 1, "b": tree{"c": 2, "d": tree{"e": 3}}, "f": []any{3}}},
		{"a map in place of a value", tree{"a": tree{"x": 1}}, tree{"a": tree{"x": 1}, "b": tree{"c": 2, "d": tree{"e": 3}}, "f": []any{1, 2}}},
		{"a value in place of a map", tree{"b": 1}, tree{"a": 1, "b": 1, "f": []any{1, 2}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := platformtest.Edit(before, test.edit); !reflect.DeepEqual(got, test.want) {
				t.Errorf("%v; want %v", got, test.want)
			}
			if !reflect.DeepEqual(before, tree{"a": 1, "b": tree{"c": 2, "d": tree{"e": 3}}, "f": []any{1, 2}}) {
				t.Fatalf("what was edited has changed: %v", before)
			}
		})
	}
	if got := platformtest.Edit(nil, tree{"a": tree{"b": nil}}); !reflect.DeepEqual(got, tree{"a": tree{}}) {
		t.Errorf("nothing, edited, is %v", got)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "testdata", "sites")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"base":   "about: base\nmemory: 5\nservices:\n  X: {state: running, start: manual, account: a}\n  Y: {state: running, start: manual, account: a}\n",
		"middle": "like: base\nabout: middle\nservices:\n  X: null\n",
		"top":    "like: middle\nservices:\n  Y: {state: stopped}\n",
		"lost":   "like: nobody\n",
		"broken": "about: [\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := platformtest.Load(dir, "top")
	if err != nil {
		t.Fatal(err)
	}
	site := newSite(t, tree)
	if site.About != "middle" || site.Memory != 5 || !maps.Equal(site.Services, map[string]platform.Service{"Y": {State: "stopped", Start: "manual", Account: "a"}}) {
		t.Errorf("the site is %+v", site)
	}
	for _, name := range []string{"nobody", "lost", "broken"} {
		if tree, err := platformtest.Load(dir, name); err == nil {
			t.Errorf("%s is loaded as %v", name, tree)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, edit := range map[string]map[string]any{
		"a field that is not known":       {"memroy": 1},
		"a field that is not known below": {"windows": map[string]any{"bulid": 1}},
		"a wrong type":                    {"memory": "much"},
		"no JSON":                         {"memory": func() {}},
	} {
		if site, err := platformtest.New(platformtest.Edit(small(), edit)); err == nil {
			t.Errorf("%s: it became %+v", name, site)
		}
	}
}

func TestQuestions(t *testing.T) {
	site := newSite(t, small())
	all := site.Questions()
	for _, q := range all {
		if _, err := site.Read(t.Context(), q); err != nil {
			t.Errorf("%s: %v", q, err)
		}
	}
	// Four keys, five values, a key and a value of another server, a service, a file, a
	// content, a folder, its access list, a log in two ways, two volumes and four facts of the system.
	if len(all) != 24 {
		t.Errorf("there are %d questions: %v", len(all), all)
	}
	if !site.ReadAt.Equal(time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)) {
		t.Errorf("read at %v", site.ReadAt)
	}
}
