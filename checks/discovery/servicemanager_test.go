package discovery_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/platform"
	"siteready/platform/platformtest"
)

const (
	systemCenter = `HKLM\SOFTWARE\Microsoft\System Center`
	smType       = systemCenter + `\2010\Common\SDK Service`
	smDatabase   = systemCenter + `\2010\Common\Database`
	smGroups     = `HKLM\SOFTWARE\Microsoft\Microsoft Operations Manager\3.0\Server Management Groups\CONTOSO`
)

// smSites are the constructed sites with anything of Service Manager.
var smSites = []string{"scsm-2016", "scsm-2016-warehouse", "scsm-2022", "scsm-2022-warehouse", "scsm-console"}

func TestFindServiceManager(t *testing.T) {
	tests := []struct {
		name   string
		site   string
		edits  []tree
		want   string // role, parts, version; empty: nothing is here
		reason error
		says   string
	}{
		{name: "a management server", site: "scsm-2016", want: "management_server [management server] 7.5.7487.0 [2016]"},
		{name: "a data warehouse", site: "scsm-2016-warehouse", want: "warehouse_server [data warehouse management server] 7.5.7487.0 [2016]"},
		{name: "a management server that is a portal", site: "scsm-2016", edits: []tree{registry(smSetup, values{"PortalVirtualDirectory": "x"})}, want: "management_server [management server self-service portal] 7.5.7487.0 [2016]"},
		{name: "a console", site: "scsm-console", want: " [console]  []"},
		{name: "a portal", site: "scsm-console", edits: []tree{registry(smSetup, values{"PortalVirtualDirectory": "x"})}, want: " [self-service portal]  []"},
		{name: "a site server of the other product", site: "primary"},
		{
			name: "a server of Operations Manager", site: "no-product",
			edits: []tree{registry(smDatabase, values{"DatabaseServerName": "sql", "DatabaseName": "OperationsManager"}), registry(smGroups, values{}), registry(smType, values{"SDK Service Type": 1})},
		},
		{
			name: "a server of Operations Manager with a console", site: "scsm-console", want: " [console]  []",
			edits: []tree{registry(smDatabase, values{"DatabaseServerName": "sql", "DatabaseName": "OperationsManager"}), registry(smGroups, values{})},
		},
		{
			name: "below another segment", site: "no-product", want: " [console]  []",
			edits: []tree{registry(systemCenter+`\2012\Orchestrator`, values{}), registry(systemCenter+`\2016\Service Manager\Setup`, values{"InstallDirectory": `D:\SM\`})},
		},
		{name: "another product of the family", site: "no-product", edits: []tree{registry(systemCenter+`\2012\Orchestrator`, values{})}},
		{name: "no type", site: "scsm-2016", edits: []tree{registry(smType, nil)}, reason: platform.ErrMalformed, says: `"SDK Service Type" is 0`},
		{name: "type 3", site: "scsm-2016", edits: []tree{registry(smType, values{"SDK Service Type": 3})}, reason: platform.ErrMalformed, says: `"SDK Service Type" is 3`},
		{name: "a type in words", site: "scsm-2016", edits: []tree{registry(smType, values{"SDK Service Type": "one"})}, reason: platform.ErrMalformed, says: `"one"`},
		{name: "no management group", site: "scsm-2016", edits: []tree{registry(smGroups, nil)}, reason: platform.ErrMalformed, says: "the key of management groups is missing"},
		{name: "no version", site: "scsm-2016", edits: []tree{registry(smSetup, values{"ServerVersion": nil})}, reason: platform.ErrMalformed, says: "ServerVersion is missing"},
		{name: "a version in words", site: "scsm-2016", edits: []tree{registry(smSetup, values{"ServerVersion": "2016" + " RTM"})}, reason: platform.ErrMalformed, says: "2016 RTM"},
		{name: "no folder", site: "scsm-2016", edits: []tree{registry(smSetup, values{"InstallDirectory": nil})}, reason: platform.ErrAbsent, says: "InstallDirectory"},
		{name: "an empty folder", site: "scsm-2016", edits: []tree{registry(smSetup, values{"InstallDirectory": `\`})}, reason: platform.ErrMalformed, says: "InstallDirectory is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sm, err := discovery.FindServiceManager(t.Context(), session(t, open(t, tt.site, tt.edits...)))
			if tt.reason != nil {
				if !errors.Is(err, tt.reason) || !strings.Contains(err.Error(), tt.says) || sm != nil {
					t.Errorf("%+v, %v; wanted an error that says %q", sm, err, tt.says)
				}
				return
			}
			got := ""
			if sm != nil {
				got = fmt.Sprintf("%s %v %s %v", sm.Server, sm.Parts(), sm.Version, sm.Names())
			}
			if err != nil || got != tt.want {
				t.Errorf("%q, %v; wanted %q", got, err, tt.want)
			}
		})
	}
}

func databases(ctx context.Context, a platform.Asker) ([]string, error) {
	sm, err := discovery.FindServiceManager(ctx, a)
	if err != nil || sm == nil {
		return nil, err
	}
	all, err := discovery.DatabasesOf(ctx, a, *sm)
	var names []string
	for _, d := range all {
		names = append(names, d.Instance+"/"+d.Name+" "+d.Use)
	}
	return names, err
}

func TestDatabasesOf(t *testing.T) {
	three := []string{"sql03.contoso.com/DWStagingAndConfig staging and configuration", "sql03.contoso.com/DWRepository repository", "sql03.contoso.com/DWDataMart data mart"}
	tests := []struct {
		name   string
		site   string
		edit   tree
		want   []string
		reason error
	}{
		{name: "a management server", site: "scsm-2022", want: []string{"sql03.contoso.com/ServiceManager Service Manager"}},
		{name: "a named instance", site: "scsm-2022", edit: registry(smDatabase, values{"DatabaseServerName": `sql03\SM,1500`}), want: []string{`sql03\SM,1500/ServiceManager Service Manager`}},
		{name: "a data warehouse", site: "scsm-2022-warehouse", want: three},
		{
			name: "one with all data marts", site: "scsm-2016-warehouse",
			want: append(slices.Clone(three), "sql03.contoso.com/OMDWDataMart data mart for Operations Manager", "sql03.contoso.com/CMDWDataMart data mart for Configuration Manager"),
		},
		{name: "a console", site: "scsm-console"},
		{name: "no server", site: "scsm-2022", edit: registry(smDatabase, values{"DatabaseServerName": nil}), reason: platform.ErrAbsent},
		{name: "an empty name", site: "scsm-2022", edit: registry(smDatabase, values{"DatabaseName": ""}), reason: platform.ErrMalformed},
		{name: "a needed database is missing", site: "scsm-2022-warehouse", edit: registry(smDatabase, values{"RepositoryDatabaseName": nil}), reason: platform.ErrAbsent},
		{name: "a data mart without a server", site: "scsm-2016-warehouse", edit: registry(smDatabase, values{"OMDataMartSQLInstance": nil}), reason: platform.ErrAbsent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := databases(t.Context(), session(t, open(t, tt.site, tt.edit)))
			if tt.reason != nil {
				if !errors.Is(err, tt.reason) || got != nil {
					t.Errorf("%v, %v", got, err)
				}
				return
			}
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("%v, %v; wanted %v", got, err, tt.want)
			}
		})
	}
}

// What cannot be read is never "not here".
func TestEachServiceManagerQuestionRefused(t *testing.T) {
	for _, name := range append([]string{"no-product", "primary"}, smSites...) {
		site := open(t, name)
		s := session(t, site)
		if _, err := databases(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		asked := s.Evidence()
		if plain := !slices.Contains(smSites, name); plain && len(asked) != 2 {
			t.Errorf("%s: %d questions are asked where no Service Manager is; two are enough", name, len(asked))
		}
		for _, seen := range asked {
			for _, reason := range platform.Reasons() {
				if errors.Is(reason, platform.ErrAbsent) {
					continue
				}
				if got, err := databases(t.Context(), session(t, except(site, seen.Question, reason))); !errors.Is(err, reason) || got != nil {
					t.Errorf("%s, %s is %v: %v, %v", name, seen.Question, reason, got, err)
				}
			}
			if seen.Err != nil {
				continue
			}
			for how, damaged := range platformtest.Damages(seen.Answer) {
				if got, err := databases(t.Context(), session(t, platformtest.Answering(site, seen.Question, damaged))); err == nil {
					t.Errorf("%s, %s, %s: %v", name, seen.Question, how, got)
				}
			}
		}
	}
}

// What is asked on all sites is what is declared.
func TestServiceManagerReads(t *testing.T) {
	forms := slices.Concat(discovery.ServiceManagerReads(), discovery.ManagementDatabaseReads(), discovery.WarehouseDatabaseReads())
	used := map[platform.Form]bool{}
	for _, name := range sites(t) {
		s := session(t, open(t, name))
		if _, err := databases(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		for _, seen := range s.Evidence() {
			i := slices.IndexFunc(forms, func(f platform.Form) bool { return f.Matches(seen.Question) })
			if i < 0 {
				t.Errorf("asked without declaring it: %s", seen.Question)
				continue
			}
			used[forms[i]] = true
		}
	}
	for _, form := range forms {
		if !used[form] {
			t.Errorf("declared, and asked on no site: %s", form)
		}
	}
}

// findingOf is what a wrapper makes of a check that says what it was given.
func findingOf(t *testing.T, r platform.Reader, stated checks.Stated, run func(context.Context, *checks.Case) (checks.Finding, error)) string {
	t.Helper()
	f, err := run(t.Context(), &checks.Case{Session: session(t, r), Conditions: checks.Conditions{Stated: stated}})
	if err != nil {
		return "error " + errors.Unwrap(err).Error()
	}
	text := f.Status().String() + " " + f.Summary
	for _, item := range f.Items {
		text += fmt.Sprintf("; %s: %s", item.Key, item.Status)
	}
	return text
}

// A console is a part, and no server; what is nowhere does not apply.
func TestOnServiceManagerAndOnServer(t *testing.T) {
	seen := func(_ context.Context, _ *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
		return checks.Passes(strings.Join(sm.Parts(), ", ")), nil
	}
	wrappers := map[string]func(context.Context, *checks.Case) (checks.Finding, error){
		"any": discovery.OnServiceManager(seen), "management": discovery.OnServer(seen, discovery.Management),
		"warehouse": discovery.OnServer(seen, discovery.Warehouse), "both": discovery.OnServer(seen, discovery.Management, discovery.Warehouse),
	}
	noServer, noWarehouse := "not_applicable this is no management server", "data warehouse management server of Service Manager"
	want := map[string]map[string]string{
		"scsm-2016": {
			"any": "passed management server", "management": "passed management server", "both": "passed management server",
			"warehouse": "not_applicable this is no " + noWarehouse,
		},
		"scsm-2016-warehouse": {
			"any": "passed data warehouse management server", "both": "passed data warehouse management server", "warehouse": "passed data warehouse management server",
			"management": noServer + " of Service Manager",
		},
		"scsm-console": {
			"any": "passed console", "management": noServer + " of Service Manager", "warehouse": "not_applicable this is no " + noWarehouse,
			"both": noServer + " and no " + noWarehouse,
		},
	}
	for _, plain := range []string{"primary", "no-product"} {
		want[plain] = map[string]string{}
		for name := range wrappers {
			want[plain][name] = "not_applicable " + discovery.NoServiceManager
		}
	}
	for site, texts := range want {
		for name, wrapper := range wrappers {
			if got := findingOf(t, open(t, site), checks.Stated{}, wrapper); got != texts[name] {
				t.Errorf("%s, %s: %q, wanted %q", site, name, got, texts[name])
			}
		}
	}
}

// both products on one machine.
func both(t *testing.T, edits ...tree) *platformtest.Site {
	t.Helper()
	whole, err := platformtest.Load(root, "scsm-2016")
	if err != nil {
		t.Fatal(err)
	}
	return open(t, "primary", append([]tree{{"registry": whole["registry"]}}, edits...)...)
}

func TestOnProducts(t *testing.T) {
	run := discovery.OnProducts(func(_ context.Context, _ *checks.Case, here discovery.Here) (checks.Finding, error) {
		return checks.Passes(fmt.Sprint(here.Site != nil, here.ServiceManager != nil)), nil
	})
	version, setupKey := platform.ReadText(setup, "Full Version").Question, platform.ReadKey(smSetup).Question
	for name, tt := range map[string]struct {
		reader platform.Reader
		want   string
	}{
		"a site server":                      {open(t, "primary"), "passed true false"},
		"a server of Service Manager":        {open(t, "scsm-2016"), "passed false true"},
		"both":                               {both(t), "passed true true"},
		"neither":                            {open(t, "no-product"), "not_applicable " + noProduct},
		"a role of a site":                   {open(t, "site-system"), "not_applicable this server holds only a role of a site (management point, distribution point); " + runOnCM01},
		"both, and one cannot be read":       {except(both(t), setupKey, platform.ErrDenied), "unknown true false; this server: passed; Service Manager: unknown"},
		"both, and the other cannot be read": {except(both(t), version, platform.ErrDenied), "unknown false true; this server: passed; Configuration Manager: unknown"},
		"neither, and one cannot be read":    {except(open(t, "no-product"), setupKey, platform.ErrDenied), "unknown What this machine is could not be read in full.; Service Manager: unknown"},
		"nothing can be read":                {open(t, "primary", tree{"windows": nil}), "error unsupported"},
	} {
		if got := findingOf(t, tt.reader, checks.Stated{}, run); got != tt.want {
			t.Errorf("%s: %q, wanted %q", name, got, tt.want)
		}
	}
}

func TestOnDatabases(t *testing.T) {
	said := map[string]checks.Finding{
		"CM_P01":         checks.Items("the site's", checks.Item{Key: "sql01.contoso.com/CM_P01", Status: checks.Passed}),
		"ServiceManager": checks.Items("is half full", checks.Item{Key: "sql03.contoso.com/ServiceManager", Status: checks.Warning}, checks.Item{Key: "owner", Status: checks.Passed}),
		"DWRepository":   checks.Items("is full", checks.Item{Key: `sql03.contoso.com E:\`, Status: checks.Failed}),
		"DWDataMart":     checks.Items("is fine", checks.Item{Key: `sql03.contoso.com E:\`, Status: checks.Passed}),
		"OMDWDataMart":   checks.DoesNotApply("there is no log"),
		"CMDWDataMart":   checks.DoesNotApply("there is no log"),
	}
	run := func(changed map[string]checks.Finding) func(context.Context, *checks.Case) (checks.Finding, error) {
		all := maps.Clone(said)
		maps.Copy(all, changed)
		return discovery.OnDatabases(func(_ context.Context, _ *checks.Case, d discovery.Database) (checks.Finding, error) {
			f, ok := all[d.Name]
			if !ok {
				return checks.Finding{}, platform.Refuse(platform.ErrTimeout, "%s does not answer", d.Name)
			}
			f.Items = slices.Clone(f.Items)
			return f, nil
		})
	}
	none := map[string]checks.Finding{}
	for _, name := range []string{"DWStagingAndConfig", "DWRepository", "DWDataMart"} {
		none[name] = checks.DoesNotApply("there is no log")
	}
	fine := map[string]checks.Finding{}
	for _, name := range []string{"DWStagingAndConfig", "DWRepository", "DWDataMart"} {
		fine[name] = checks.Passes("fine")
	}
	groups := platform.ReadKey(`HKLM\SOFTWARE\Microsoft\Microsoft Operations Manager\3.0\Server Management Groups`).Question
	for name, tt := range map[string]struct {
		reader  platform.Reader
		stated  checks.Stated
		changed map[string]checks.Finding
		want    string
	}{
		"a site server":   {reader: open(t, "primary"), want: "passed the site's; sql01.contoso.com/CM_P01: passed"},
		"one database":    {reader: open(t, "scsm-2016"), want: "warning is half full; sql03.contoso.com/ServiceManager: warning; owner: passed"},
		"both products":   {reader: both(t), want: "warning ServiceManager: is half full; sql01.contoso.com/CM_P01: passed; sql03.contoso.com/ServiceManager: warning; sql03.contoso.com/ServiceManager owner: passed"},
		"several":         {reader: open(t, "scsm-2016-warehouse"), want: `failed DWRepository: is full; sql03.contoso.com/DWStagingAndConfig: unknown; sql03.contoso.com E:\: failed`},
		"several, fine":   {reader: open(t, "scsm-2022-warehouse"), changed: fine, want: "passed Nothing is amiss with any of 3 databases.; sql03.contoso.com/DWStagingAndConfig: passed; sql03.contoso.com/DWRepository: passed; sql03.contoso.com/DWDataMart: passed"},
		"none applies":    {reader: open(t, "scsm-2022-warehouse"), changed: none, want: "not_applicable there is no log"},
		"a console":       {reader: open(t, "scsm-console"), want: "not_applicable Service Manager has no server here, only console"},
		"neither product": {reader: open(t, "no-product"), want: "not_applicable " + noProduct},
		"stated":          {reader: open(t, "scsm-2016"), stated: checks.Stated{SQLServer: "sql01.contoso.com", Database: "CM_P01"}, want: "passed the site's; sql01.contoso.com/CM_P01: passed"},
		"one product cannot be read": {
			reader: except(both(t), groups, platform.ErrDenied),
			want:   "unknown the site's; sql01.contoso.com/CM_P01: passed; databases of Service Manager: unknown",
		},
		"the other product cannot be read": {
			reader: except(both(t), platform.ReadText(setup, "Full Version").Question, platform.ErrDenied),
			want:   "unknown is half full; sql03.contoso.com/ServiceManager: warning; owner: passed; database of Configuration Manager: unknown",
		},
		"neither product can be read":     {reader: open(t, "scsm-2016", tree{"windows": nil}), want: "error unsupported"},
		"the only product cannot be read": {reader: except(open(t, "scsm-2016"), groups, platform.ErrDenied), want: "error denied"},
	} {
		if got := findingOf(t, tt.reader, tt.stated, run(tt.changed)); got != tt.want {
			t.Errorf("%s:\n%q, wanted\n%q", name, got, tt.want)
		}
	}
}

// What the operator named wins; else it is the next release.
func TestTargetOf(t *testing.T) {
	sm, err := discovery.FindServiceManager(t.Context(), session(t, open(t, "scsm-2016")))
	if err != nil {
		t.Fatal(err)
	}
	if got := discovery.TargetOf(&checks.Case{}, *sm); got.Version != "2019" {
		t.Error(got.Version)
	}
	named, _ := requirement.ServiceManagerTarget("1801")
	if got := discovery.TargetOf(&checks.Case{Conditions: checks.Conditions{ServiceManager: named}}, *sm); got.Version != "1801" {
		t.Error(got.Version)
	}
}
