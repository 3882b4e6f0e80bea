// As in the program itself, see its main.go.
//go:debug x509negativeserial=1

package sqlserver_test

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"siteready/platform"
	"siteready/platform/sqlserver"
	"siteready/platform/sqlserver/sqlservertest"
)

func TestEncryption(t *testing.T) {
	const (
		refused   = "refused"    // there is no log-on
		clear     = "clear"      // log-on and statement are in the clear
		logOnOnly = "log-on"     // only the log-on is encrypted
		all       = "everything" // and the statement too
	)
	servers := map[string]sqlservertest.Encryption{
		"not supported": sqlservertest.NotSupported,
		"log-on only":   sqlservertest.LoginOnly,
		"on":            sqlservertest.On,
		"required":      sqlservertest.Required,
		"strict":        sqlservertest.Strict,
	}
	tests := map[sqlserver.Encryption]map[string]string{
		"":                  {"not supported": refused, "log-on only": all, "on": all, "required": all, "strict": refused},
		sqlserver.Mandatory: {"not supported": refused, "log-on only": all, "on": all, "required": all, "strict": refused},
		sqlserver.Optional:  {"not supported": clear, "log-on only": logOnOnly, "on": all, "required": all, "strict": refused},
		sqlserver.Disable:   {"not supported": clear, "log-on only": clear, "on": clear, "required": all, "strict": refused},
		sqlserver.Strict:    {"not supported": refused, "log-on only": refused, "on": refused, "required": refused, "strict": all},
	}
	for policy, outcomes := range tests {
		for name, want := range outcomes {
			t.Run(fmt.Sprintf("%s to %s", policy, name), func(t *testing.T) {
				server := start(t, servers[name], nil)
				wire := newTap()
				r := newReader(t, sqlserver.Options{Encryption: policy, CAFile: server.CAFile(), Dial: wire.dial})
				_, err := ask(t, session(t, r), server, one)
				got := refused
				switch {
				case err != nil:
				case wire.carried(user) && wire.carried("SELECT 1 AS may_see"):
					got = clear
				case wire.carried("SELECT 1 AS may_see"):
					got = logOnOnly
				case !wire.carried(user):
					got = all
				}
				if got != want {
					t.Fatalf("encrypted: %s (error %v); want %s", got, err, want)
				}
				if want != refused {
					return
				}
				word, help := "offers no TLS, which --sql-encrypt mandatory demands", "--sql-encrypt"
				switch {
				case policy == sqlserver.Strict:
					word, help = "does not take strict encryption", "--sql-encrypt mandatory"
				case servers[name] == sqlservertest.Strict:
					word, help = "the server closed the connection", "--sql-encrypt strict"
				}
				no := refusal(t, err, platform.ErrUnreachable, word, instance(server))
				if !no.EndsLine || !strings.Contains(no.Help, help) {
					t.Errorf("the refusal is %+v", no)
				}
				if wire.carried(user) {
					t.Error("the user's name went out in the clear")
				}
			})
		}
	}
}

func TestCertificates(t *testing.T) {
	server := start(t, sqlservertest.On, nil)
	other := start(t, sqlservertest.On, nil)
	misnamed := sqlservertest.Start(t, sqlservertest.Config{
		User: user, Password: password, Encryption: sqlservertest.On, HostNames: []string{"sql9.contoso.example"},
		Databases: map[string]sqlservertest.Tables{database: {"one": yes()}},
	})
	otherName := filepath.Join(t.TempDir(), "authority.cer")
	pem, err := os.ReadFile(server.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(otherName, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		server  *sqlservertest.Server
		options sqlserver.Options
		refused string // empty if it must work
	}{
		{"unknown authority", server, sqlserver.Options{}, "unknown authority"},
		{"unknown authority, log-on only", server, sqlserver.Options{Encryption: sqlserver.Optional}, "unknown authority"},
		{"CA file", server, sqlserver.Options{CAFile: server.CAFile()}, ""},
		{"CA file of another extension", server, sqlserver.Options{CAFile: otherName}, ""},
		{"wrong CA file", server, sqlserver.Options{CAFile: other.CAFile()}, "unknown authority"},
		{"wrong name", misnamed, sqlserver.Options{CAFile: misnamed.CAFile()}, "127.0.0.1"},
		{"trusted", misnamed, sqlserver.Options{TrustServerCertificate: true}, ""},
		{"this machine", misnamed, sqlserver.Options{Local: func(host string) bool { return host == "127.0.0.1" }}, ""},
		{"this machine, with another's CA file", misnamed, sqlserver.Options{CAFile: other.CAFile(), Local: func(string) bool { return true }}, "127.0.0.1"},
		{"another machine", misnamed, sqlserver.Options{Local: func(host string) bool { return host == "localhost" }}, "127.0.0.1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := ask(t, session(t, newReader(t, test.options)), test.server, one)
			if test.refused == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			no := refusal(t, err, platform.ErrUnreachable, "certificate is not trusted", test.refused)
			help := "--sql-ca"
			if test.refused == "127.0.0.1" { // it is another's
				help = "--sql-server SERVER"
			}
			if !no.EndsLine || !strings.Contains(no.Help, help) || !strings.Contains(no.Help, "--sql-trust-server-certificate") {
				t.Errorf("the help is %q", no.Help)
			}
		})
	}
	t.Run("local by default", func(t *testing.T) {
		r, err := sqlserver.New(sqlserver.Options{User: user, Password: password})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := ask(t, session(t, r), misnamed, one); err != nil {
			t.Error(err)
		}
	})
}

