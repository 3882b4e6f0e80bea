package sqlservertest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"siteready/platform/sqlserver/sqlservertest"
)

// tediousJob is what testdata/tedious/client.js reads.
type tediousJob struct {
	Host       string        `json:"host"`
	Port       int           `json:"port"`
	User       string        `json:"user"`
	Password   string        `json:"password"`
	Database   string        `json:"database"`
	Encrypt    any           `json:"encrypt"` // true, false or "strict"
	Trust      bool          `json:"trust"`
	ServerName string        `json:"serverName"`
	CA         string        `json:"ca"`
	TLS        string        `json:"tls"` // the only version; empty for any
	Steps      []tediousStep `json:"steps"`
}

type tediousStep struct {
	SQL        string   `json:"sql"`
	Parameters [][3]any `json:"parameters,omitempty"` // name, type, value
	StopAfter  int      `json:"stopAfter,omitempty"`  // rows, then the client asks to stop
}

type tediousAnswer struct {
	Refused string `json:"refused"`
	Results []struct {
		Columns []string `json:"columns"`
		Rows    [][]any  `json:"rows"`
		Errors  []string `json:"errors"`
		End     string   `json:"end"`
	} `json:"results"`
}

// tedious is a Node.js program with the client in it.
type tedious struct{ node, folder string }

// newTedious installs the client, as its lock file has it, into a folder of its own. No script of a package is run.
func newTedious(t *testing.T) tedious {
	t.Helper()
	node, err := exec.LookPath("node")
	npm, npmErr := exec.LookPath("npm")
	if err != nil || npmErr != nil {
		t.Fatal("node or npm is missing: install the Debian packages nodejs and npm; a client in JavaScript checks that this server is not just to the driver's liking")
	}
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(filepath.Join("testdata", "tedious"))); err != nil {
		t.Fatal(err)
	}
	install := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--prefer-offline")
	install.Dir = folder
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return tedious{node, folder}
}

// run lets the client work on a job for the server, which is filled in.
func (c tedious) run(t *testing.T, s *sqlservertest.Server, job tediousJob) tediousAnswer {
	t.Helper()
	job.Host, job.Port = s.Addr()
	job.ServerName = "localhost"
	if job.User == "" {
		job.User, job.Password, job.Database = user, password, "CM_PS1"
	}
	in, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), c.node, "client.js")
	cmd.Dir = c.folder
	cmd.Stdin = bytes.NewReader(in)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("node client.js: %v\n%s", err, stderr.Bytes())
	}
	var answer tediousAnswer
	if err := json.Unmarshal(stdout.Bytes(), &answer); err != nil {
		t.Fatalf("%v in %s\n%s", err, stdout.Bytes(), stderr.Bytes())
	}
	if answer.Refused == "" && len(answer.Results) != len(job.Steps) {
		t.Fatalf("%d results for %d statements\n%s", len(answer.Results), len(job.Steps), stderr.Bytes())
	}
	return answer
}

// TestTedious: a third client, which shares no code with the driver and FreeTDS, and is stricter than both.
func TestTedious(t *testing.T) {
	client := newTedious(t)
	t.Run("encryption", func(t *testing.T) { testTediousEncryption(t, client) })
	t.Run("types", func(t *testing.T) { testTediousTypes(t, client) })
	t.Run("parameters", func(t *testing.T) { testTediousParameters(t, client) })
	t.Run("errors", func(t *testing.T) { testTediousErrors(t, client) })
	t.Run("cancel", func(t *testing.T) { testTediousCancel(t, client) })
}

