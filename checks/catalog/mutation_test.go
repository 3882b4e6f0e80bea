package catalog_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// mutations are faults that the scenarios and the sweep must catch, each planted alone. check
// is the one whose scenarios are enough to catch it, so that only they need to run.
var mutations = []struct{ file, check, old, new string }{
	{"checks/drivers/odbc18.go", "drivers.odbc18", "found.Less(c.Target.MinODBC)", "c.Target.MinODBC.Less(found)"},
	{"checks/drivers/odbc18.go", "drivers.odbc18", "found.Compare(bad) == 0", "found.Compare(bad) != 0"},
	{"checks/drivers/sqlncli.go", "drivers.sqlncli", "found.Less(c.Target.MinNativeClient)", "c.Target.MinNativeClient.Less(found)"},
	{"checks/system/windows.go", "system.windows", "case os.Build > newest.Build", "case os.Build < newest.Build"},
	{"checks/system/windows.go", "system.windows", "!supported && os.Build > newest.Build", "!supported && os.Build < newest.Build"}, // of Service Manager
	{"checks/system/dotnet.go", "system.dotnet", "uint64(release) < uint64(c.Target.MinDotNet.Release)", "uint64(release) > uint64(c.Target.MinDotNet.Release)"},
	{"checks/system/dotnet.go", "system.dotnet", "uint64(release) < uint64(c.Target.DotNet.Release)", "uint64(release) <= uint64(c.Target.DotNet.Release)"},
	{"checks/system/installer.go", "system.windows-installer", "installed.Less(minInstaller)", "minInstaller.Less(installed)"},
	{"checks/system/adk.go", "system.adk", "!slices.Contains(c.Target.ADK, installed.Part(2))", "slices.Contains(c.Target.ADK, installed.Part(2))"},
	{"checks/system/restart.go", "system.restart", "case attempts == 0:", "case attempts != 0:"},
	{"checks/system/restart.go", "system.restart", `return entry != ""`, `return entry == ""`},
	{"checks/system/systems.go", "system.site-systems", "build > uint64(newest.Build)", "build >= uint64(newest.Build)"},
	{"checks/system/systems.go", "system.site-systems", "build < uint64(target.ClientForContent)", "build <= uint64(target.ClientForContent)"},
	{"checks/servers/servers.go", "system.site-systems", "servers[i].ContentOnly && contentOnly", "servers[i].ContentOnly || contentOnly"}, // a role overlooked
	{"checks/security/antivirus.go", "security.antivirus", "strings.HasPrefix(path, excluded+`\\`)", "strings.HasPrefix(path, excluded)"},  // the folder beside taken for the one above
	{"checks/security/antivirus.go", "security.antivirus", "case hidden.is(1):", "case hidden.is(2):"},                                     // hidden exclusions taken for none
	{"checks/security/tls.go", "security.tls12", "release.value < strongByItself", "release.value <= strongByItself"},
	{"checks/security/ciphers.go", "security.cipher-suites", "case usesOneOf(suite, off):", "case false:"}, // what is switched off taken for usable
	{"checks/security/certificates.go", "security.certificates", "case ends.Before(until):", "case !ends.After(until):"},
	{"checks/security/certificates.go", "security.certificates", "one.NotAfter.After(last)", "one.NotAfter.Before(last)"}, // the oldest taken for the one in use
	{"checks/security/sqlcertificate.go", "security.sql-certificate", "if ends.Before(c.JudgedFor) {", "if !ends.After(c.JudgedFor) {"},
	{"checks/security/customised.go", "security.customised-files", "if of.Part(2) != site.Version.Part(2) {", "if false {"}, // an original of another version
	{"checks/security/endpoints.go", "security.endpoints", "case !c.Online:", "case false:"},                                // the internet asked without leave
	{"checks/space/disk.go", "space.disk", "free < f.fails", "free > f.fails"},
	{"checks/space/disk.go", "space.disk", "free < f.fails", "free <= f.fails"},
	{"checks/space/disk.go", "space.disk", "free < f.warns", "free > f.warns"},
	{"checks/space/disk.go", "space.disk", "/gibibyte < least", "/gibibyte > least"},
	{"checks/space/fill.go", "space.log", "percent > fails", "percent < fails"},
	{"checks/space/fill.go", "space.log", "percent > warns", "percent < warns"},
	{"checks/space/fill.go", "space.log", "percent > warns", "percent >= warns"},
	{"checks/space/capacity.go", "space.data", "return free / f.step * f.step", "return free"}, // a part of a step taken for a step
	{"checks/space/capacity.go", "space.data", "left[f.mount()] -= taken", "_ = taken"},        // the room counted for each file
	{"checks/space/capacity.go", "space.tempdb", "made.step == 0 ||", "false ||"},              // growth 0 taken for growth
	{"checks/space/data.go", "space.data", "row.ReadOnly != 0", "row.ReadOnly == 0"},
	{"checks/space/growth.go", "space.growth", "case needed.on[mount]:", "case false:"},
	{"checks/space/growth.go", "space.growth", "largest.next() > free:", "largest.next() >= free:"},
	{"checks/access/evaluate.go", "smpredicted.permissions", "can.denied = can.denied || !allows", "_ = allows"},           // denials overlooked
	{"checks/access/evaluate.go", "smpredicted.permissions", "return entry.Flags&notHere == 0", "return true"},             // what is for files below taken for the folder's
	{"checks/access/who.go", "smpredicted.permissions", "return Unclear, Named(holder), nil", "return Outside, \"\", nil"}, // a group of the domain taken for nobody's
	{"checks/accounts/servicestate.go", "accounts.service-state", "!state.End.After(at)", "state.End.Before(at)"},
	{"checks/accounts/servicestate.go", "accounts.service-state", "!strings.EqualFold(domain, computer.Name)", "strings.EqualFold(domain, computer.Name)"},    // a domain's account taken for the machine's
	{"checks/accounts/directory.go", "accounts.service-state", "told.Managed && (told.Locked || told.MustChange)", "false"},                                   // what cannot be told of a managed account
	{"checks/accounts/directory.go", "accounts.service-state", "case errors.Is(err, platform.ErrAbsent) && !mayBeManaged(account.Name):", "case err != nil:"}, // a silent directory taken for one without the account
	{"checks/access/directory.go", "accounts.service-logon", `group.Use != "group"`, "false"},                                                                 // a group that is local to the domain taken for a global one
	{"checks/access/directory.go", "accounts.service-logon", "case slices.Contains(told.List, group.SID):", "case !slices.Contains(told.List, group.SID):"},
	{"checks/recovery/backup.go", "recovery.database-backup", "age.Hours() > fails", "age.Hours() < fails"},
	{"checks/recovery/backup.go", "recovery.database-backup", "age.Hours() > warns", "age.Hours() < warns"},
	{"checks/replication/parent.go", "replication.parent", "row.State == stateActive", "row.State != stateActive"},
	{"checks/replication/links.go", "replication.links", "row.Failed > 0:", "false:"},
	{"checks/replication/links.go", "replication.links", "float64(row.Age) > staleAfter", "float64(row.Age) >= staleAfter"},
	{"checks/replication/links.go", "replication.links", "return r.key() == key", "return true"}, // a missing direction overlooked
	{"checks/replication/backlog.go", "replication.backlog", "float64(row.Waiting) > most", "float64(row.Waiting) >= most"},
	{"checks/replication/inboxes.go", "replication.inboxes", "age.Hours() > most", "age.Hours() >= most"},
	{"checks/replication/inboxes.go", "replication.inboxes", "case folder.More:", "case false:"}, // files that were not looked at taken for none
	{"checks/site/updatepath.go", "site.update-path", "build >= target.MinBuild", "build <= target.MinBuild"},
	{"checks/site/updatepath.go", "site.update-path", "build > target.Build", "build < target.Build"},
	{"checks/site/https.go", "site.https", "httpsOnly == bitsHTTPSOnly", "httpsOnly != bitsHTTPSOnly"},
	{"checks/site/https.go", "site.https", "readings[0].Err != nil", "false"}, // the database's silence taken for its answer
	{"checks/updates/packages.go", "site.packages", "pkg.Part(2) < own.Part(2)", "pkg.Part(2) <= own.Part(2)"},
	{"checks/logs/judge.go", "logs.update", "v.c.ReadAt().Sub(*d.Last) > v.days(silentAfter)", "false"}, // a log that ended long ago taken for one of now
	{"checks/roles/cloudgateway.go", "roles.cloud-gateway", "modern := r.build >= build2403", "modern := r.build > build2403"},
	{"checks/sql/compatibility.go", "sql.compatibility", "row.Level < requirement.LeastLevel", "row.Level <= requirement.LeastLevel"},
	{"checks/sql/broker.go", "sql.broker-port", "case row.Listeners == 0:", "case false:"},
	{"checks/window/clock.go", "window.clock", "apart.Abs().Minutes() > most", "apart.Abs().Minutes() >= most"},
	{"checks/network/names.go", "network.names", "case errSites != nil && item.Status != checks.Failed:", "case false:"}, // the site control's silence taken for its answer
	{"checks/servicemanager/dates.go", "smprepare.dates", "row.Later < laterDays", "row.Later <= laterDays"},

	{"platform/ask.go", "drivers.odbc18", "errors.Is(err, ErrAbsent)", "errors.Is(err, ErrAbsent) || errors.Is(err, ErrDenied)"},                      // denied taken for absent
	{"platform/ask.go", "drivers.odbc18", "errors.Is(err, ErrAbsent)", "errors.Is(err, ErrAbsent) || errors.Is(err, ErrTimeout)"},                     // silence taken for absent
	{"platform/ask.go", "drivers.odbc18", "errors.Is(err, ErrAbsent)", "errors.Is(err, ErrAbsent) || errors.Is(err, ErrNotRecorded)"},                 // not recorded taken for absent
	{"platform/ask.go", "drivers.odbc18", "return value, err == nil, err", "return value, err == nil, nil"},                                           // every error taken for absent
	{"platform/sql.go", "space.disk", "if len(rows) == 0 {", "if false {"},                                                                            // no rows taken for fine
	{"platform/sql.go", "space.log", `string(proof) != "1"`, `string(proof) == "2"`},                                                                  // the proof not looked at
	{"platform/sql.go", "space.disk", "range rows {", "range rows[:1] {"},                                                                             // the proof of the first row taken for all
	{"platform/decode.go", "system.windows", `return decodeValue(raw, reflect.ValueOf(out).Elem(), "the answer")`, "return json.Unmarshal(raw, out)"}, // strict decoding off
	{"platform/decode.go", "system.windows", `return Refuse(ErrNotRecorded, "%s has no field %q", name, key)`, "continue"},                            // a missing field taken for zero
	{"platform/decode.go", "system.windows", `return Refuse(ErrMalformed, "%s is null, and a %s was expected", name, v.Type())`, "return nil"},
	{"checks/status.go", "space.disk", "Unknown: 4", "Unknown: 0"},                                                                         // could not check taken for nothing
	{"checks/run.go", "drivers.odbc18", "r.Status = Unknown\n\t\tr.Cause = cause(o.err)", "r.Status = Passed\n\t\tr.Cause = cause(o.err)"}, // an error taken for green
	{"checks/check.go", "space.disk", "return Worst(statuses...)", "return statuses[0]"},                                                   // the first item taken for all
}