// What is wrong with a certificate is told, with what helps against that. The one that SQL Server
// makes for itself is taken where nothing is verified, whatever its number.
func TestOddCertificates(t *testing.T) {
	tests := []struct {
		name        string
		certificate sqlservertest.Certificate
		server      sqlservertest.Encryption
		options     sqlserver.Options
		refused     string // empty if it must work
		help        string
	}{
		{name: "made by itself, trusted", certificate: sqlservertest.OwnMade, options: sqlserver.Options{TrustServerCertificate: true}},
		{name: "made by itself, this machine", certificate: sqlservertest.OwnMade, options: sqlserver.Options{Local: func(string) bool { return true }}},
		{name: "made by itself, this machine, log-on only", certificate: sqlservertest.OwnMade, options: sqlserver.Options{Local: func(string) bool { return true }, Encryption: sqlserver.Optional}},
		{name: "made by itself", certificate: sqlservertest.OwnMade, options: sqlserver.Options{CAFile: "own"}, refused: "certificate is not trusted: x509: ", help: "--sql-server SERVER"},
		{name: "named in its subject alone", certificate: sqlservertest.NamedInSubject, options: sqlserver.Options{CAFile: "own"}, refused: "certificate is not trusted: x509: ", help: "alternative name"},
		{name: "ended", certificate: sqlservertest.Ended, options: sqlserver.Options{CAFile: "own"}, refused: "certificate is not trusted: x509: certificate has expired or is not yet valid: it is after 20", help: "Give SQL Server a certificate that is valid now"},
		{name: "ended, this machine", certificate: sqlservertest.Ended, options: sqlserver.Options{Local: func(string) bool { return true }}},
		{
			name: "ended, strict", certificate: sqlservertest.Ended, server: sqlservertest.Strict,
			options: sqlserver.Options{CAFile: "own", Encryption: sqlserver.Strict}, refused: "certificate is not trusted: x509: certificate has expired or is not yet valid: it is after 20", help: "Give SQL Server a certificate that is valid now",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.server == sqlservertest.NotSupported {
				test.server = sqlservertest.LoginOnly
			}
			server := sqlservertest.Start(t, sqlservertest.Config{
				User: user, Password: password, Encryption: test.server, Certificate: test.certificate,
				Databases: map[string]sqlservertest.Tables{database: {"one": yes()}},
			})
			if test.options.CAFile != "" {
				test.options.CAFile = server.CAFile()
			}
			_, err := ask(t, session(t, newReader(t, test.options)), server, one)
			if test.refused == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			no := refusal(t, err, platform.ErrUnreachable, test.refused)
			if !no.EndsLine || !strings.Contains(no.Help, test.help) || strings.Contains(no.Help, "trust-server") == (test.options.Encryption == sqlserver.Strict) {
				t.Errorf("the help is %q", no.Help)
			}
			if strings.Contains(no.Cause, "current time") {
				t.Errorf("the cause differs with each run: %s", no.Cause)
			}
		})
	}
}

