//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"siteready/checks/catalog"
	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/platform/sqlserver/sqlservertest"
	"siteready/report"
)

var update = flag.Bool("update", false, "write what the scripts compare anew")

// TestMain makes the test binary the program itself when it is called siteready.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"siteready": main})
}

// The scripts run the whole program in a process of its own. They hold where a live run
// reads SQL Server alone, which is everywhere but on Windows.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata",
		UpdateScripts:      *update,
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Values[theScript] = &script{TB: env.T().(testing.TB)}
			env.Setenv("GORACE", "atexit_sleep_ms=0")                       // a second for each program that ends with 0
			env.Setenv("CHECKS", strconv.Itoa(len(catalog.All().Checks()))) // so that new checks break no script
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":      cmdExits,
			"site":       cmdSite,
			"fakesql":    cmdFakeSQL,
			"sqlgone":    cmdSQLGone,
			"sqlsilent":  cmdSQLSilent,
			"sqllogons":  cmdSQLLogOns,
			"report":     cmdReport,
			"canonical":  cmdCanonical,
			"files":      cmdFiles,
			"sqlprinted": cmdSQLPrinted,
			"expand":     cmdExpand,
			"mailserver": cmdMailServer,
			"mail":       cmdMail,
			"webserver":  cmdWebServer,
			"post":       cmdPost,
		},
	})
}

// Ctrl-C reaches the program, which then reports what it knows.
func TestCtrlC(t *testing.T) {
	server := listenSilently(t)
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "siteready", "--sql-server", server.address, "--database", "CM_P01", "--sql-user", scriptUser)
	cmd.Env = append(os.Environ(), passwordVariable+"="+scriptPassword)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-server.connected:
	case err := <-ended:
		t.Fatalf("it ended without SQL Server: %v\n%s", err, &stderr)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-ended
	if code := cmd.ProcessState.ExitCode(); code != 3 {
		t.Errorf("exit code %d, wanted 3: %v", code, cmd.ProcessState)
	}
	if !strings.Contains(stdout.String(), "The run ended early: interrupted.") || stderr.Len() > 0 {
		t.Errorf("%s\n%s", &stdout, &stderr)
	}
}

type scriptKey int

// theScript is the key of a script's own values.
const theScript scriptKey = 0

// script is what the commands of one script share.
type script struct {
	testing.TB
	sql *sqlservertest.Server
	toldBy
}

func of(ts *testscript.TestScript) *script { return ts.Value(theScript).(*script) }

// wants ends a script that uses a command wrongly. No command can be negated.
func wants(ts *testscript.TestScript, neg, right bool, usage string) {
	if neg || !right {
		ts.Fatalf("usage: %s", usage)
	}
}

// exits CODE PROGRAM [ARG...] runs a program that must end with this exit code.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, len(args) >= 2, "exits CODE PROGRAM [ARG...]")
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%s: %v", args[1], err)
		}
		code = exit.ExitCode()
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, wanted %s", code, args[0])
	}
}

// constructed is testdata/sites/NAME.yaml with an edit in YAML over it.
func constructed(ts *testscript.TestScript, name string, edit []string) *platformtest.Site {
	tree, err := platformtest.Load("../..", name)
	ts.Check(err)
	for _, file := range edit {
		var changes map[string]any
		ts.Check(yaml.Unmarshal([]byte(ts.ReadFile(file)), &changes))
		tree = platformtest.Edit(tree, changes)
	}
	s, err := platformtest.New(tree)
	ts.Check(err)
	return s
}

// site [-denied] NAME FILE [EDIT] records a constructed site as `siteready record` does. With
// -denied every question is refused.
func cmdSite(ts *testscript.TestScript, neg bool, args []string) {
	denied := len(args) > 0 && args[0] == "-denied"
	if denied {
		args = args[1:]
	}
	wants(ts, neg, len(args) == 2 || len(args) == 3, "site [-denied] NAME FILE [EDIT]")
	s := constructed(ts, args[0], args[2:])
	var reader platform.Reader = s
	if denied {
		reader = platformtest.Refusing(s, platform.ErrDenied, func(platform.Question) bool { return true })
	}
	text, err := recorded(of(ts).Context(), s, reader)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o600))
}

// scriptUser and scriptPassword are the log-on of fakesql.
const (
	scriptUser     = "siteready"
	scriptPassword = "Planted-5ecret;'1"
)

// fakesql NAME [EDIT] starts a SQL Server with the databases of a constructed site. It is at
// $SQLSERVER, and at $SQLELSEWHERE, which siteready does not know for this machine. $SQLCA is
// its authority; the log-on is $SQLUSER with the password where siteready looks for it.
func cmdFakeSQL(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, len(args) == 1 || len(args) == 2, "fakesql NAME [EDIT]")
	databases, err := tables(constructed(ts, args[0], args[1:]))
	ts.Check(err)
	server := sqlservertest.Start(of(ts), sqlservertest.Config{
		User: scriptUser, Password: scriptPassword, Encryption: sqlservertest.Required, Databases: databases,
		HostNames: []string{"127.0.0.1", "0.0.0.0"},
	})
	of(ts).sql = server
	host, port := server.Addr()
	ts.Setenv("SQLSERVER", fmt.Sprintf("%s,%d", host, port))
	ts.Setenv("SQLELSEWHERE", fmt.Sprintf("0.0.0.0,%d", port)) // a dialer takes it for this machine
	ts.Setenv("SQLCA", server.CAFile())
	ts.Setenv("SQLUSER", scriptUser)
	ts.Setenv(passwordVariable, scriptPassword)
}

