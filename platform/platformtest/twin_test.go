package platformtest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"siteready/platform/platformtest"
)

const twinBase = `
about: the base of sql01 and sql01.contoso.com
registry: {'HKLM\sql01': {Server: sql01.contoso.com, Number: 7}}
sql:
  sql01.contoso.com:
    CM_P01:
      backups: [{may_see: 1, age: 5, name: CM_P01}, {may_see: 1, age: 6, name: other}]
      pages: [{may_see: 1, count: 0}]
`

// loadTwin loads a site that is like twinBase.
func loadTwin(t *testing.T, twin string) (map[string]any, error) {
	t.Helper()
	dir := t.TempDir()
	folder := filepath.Join(dir, "testdata", "sites")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"base": twinBase, "twin": "like: base\n" + twin} {
		if err := os.WriteFile(filepath.Join(folder, name+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return platformtest.Load(dir, "twin")
}

func TestLoadTwin(t *testing.T) {
	for _, test := range []struct{ name, twin, want string }{
		{
			name: "names, the longer one first",
			twin: "rename: {sql01: cm02, sql01.contoso.com: db.contoso.com, P01: P02}\n",
			want: `{"about": "the base of cm02 and db.contoso.com",
				"registry": {"HKLM\\cm02": {"Server": "db.contoso.com", "Number": 7}},
				"sql": {"db.contoso.com": {"CM_P02": {
					"backups": [{"may_see": 1, "age": 5, "name": "CM_P02"}, {"may_see": 1, "age": 6, "name": "other"}],
					"pages": [{"may_see": 1, "count": 0}]}}}}`,
		},
		{
			name: "columns of all rows of a statement, and what differs",
			twin: "rows: {backups: {age: 9}}\nabout: twin\nregistry: null\n",
			want: `{"about": "twin",
				"sql": {"sql01.contoso.com": {"CM_P01": {
					"backups": [{"may_see": 1, "age": 9, "name": "CM_P01"}, {"may_see": 1, "age": 9, "name": "other"}],
					"pages": [{"may_see": 1, "count": 0}]}}}}`,
		},
		{
			name: "as many rows as there are in a list",
			twin: "rows: {backups: [{age: 9}, {name: third}, {}], pages: []}\nabout: twin\nregistry: null\n",
			want: `{"about": "twin",
				"sql": {"sql01.contoso.com": {"CM_P01": {
					"backups": [{"may_see": 1, "age": 9, "name": "CM_P01"}, {"may_see": 1, "age": 5, "name": "third"}, {"may_see": 1, "age": 5, "name": "CM_P01"}],
					"pages": null}}}}`,
		},
		{
			name: "names, and then columns",
			twin: "rename: {CM_P01: CM_P02}\nrows: {backups: {name: CM_P01}}\nregistry: null\nsql: {sql01.contoso.com: {CM_P02: {pages: null}}}\n",
			want: `{"about": "the base of sql01 and sql01.contoso.com",
				"sql": {"sql01.contoso.com": {"CM_P02": {
					"backups": [{"may_see": 1, "age": 5, "name": "CM_P01"}, {"may_see": 1, "age": 6, "name": "CM_P01"}]}}}}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := loadTwin(t, test.twin)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			var left, right any
			if err := json.Unmarshal(text, &left); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(test.want), &right); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(left, right) {
				t.Errorf("it is %s, wanted %s", text, test.want)
			}
		})
	}
}

func TestLoadTwinRefuses(t *testing.T) {
	for name, twin := range map[string]string{
		"a statement that is not there": "rows: {backup: {age: 9}}\n",
		"a column that is not there":    "rows: {backups: {aged: 9}}\n",
		"no columns":                    "rows: {backups: 9}\n",
		"no columns in a list":          "rows: {backups: [{age: 9}, 9]}\n",
		"a list with another column":    "rows: {backups: [{aged: 9}]}\n",
	} {
		if got, err := loadTwin(t, twin); err == nil {
			t.Errorf("%s: it is %v", name, got)
		}
	}
}