// Each mutation, planted by an overlay, makes the tests of this package fail.
func TestMutationsAreCaught(t *testing.T) {
	base, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutations {
		t.Run(m.file+": "+m.new, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(base, filepath.FromSlash(m.file))
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(source), m.old); n != 1 {
				t.Fatalf("%q is %d times in %s, so the mutation is out of date", m.old, n, m.file)
			}
			dir := t.TempDir()
			mutant, overlay := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json")
			replace, err := json.Marshal(map[string]map[string]string{"Replace": {file: mutant}})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(mutant, []byte(strings.Replace(string(source), m.old, m.new, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(overlay, replace, 0o600); err != nil {
				t.Fatal(err)
			}
			// Neither vet nor tables for a debugger: nobody looks at the mutant.
			test := exec.CommandContext(t.Context(), "go", "test", "-overlay", overlay, "-vet=off", "-ldflags=-s -w", "-failfast",
				"-run", "^(TestScenarios|TestSweep)$/^"+regexp.QuoteMeta(m.check)+"$", ".")
			out, err := test.CombinedOutput()
			switch {
			case err == nil:
				t.Error("the mutation was not caught")
			case !strings.Contains(string(out), "--- FAIL: "):
				t.Errorf("the tests did not fail, but could not run: %v\n%s", err, out)
			}
		})
	}
}