func TestStrict(t *testing.T) {
	server := start(t, sqlservertest.Strict, nil)
	tests := []struct {
		name    string
		options sqlserver.Options
		refused string
		help    string
	}{
		{"CA file", sqlserver.Options{CAFile: server.CAFile()}, "", ""},
		{"unknown authority", sqlserver.Options{}, "certificate is not trusted", "--sql-ca"},
		{"this machine", sqlserver.Options{Local: func(string) bool { return true }}, "certificate is not trusted", "--sql-ca"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wire := newTap()
			test.options.Encryption, test.options.Dial = sqlserver.Strict, wire.dial
			_, err := ask(t, session(t, newReader(t, test.options)), server, one)
			if wire.carried(user) || wire.carried("SELECT 1 AS may_see") {
				t.Error("something went out in the clear")
			}
			if test.refused == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if no := refusal(t, err, platform.ErrUnreachable, test.refused); !no.EndsLine || !strings.Contains(no.Help, test.help) {
				t.Errorf("the refusal is %+v", no)
			}
		})
	}
}

// A server without TLS 1.2 is told from one whose certificate is bad or that offers no TLS.
func TestOldTLS(t *testing.T) {
	for version, old := range map[uint16]bool{tls.VersionTLS10: true, tls.VersionTLS11: true, tls.VersionTLS12: false} {
		for policy, encryption := range map[sqlserver.Encryption]sqlservertest.Encryption{
			sqlserver.Strict: sqlservertest.Strict, sqlserver.Mandatory: sqlservertest.On, sqlserver.Optional: sqlservertest.LoginOnly,
		} {
			t.Run(fmt.Sprintf("%s, %s", tls.VersionName(version), policy), func(t *testing.T) {
				server := sqlservertest.Start(t, sqlservertest.Config{
					User: user, Password: password, Encryption: encryption, NewestTLS: version,
					Databases: map[string]sqlservertest.Tables{database: {"one": yes()}},
				})
				wire := newTap()
				_, err := ask(t, session(t, newReader(t, sqlserver.Options{Encryption: policy, CAFile: server.CAFile(), Dial: wire.dial})), server, one)
				if wire.carried(user) {
					t.Error("the user's name went out in the clear")
				}
				if !old {
					if err != nil {
						t.Error(err)
					}
					return
				}
				if no := refusal(t, err, platform.ErrUnreachable, "versions of TLS older than 1.2"); !no.EndsLine || !strings.Contains(no.Help, "Enable TLS 1.2") {
					t.Errorf("the refusal is %+v", no)
				}
			})
		}
	}
}

// A user with a domain logs on as a Windows account, by NTLM here, in every mode, also beside
// databases that refuse it; a wrong password is tried once.
func TestWindowsAccount(t *testing.T) {
	account := sqlservertest.WindowsAccount{Domain: "CONTOSO", User: "Jörg", Password: password}
	for policy, encryption := range map[sqlserver.Encryption]sqlservertest.Encryption{
		sqlserver.Strict: sqlservertest.Strict, sqlserver.Mandatory: sqlservertest.On,
		sqlserver.Optional: sqlservertest.LoginOnly, sqlserver.Disable: sqlservertest.NotSupported,
	} {
		t.Run(string(policy), func(t *testing.T) {
			server := sqlservertest.Start(t, sqlservertest.Config{
				Encryption: encryption, Windows: &account, Databases: map[string]sqlservertest.Tables{database: {"one": yes()}},
			})
			wire := newTap()
			options := sqlserver.Options{User: `CONTOSO\Jörg`, Password: password, Encryption: policy, CAFile: server.CAFile(), Dial: wire.dial}
			if rows, err := ask(t, session(t, newReader(t, options)), server, one); len(rows) != 1 || err != nil {
				t.Errorf("%d rows, %v", len(rows), err)
			}
			if got := server.Received(); got[len(got)-1].User != options.User || wire.carried(password) {
				t.Errorf("%s asked, or the password was sent", got[len(got)-1].User)
			}
			options.Password = "Wr0ng-" + password
			s := session(t, newReader(t, options))
			for range 2 {
				_, err := ask(t, s, server, one)
				if no := refusal(t, err, platform.ErrDenied, "refused the log-on (error 18452)"); !no.EndsLine || no.Help == "" {
					t.Errorf("the refusal is %+v", no)
				}
			}
			if n := server.Counts().Refused; n != 1 {
				t.Errorf("%d log-ons were refused; want one", n)
			}
		})
	}
}
