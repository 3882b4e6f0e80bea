package sqlserver_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"siteready/platform"
	"siteready/platform/sqlserver"
	"siteready/platform/sqlserver/sqlservertest"
)

// Each reason why a SQL Server cannot be asked has a cause of its own, and names the flag or the
// grant that helps.
func TestEachCauseHasItsHelp(t *testing.T) {
	objects := platform.SQL[proofRow]("objects", "SELECT s.SiteCode AS site, dbo.fnGetSiteCode() AS own, 1 AS may_see FROM dbo.v_Site s")
	failure := func(number int32, message string) sqlservertest.Tables {
		return sqlservertest.Tables{"objects": {Err: &sqlservertest.Error{Number: number, State: 1, Class: 14, Message: message}}}
	}
	missing := func(all ...sqlservertest.Missing) sqlservertest.Tables {
		return sqlservertest.Tables{"objects": {Missing: all}}
	}
	unknown := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "sql1.invalid", IsNotFound: true}}
	}
	// The Browser, in a TCP connection's place: it answers nothing, or names another instance.
	browser := func(listing string) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, _, _ string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				defer server.Close()
				b := make([]byte, 64)
				if _, err := server.Read(b); err == nil && listing != "" {
					_, _ = server.Write(append([]byte{5, byte(len(listing)), 0}, listing...))
					return
				}
				<-ctx.Done()
			}()
			return client, nil
		}
	}
	tests := []struct {
		name    string
		server  sqlservertest.Config
		options sqlserver.Options
		on      string // instead of the server
		reason  error
		cause   string
		help    string
	}{
		{name: "untrusted certificate", options: sqlserver.Options{CAFile: "none"}, reason: platform.ErrUnreachable, cause: "its certificate is not trusted", help: "--sql-ca"},
		{
			name: "certificate of another name", server: sqlservertest.Config{HostNames: []string{"sql9.contoso.example"}},
			reason: platform.ErrUnreachable, cause: "is not trusted: x509: cannot validate certificate for 127.0.0.1", help: "--sql-trust-server-certificate",
		},
		{name: "no TLS", server: sqlservertest.Config{Encryption: sqlservertest.NotSupported}, reason: platform.ErrUnreachable, cause: "offers no TLS, which --sql-encrypt mandatory demands", help: "--sql-encrypt"},
		{name: "old TLS", server: sqlservertest.Config{NewestTLS: tls.VersionTLS11}, reason: platform.ErrUnreachable, cause: "offers only versions of TLS older than 1.2", help: "Enable TLS 1.2"},
		{name: "strict server", server: sqlservertest.Config{Encryption: sqlservertest.Strict}, reason: platform.ErrUnreachable, cause: "the server closed the connection", help: "--sql-encrypt strict"},
		{name: "strict client", options: sqlserver.Options{Encryption: sqlserver.Strict}, reason: platform.ErrUnreachable, cause: "does not take strict encryption", help: "--sql-encrypt mandatory"},
		{name: "log-on", options: sqlserver.Options{User: user, Password: "Wr0ng"}, reason: platform.ErrDenied, cause: "refused the log-on (error 18456)", help: "--sql-user"},
		{
			name: "right to a table", server: sqlservertest.Config{Databases: map[string]sqlservertest.Tables{database: failure(229, "The SELECT permission was denied on the object 'v_Site'.")}},
			reason: platform.ErrDenied, cause: "refuses this account something to read (error 229): The SELECT", help: "Grant the account SELECT",
		},
		{
			name: "right to a function", server: sqlservertest.Config{Databases: map[string]sqlservertest.Tables{database: failure(229, "The EXECUTE permission was denied on the object 'fnGetSiteCode'.")}},
			reason: platform.ErrDenied, cause: "refuses this account something to read (error 229): The EXECUTE", help: "EXECUTE",
		},
		{
			name: "right to the server's state", server: sqlservertest.Config{Databases: map[string]sqlservertest.Tables{database: failure(300, "VIEW SERVER STATE permission was denied.")}},
			reason: platform.ErrDenied, cause: "refuses this account its state (error 300)", help: "VIEW SERVER PERFORMANCE STATE",
		},
		{
			name: "right to another database", server: sqlservertest.Config{Databases: map[string]sqlservertest.Tables{database: failure(916, "Not msdb.")}},
			reason: platform.ErrDenied, cause: "refuses this account another database (error 916)", help: "Map the account to a user",
		},
		{
			name: "right of another kind", server: sqlservertest.Config{Databases: map[string]sqlservertest.Tables{database: failure(15247, "User does not have permission to perform this action.")}},
			reason: platform.ErrDenied, cause: "refuses this account something (error 15247)", help: "Grant the account the right",
		},
		{
			name: "replica for no reading", server: sqlservertest.Config{LogOn: &sqlservertest.Error{Number: 976, State: 1, Class: 14, Message: "The target database is not accessible for queries."}},
			reason: platform.ErrDenied, cause: "is a replica that cannot be read now (error 976)", help: "listener of the availability group",
		},
		{
			name: "database in a restore", server: sqlservertest.Config{LogOn: &sqlservertest.Error{Number: 927, State: 2, Class: 14, Message: "It is in the middle of a restore."}},
			reason: platform.ErrDenied, cause: "a database is not online (error 927)", help: "online",
		},
		{
			name: "log-on that a trigger refuses", server: sqlservertest.Config{LogOn: &sqlservertest.Error{Number: 17892, State: 1, Class: 14, Message: "Logon failed for login 'reader' due to trigger execution."}},
			reason: platform.ErrDenied, cause: "refused the log-on (error 17892)", help: "--sql-user",
		},
		{name: "no such database", server: sqlservertest.Config{Databases: map[string]sqlservertest.Tables{"CM_OTHER": nil}}, reason: platform.ErrDenied, cause: "cannot be opened", help: "--database"},
		{
			name: "missing object", server: sqlservertest.Config{Databases: map[string]sqlservertest.Tables{database: missing(sqlservertest.Missing{Object: "dbo.v_Site"})}},
			reason: platform.ErrAbsent, cause: "has no dbo.v_Site", help: "--database",
		},
		{
			name: "missing column", server: sqlservertest.Config{Databases: map[string]sqlservertest.Tables{database: missing(sqlservertest.Missing{Object: "dbo.v_Site", Column: "SiteCode"})}},
			reason: platform.ErrUnsupported, cause: "has no column SiteCode in dbo.v_Site", help: "build",
		},
		{
			name: "object that may be hidden", server: sqlservertest.Config{Databases: map[string]sqlservertest.Tables{database: missing(sqlservertest.Missing{Object: "dbo.v_Site", Hidden: true})}},
			reason: platform.ErrDenied, cause: "missing or only hidden", help: "VIEW DEFINITION",
		},
		{name: "wrong database", server: sqlservertest.Config{Databases: map[string]sqlservertest.Tables{database: {}}}, reason: platform.ErrUnsupported, cause: "does not look like the database of a site", help: "--sql-server and --database"},
		{name: "unknown name", options: sqlserver.Options{Dial: unknown}, on: "sql1.invalid", reason: platform.ErrUnreachable, cause: "the name sql1.invalid cannot be resolved", help: "--sql-server"},
		{
			name: "silent Browser", options: sqlserver.Options{Dial: browser(""), ConnectLimit: 200 * time.Millisecond}, on: `127.0.0.1\MECM`,
			reason: platform.ErrUnreachable, cause: "did not answer on UDP port 1434", help: `--sql-server SERVER\INSTANCE,PORT`,
		},
		{
			name: "Browser that knows others", options: sqlserver.Options{Dial: browser("ServerName;SQL1;InstanceName;OTHER;IsClustered;No;Version;16.0.1000.6;tcp;1433;;"), ConnectLimit: 200 * time.Millisecond},
			on: `127.0.0.1\MECM`, reason: platform.ErrUnreachable, cause: "knows no instance MECM", help: `--sql-server SERVER\INSTANCE,PORT`,
		},
		{name: "nobody there", on: "closed", reason: platform.ErrUnreachable, cause: "refused the connection", help: "--sql-server SERVER,PORT"},
		{name: "silence", on: "silent", options: sqlserver.Options{ConnectLimit: 200 * time.Millisecond}, reason: platform.ErrUnreachable, cause: "completed no log-on within 200ms", help: "--sql-server SERVER,PORT"},
	}
	told := map[string]string{}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.server.User, test.server.Password = user, password
			if test.server.Encryption == sqlservertest.NotSupported && test.name != "no TLS" {
				test.server.Encryption = sqlservertest.On
			}
			if test.server.Databases == nil {
				test.server.Databases = map[string]sqlservertest.Tables{database: {"objects": yes()}}
			}
			server := sqlservertest.Start(t, test.server)
			on := instance(server)
			switch test.on {
			case "":
			case "closed":
				server.Close()
			case "silent":
				on = silent(t)
			default:
				on = test.on
			}
			switch test.options.CAFile {
			case "":
				test.options.CAFile = server.CAFile()
			case "none":
				test.options.CAFile = ""
			}
			_, err := platform.Ask(t.Context(), session(t, newReader(t, test.options)), objects.In(on, database))
			no := refusal(t, err, test.reason, test.cause, on)
			if !strings.Contains(no.Help, test.help) {
				t.Errorf("the help is %q; want %q in it", no.Help, test.help)
			}
			if strings.ContainsAny(no.Cause, "\r\n") {
				t.Errorf("the cause has several lines: %q", no.Cause)
			}
			cause := strings.ReplaceAll(no.Cause, fmt.Sprint(strings.TrimPrefix(on, "127.0.0.1,")), "PORT")
			if other, twice := told[cause]; twice {
				t.Errorf("%s is told like %s: %s", test.name, other, cause)
			}
			told[cause] = test.name
		})
	}
}
