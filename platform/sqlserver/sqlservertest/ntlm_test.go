package sqlservertest_test

import (
	"testing"

	"siteready/platform/sqlserver/sqlservertest"
)

// TestWindowsAuthentication: the driver proves by NTLMv2 that it knows the password, and the server checks the proof.
func TestWindowsAuthentication(t *testing.T) {
	account := &sqlservertest.WindowsAccount{Domain: "CONTOSO", User: "Jörg", Password: "Pässw0rd;'2"}
	for _, encryption := range []struct {
		server  sqlservertest.Encryption
		encrypt string
	}{{sqlservertest.NotSupported, "disable"}, {sqlservertest.LoginOnly, "false"}, {sqlservertest.On, "true"}, {sqlservertest.Strict, "strict"}} {
		s := sqlservertest.Start(t, sqlservertest.Config{
			User: user, Password: password, Encryption: encryption.server, Windows: account,
			Databases: map[string]sqlservertest.Tables{"CM_PS1": {"count": count(7)}},
		})
		for _, test := range []struct {
			name, user, password string
			number               int32 // 0: the log-on is good
		}{
			{"good", `CONTOSO\Jörg`, account.Password, 0},
			{"in other case", `contoso\jörg`, account.Password, 0},
			{"wrong password", `CONTOSO\Jörg`, "wrong", 18452},
			{"no password", `CONTOSO\Jörg`, "", 18452},
			{"wrong user", `CONTOSO\reader`, account.Password, 18452},
			{"wrong domain", `FABRIKAM\Jörg`, account.Password, 18452},
			{"a log-on of SQL Server beside it", user, password, 0},
		} {
			t.Run(encryption.encrypt+", "+test.name, func(t *testing.T) {
				o := options{"user": test.user, "password": test.password, "encrypt": encryption.encrypt}
				if encryption.encrypt != "disable" {
					o["certificate"] = s.CAFile()
				}
				db, _ := open(t, s, o)
				n, err := queryCount(t.Context(), db, "count")
				if test.number != 0 {
					wantError(t, err, test.number)
					return
				}
				if n != 7 || err != nil {
					t.Fatalf("got %d, %v; want 7", n, err)
				}
				all := s.Received()
				if last := all[len(all)-1]; last.User != test.user {
					t.Errorf("the statement came from %s; want %s", last.User, test.user)
				}
			})
		}
	}
}