// sqlgone ends the SQL Server as if its machine were gone.
func cmdSQLGone(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, len(args) == 0, "sqlgone")
	of(ts).sql.Close()
}

// sqlsilent listens at $SQLSERVER without ever answering.
func cmdSQLSilent(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, len(args) == 0, "sqlsilent")
	ts.Setenv("SQLSERVER", listenSilently(of(ts)).address)
	ts.Setenv("SQLUSER", scriptUser)
	ts.Setenv(passwordVariable, scriptPassword)
}

// sqllogons TAKEN REFUSED counts the log-ons at the SQL Server so far. A TAKEN of some is any
// number above 0.
func cmdSQLLogOns(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, len(args) == 2, "sqllogons TAKEN REFUSED")
	counts := of(ts).sql.Counts()
	taken := strconv.Itoa(counts.LogOns)
	if args[0] == "some" && counts.LogOns > 0 {
		taken = "some"
	}
	if refused := strconv.Itoa(counts.Refused); taken != args[0] || refused != args[1] {
		ts.Fatalf("SQL Server took %d log-ons and refused %d", counts.LogOns, counts.Refused)
	}
}

// sqlprinted FILE checks that FILE holds, word for word, all that the SQL Server was sent.
func cmdSQLPrinted(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, len(args) == 1, "sqlprinted FILE")
	printed, received := ts.ReadFile(args[0]), of(ts).sql.Received()
	if len(received) < 5 {
		ts.Fatalf("SQL Server was sent only %d statements", len(received))
	}
	for _, statement := range received {
		name, text, named := strings.Cut(strings.TrimPrefix(statement.Text, "/* siteready: "), " */ ")
		if !named {
			name, text = "is first sent", statement.Text
		}
		if !strings.Contains(printed, name) || !strings.Contains(printed, text) {
			ts.Fatalf("%s does not print %s", args[0], statement.Text)
		}
	}
}

// expand FILE puts the values of variables in the place of ${NAME}.
func cmdExpand(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, len(args) == 1, "expand FILE")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(os.Expand(ts.ReadFile(args[0]), ts.Getenv)), 0o600))
}

// readReport reads a file that must be one whole report in JSON, and nothing else.
func readReport(ts *testscript.TestScript, file string) report.Report {
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(file)))
	d.DisallowUnknownFields()
	var r report.Report
	if err := d.Decode(&r); err != nil {
		ts.Fatalf("%s is no report: %v", file, err)
	}
	if rest, err := io.ReadAll(d.Buffered()); err != nil || len(bytes.TrimSpace(rest)) > 0 {
		ts.Fatalf("%s has more than a report: %.200q %v", file, rest, err)
	}
	return r
}

// report FILE [NAME=VALUE...] checks that a file, or stdout, is one whole report in JSON with
// these values: verdict, exit, a count, causes, or the status of a check by its id.
func cmdReport(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, len(args) >= 1, "report FILE [NAME=VALUE...]")
	r := readReport(ts, args[0])
	found := map[string]string{
		"verdict": string(r.Verdict), "exit": strconv.Itoa(r.Exit.Code), "stopped": r.Stopped,
		"role": string(r.Subject.Role), "source": r.Source.Kind, "file": r.Source.File, "target": r.Target.Version,
	}
	for name, n := range map[string]int{
		"failed": r.Counts.Failed, "waived": r.Counts.Waived, "warning": r.Counts.Warning, "unknown": r.Counts.Unknown, "passed": r.Counts.Passed,
		"not_applicable": r.Counts.NotApplicable, "not_selected": r.Counts.NotSelected, "total": r.Counts.Total,
		"causes": len(r.Causes), "checks": len(r.Checks),
	} {
		found[name] = strconv.Itoa(n)
	}
	for _, c := range r.Checks {
		found[c.ID] = c.Status
	}
	for _, arg := range args[1:] {
		name, want, _ := strings.Cut(arg, "=")
		got, known := found[name]
		if !known {
			ts.Fatalf("a report has no %q; it has %s", name, strings.Join(slices.Sorted(maps.Keys(found)), ", "))
		}
		if got != want {
			ts.Fatalf("%s is %q, wanted %q", name, got, want)
		}
	}
}

// canonical A B compares two reports in JSON without what must differ between two runs.
func cmdCanonical(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, len(args) == 2, "canonical A B")
	var both [2]report.Report
	for i, file := range args {
		both[i] = readReport(ts, file).Canonical()
		both[i].ReadAt, both[i].JudgedFor, both[i].ValidUntil = time.Time{}, time.Time{}, time.Time{} // each run has its own
	}
	if diff := cmp.Diff(both[0], both[1]); diff != "" {
		ts.Fatalf("the reports differ (- %s, + %s):\n%s", args[0], args[1], diff)
	}
}

// files FOLDER [NAME...] checks that a folder holds these files and no others.
func cmdFiles(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, len(args) >= 1, "files FOLDER [NAME...]")
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if want := slices.Sorted(slices.Values(args[1:])); !slices.Equal(names, want) {
		ts.Fatalf("%s holds %q, wanted %q", args[0], names, want)
	}
}