func testTediousEncryption(t *testing.T, client tedious) {
	other := start(t, sqlservertest.On, nil)
	for _, test := range []struct {
		name    string
		server  sqlservertest.Encryption
		encrypt any
		ca      string // "own", "other", or empty: any certificate will do
		tls     string
		refused string // empty if it is served
	}{
		{"plain", sqlservertest.NotSupported, false, "", "", ""},
		{"log-on only", sqlservertest.LoginOnly, false, "", "", ""},
		{"all, any certificate", sqlservertest.On, true, "", "", ""},
		{"all, by the CA", sqlservertest.On, true, "own", "", ""},
		{"all, by another CA", sqlservertest.On, true, "other", "", "certificate"},
		{"required, by the CA", sqlservertest.Required, true, "own", "", ""},
		{"strict, TLS 1.2", sqlservertest.Strict, "strict", "own", "TLSv1.2", ""},
		{"strict, TLS 1.3", sqlservertest.Strict, "strict", "own", "TLSv1.3", ""},
		{"strict, by another CA", sqlservertest.Strict, "strict", "other", "", "certificate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, test.server, sqlservertest.Tables{"rows": numbered(300, "Größe")})
			job := tediousJob{
				Encrypt: test.encrypt, Trust: test.ca == "", TLS: test.tls,
				Steps: []tediousStep{{SQL: "/* siteready: rows */ SELECT id, text FROM t"}},
			}
			if file := map[string]string{"own": s.CAFile(), "other": other.CAFile()}[test.ca]; file != "" {
				pem, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				job.CA = string(pem)
			}
			answer := client.run(t, s, job)
			if test.refused != "" {
				if !strings.Contains(answer.Refused, test.refused) || s.Counts().LogOns != 0 {
					t.Errorf("refused with %q, %+v; want %q", answer.Refused, s.Counts(), test.refused)
				}
				return
			}
			if answer.Refused != "" || answer.Results[0].End != "" || len(answer.Results[0].Rows) != 300 {
				t.Fatalf("the answer is %.2000s", fmt.Sprint(answer))
			}
			if got := answer.Results[0].Rows[299]; !reflect.DeepEqual(got, []any{299.0, "Größe"}) {
				t.Errorf("the last row is %v", got)
			}
		})
	}
}

func testTediousTypes(t *testing.T, client tedious) {
	results := sqlservertest.Tables{}
	var steps []tediousStep
	cases := typeCases()
	for i, c := range cases {
		r := sqlservertest.Result{Columns: []sqlservertest.Column{{"before", "int"}, {"value", c.typ}, {"behind", "int"}}}
		for _, v := range c.in {
			r.Rows = append(r.Rows, []any{1, v, 2}, []any{3, nil, 4})
		}
		name := fmt.Sprintf("type%d", i)
		results[name] = r
		steps = append(steps, tediousStep{SQL: "/* siteready: " + name + " */ SELECT 1"})
	}
	answer := client.run(t, start(t, sqlservertest.NotSupported, results), tediousJob{Encrypt: false, Steps: steps})
	if answer.Refused != "" {
		t.Fatal(answer.Refused)
	}
	for i, c := range cases {
		got := answer.Results[i]
		if got.End != "" || len(got.Rows) != 2*len(c.in) {
			t.Errorf("%s: %d rows, ended with %q", c.typ, len(got.Rows), got.End)
			continue
		}
		for j := range c.in {
			row, empty := got.Rows[2*j], got.Rows[2*j+1]
			if row[0] != 1.0 || row[2] != 2.0 || !reflect.DeepEqual(empty, []any{3.0, nil, 4.0}) || !likeTedious(row[1], c.out[j], c.printed[j]) {
				t.Errorf("%s: got %.100v and %v; want %.100s", c.typ, row, empty, c.printed[j])
			}
		}
	}
}

// likeTedious reports whether a value is what tedious makes of it: numbers are doubles, except bigint, and times have
// milliseconds.
func likeTedious(got, want any, printed string) bool {
	at, isTime := want.(time.Time)
	switch g := got.(type) {
	case bool:
		return want == g
	case float64:
		w, err := strconv.ParseFloat(printed, 64)
		return err == nil && w == g
	case string:
		if !isTime {
			return g == printed
		}
		t, err := time.Parse(time.RFC3339, g)
		return err == nil && t.Sub(at).Abs() < 2*time.Millisecond
	}
	return false
}

