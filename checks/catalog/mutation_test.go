package catalog_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mutations are faults that the scenarios and the sweep must catch, each planted alone.
var mutations = []struct{ file, old, new string }{
	{"checks/drivers/odbc18.go", "found.Less(c.Target.MinODBC)", "c.Target.MinODBC.Less(found)"},
	{"checks/drivers/odbc18.go", "found.Compare(bad) == 0", "found.Compare(bad) != 0"},
	{"checks/drivers/sqlncli.go", "found.Less(c.Target.MinNativeClient)", "c.Target.MinNativeClient.Less(found)"},
	{"checks/system/windows.go", "os.Build > newest.Build", "os.Build < newest.Build"},
	{"checks/space/disk.go", "free < fails", "free > fails"},
	{"checks/space/disk.go", "free < warns", "free > warns"},
	{"checks/space/disk.go", "/gibibyte < least", "/gibibyte > least"},
	{"checks/space/log.go", "percent > fails", "percent < fails"},
	{"checks/space/log.go", "percent > warns", "percent < warns"},
	{"checks/recovery/backup.go", "age.Hours() > fails", "age.Hours() < fails"},
	{"checks/recovery/backup.go", "age.Hours() > warns", "age.Hours() < warns"},
	{"checks/site/updatepath.go", "build >= target.MinBuild", "build <= target.MinBuild"},
	{"checks/site/https.go", "httpsOnly == bitsHTTPSOnly", "httpsOnly != bitsHTTPSOnly"},
	{"platform/ask.go", "errors.Is(err, ErrAbsent)", "errors.Is(err, ErrAbsent) || errors.Is(err, ErrDenied)"}, // denied taken for absent
	{"platform/sql.go", "if len(rows) == 0 {", "if false {"},                                                   // no rows taken for fine
	{"platform/sql.go", `string(proof) != "1"`, `string(proof) == "2"`},                                        // the proof not looked at
	{"platform/decode.go", `return Refuse(ErrNotRecorded, "%s has no field %q", name, key)`, "continue"},       // a missing field taken for zero
	{"platform/decode.go", `return Refuse(ErrMalformed, "%s is null, and a %s was expected", name, v.Type())`, "return nil"},
	{"checks/status.go", "Unknown: 3", "Unknown: 0"}, // could not check taken for nothing
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
			test := exec.CommandContext(t.Context(), "go", "test", "-overlay", overlay, "-run", "^(TestScenarios|TestSweep)$", ".")
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
