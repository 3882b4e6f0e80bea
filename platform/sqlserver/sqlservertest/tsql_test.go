package sqlservertest_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"siteready/platform/sqlserver/sqlservertest"
)

// tsql runs FreeTDS's client, which shares no code with the driver, on lines of input. settings go into its configuration.
// It returns both outputs and the exit code.
func tsql(t *testing.T, s *sqlservertest.Server, secret, database, settings string, lines ...string) (stdout, stderr string, exit int) {
	t.Helper()
	path, err := exec.LookPath("tsql")
	if err != nil {
		t.Fatal("tsql is missing: install the Debian package freetds-bin, whose client checks that this server is not just to the driver's liking")
	}
	host, port := s.Addr()
	dir := t.TempDir()
	conf := filepath.Join(dir, "freetds.conf")
	text := fmt.Sprintf("[fake]\nhost = %s\nport = %d\ntds version = 7.4\nclient charset = UTF-8\ntext size = 1000000\nconnect timeout = 20\ntimeout = 20\n%s\n", host, port, settings)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, "-S", "fake", "-U", user, "-P", secret, "-D", database, "-o", "q")
	cmd.Env = append(os.Environ(), "FREETDSCONF="+conf, "FREETDS="+conf, "HOME="+dir, "LC_ALL=C.UTF-8")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var code *exec.ExitError
	if err != nil && !errors.As(err, &code) {
		t.Fatalf("running tsql: %v", err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestTsqlEncryption(t *testing.T) {
	other := start(t, sqlservertest.NotSupported, nil)
	const served, refused = true, false
	for _, test := range []struct {
		server     sqlservertest.Encryption
		encryption string
		ca         string // "": any certificate will do
		want       bool
	}{
		{sqlservertest.NotSupported, "off", "", served},
		{sqlservertest.NotSupported, "request", "", served},
		{sqlservertest.NotSupported, "require", "", refused},
		{sqlservertest.LoginOnly, "off", "", served},
		{sqlservertest.LoginOnly, "request", "", served},
		{sqlservertest.LoginOnly, "request", "own", served},
		{sqlservertest.LoginOnly, "request", "other", refused},
		{sqlservertest.LoginOnly, "require", "", served},
		{sqlservertest.LoginOnly, "require", "own", served},
		{sqlservertest.LoginOnly, "require", "other", refused},
		{sqlservertest.On, "off", "", served},
		{sqlservertest.On, "request", "own", served},
		{sqlservertest.On, "require", "own", served},
		{sqlservertest.Required, "request", "own", served},
		{sqlservertest.Required, "require", "own", served},
		{sqlservertest.Required, "require", "other", refused},
	} {
		t.Run(fmt.Sprintf("%d %s %s", test.server, test.encryption, test.ca), func(t *testing.T) {
			s := start(t, test.server, sqlservertest.Tables{"rows": numbered(300, "Größe")})
			settings := "encryption = " + test.encryption + "\n"
			switch test.ca {
			case "own":
				settings += "ca file = " + s.CAFile() + "\n"
			case "other":
				settings += "ca file = " + other.CAFile() + "\n"
			}
			stdout, stderr, exit := tsql(t, s, password, "CM_PS1", settings, "/* siteready: rows */ SELECT id, text FROM t", "go", "quit")
			if !test.want {
				if exit == 0 || s.Counts().LogOns != 0 {
					t.Errorf("exit %d, %+v; want a refusal:\n%s%s", exit, s.Counts(), stdout, stderr)
				}
				return
			}
			if exit != 0 || strings.Count(stdout, "Größe") != 300 || !strings.Contains(stdout, "299\tGröße\n") {
				t.Errorf("exit %d; want 300 rows:\n%.2000s%s", exit, stdout, stderr)
			}
			// Before its first statement FreeTDS sets the size of texts.
			if got := s.Received(); len(got) != 2 || got[0].Name != "" || got[1].Name != "rows" || got[1].Application != "TSQL" || got[1].User != user {
				t.Errorf("recorded %+v", got)
			}
		})
	}
}

func TestTsqlRefusals(t *testing.T) {
	for _, encryption := range []string{"off", "request", "require"} {
		s := start(t, sqlservertest.LoginOnly, nil)
		_, stderr, exit := tsql(t, s, "wrong", "CM_PS1", "encryption = "+encryption)
		if exit == 0 || !strings.Contains(stderr, "Msg 18456 (severity 14, state 1)") || !strings.Contains(stderr, "Login failed for user 'reader'.") {
			t.Errorf("wrong password, encryption %s: exit %d:\n%s", encryption, exit, stderr)
		}
		_, stderr, exit = tsql(t, s, password, "CM_XXX", "encryption = "+encryption)
		if exit == 0 || !strings.Contains(stderr, "Msg 4060 (severity 11, state 1)") || !strings.Contains(stderr, `Cannot open database "CM_XXX"`) {
			t.Errorf("unknown database, encryption %s: exit %d:\n%s", encryption, exit, stderr)
		}
		if c := s.Counts(); c.Refused < 2 || c.LogOns != 0 {
			t.Errorf("encryption %s: %+v; want two refusals", encryption, c)
		}
	}
}

func TestTsqlTypes(t *testing.T) {
	results := sqlservertest.Tables{}
	var script, want []string
	for i, c := range typeCases() {
		r := sqlservertest.Result{Columns: []sqlservertest.Column{{"before", "int"}, {"value", c.typ}, {"behind", "int"}}}
		want = append(want, "before\tvalue\tbehind")
		for j, v := range c.in {
			r.Rows = append(r.Rows, []any{1, v, 2}, []any{3, nil, 4})
			want = append(want, "1\t"+c.printed[j]+"\t2", "3\tNULL\t4")
		}
		name := fmt.Sprintf("type%d", i)
		results[name] = r
		script = append(script, "/* siteready: "+name+" */ SELECT 1", "go")
	}
	s := start(t, sqlservertest.NotSupported, results)
	stdout, stderr, exit := tsql(t, s, password, "CM_PS1", "", append(script, "quit")...)
	got := strings.Split(strings.TrimSpace(stdout), "\n")
	if exit != 0 || len(got) != len(want) {
		t.Fatalf("exit %d, %d lines; want %d:\n%.2000s%s", exit, len(got), len(want), stdout, stderr)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d: got %.200q; want %.200q", i+1, got[i], want[i])
		}
	}
}

// TestTsqlErrors: results in a row, an error after rows, two errors, and an unknown statement, on one connection.
func TestTsqlErrors(t *testing.T) {
	deadlock := numbered(2, "x")
	deadlock.Err = &sqlservertest.Error{Number: 1205, State: 13, Class: 13, Message: "Chosen as the deadlock victim."}
	second := &sqlservertest.Error{Number: 297, State: 1, Class: 16, Message: "The user does not have permission to perform this action."}
	s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{
		"rows": deadlock, "one": count(11), "two": count(22),
		"denied": {Err: &sqlservertest.Error{Number: 300, State: 1, Class: 14, Message: "VIEW SERVER STATE permission was denied.", Next: second}},
	})
	stdout, stderr, _ := tsql(t, s, password, "CM_PS1", "",
		"/* siteready: denied */ SELECT 1", "go",
		"/* siteready: one */ SELECT 1; /* siteready: two */ SELECT 2", "go",
		"/* siteready: rows */ SELECT 1", "go",
		"SELECT name FROM sys.databases", "go",
		"/* siteready: one */ SELECT 1", "go", "quit")
	if want := "n\n11\nn\n22\nid\ttext\n0\tx\n1\tx\nn\n11\n"; stdout != want {
		t.Errorf("got\n%s\nwant\n%s", stdout, want)
	}
	last := 0
	for _, want := range []string{
		"Msg 300 (severity 14, state 1)", "Msg 297 (severity 16, state 1)", "Msg 1205 (severity 13, state 13)",
		"Msg 208 (severity 16, state 1)", "Invalid object name 'SELECT name FROM sys.databases'.",
	} {
		at := strings.Index(stderr, want)
		if at < last {
			t.Errorf("%q is missing, or not in its place:\n%s", want, stderr)
		}
		last = max(at, last)
	}
}