func testTediousParameters(t *testing.T, client tedious) {
	s := start(t, sqlservertest.On, sqlservertest.Tables{"count": count(7)})
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	answer := client.run(t, s, tediousJob{Encrypt: true, Trust: true, Steps: []tediousStep{{
		SQL: "/* siteready: count */ SELECT n FROM t WHERE a = @a",
		Parameters: [][3]any{
			{"a", "Int", -5},
			{"b", "NVarChar", "Größe 𝄞"},
			{"c", "Bit", true},
			{"d", "Float", 2.5},
			{"e", "BigInt", "9007199254740993"},
			{"f", "DateTime2", at},
			{"g", "NVarChar", nil},
			{"h", "UniqueIdentifier", "6F9619FF-8B86-D011-B42D-00C04FC964FF"},
		},
	}}})
	if answer.Refused != "" || answer.Results[0].End != "" || !reflect.DeepEqual(answer.Results[0].Rows, [][]any{{"7"}}) {
		t.Fatalf("the answer is %+v", answer)
	}
	var values []any
	for _, p := range s.Received()[len(s.Received())-1].Parameters {
		values = append(values, p.Value)
	}
	want := []any{int64(-5), "Größe 𝄞", true, 2.5, int64(9007199254740993), at, nil, "6F9619FF-8B86-D011-B42D-00C04FC964FF"}
	if !reflect.DeepEqual(values, want) {
		t.Errorf("the server got\n%v\nwant\n%v", values, want)
	}
}

func testTediousErrors(t *testing.T, client tedious) {
	deadlock := numbered(2, "x")
	deadlock.Err = &sqlservertest.Error{Number: 1205, State: 13, Class: 13, Message: "Chosen as the deadlock victim."}
	s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{
		"rows": deadlock, "count": count(7),
		"denied": {Err: &sqlservertest.Error{
			Number: 300, State: 1, Class: 14, Message: "VIEW SERVER STATE permission was denied.",
			Next: &sqlservertest.Error{Number: 297, State: 1, Class: 16, Message: "The user does not have permission."},
		}},
	})
	answer := client.run(t, s, tediousJob{Encrypt: false, Steps: []tediousStep{
		{SQL: "/* siteready: denied */ SELECT 1"},
		{SQL: "/* siteready: rows */ SELECT 1"},
		{SQL: "SELECT name FROM sys.databases"},
		{SQL: "/* siteready: count */ SELECT 1"},
	}})
	if answer.Refused != "" {
		t.Fatal(answer.Refused)
	}
	for i, want := range []struct {
		rows   int
		errors []string
	}{
		{0, []string{"300/1/14 VIEW SERVER STATE permission was denied.", "297/1/16 The user does not have permission."}},
		{2, []string{"1205/13/13 Chosen as the deadlock victim."}},
		{0, []string{"208/1/16 Invalid object name 'SELECT name FROM sys.databases'."}},
		{1, nil},
	} {
		got := answer.Results[i]
		if len(got.Rows) != want.rows || (got.End != "") != (want.errors != nil) || strings.Join(got.Errors, "\n") != strings.Join(want.errors, "\n") {
			t.Errorf("statement %d: got %+v; want %+v", i+1, got, want)
		}
	}
	for _, bad := range []struct{ password, database, want string }{
		{"wrong", "CM_PS1", "Login failed for user 'reader'."},
		{password, "CM_XXX", `Cannot open database "CM_XXX"`},
	} {
		answer := client.run(t, s, tediousJob{User: user, Password: bad.password, Database: bad.database, Encrypt: false})
		if !strings.Contains(answer.Refused, bad.want) {
			t.Errorf("refused with %q; want %q", answer.Refused, bad.want)
		}
	}
}

// testTediousCancel: tedious waits for the acknowledgement in a message of its own, and uses the connection again.
func testTediousCancel(t *testing.T, client tedious) {
	s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"rows": numbered(20_000, strings.Repeat("x", 2000)), "count": count(7)})
	answer := client.run(t, s, tediousJob{Encrypt: false, Steps: []tediousStep{
		{SQL: "/* siteready: rows */ SELECT id, text FROM t", StopAfter: 3}, {SQL: "/* siteready: count */ SELECT 1"},
	}})
	if answer.Refused != "" {
		t.Fatal(answer.Refused)
	}
	if got := answer.Results[0]; got.End != "ECANCEL" || len(got.Rows) == 20_000 {
		t.Errorf("%d rows came, and the end is %q", len(got.Rows), got.End)
	}
	if got := answer.Results[1]; got.End != "" || !reflect.DeepEqual(got.Rows, [][]any{{"7"}}) {
		t.Errorf("the next answer is %+v", got)
	}
	if c := s.Counts(); c.Attentions != 1 || c.Connections != 1 {
		t.Errorf("%+v; want one wish to stop, on one connection", c)
	}
}
