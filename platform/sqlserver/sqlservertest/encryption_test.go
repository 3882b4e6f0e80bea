package sqlservertest_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"siteready/platform/sqlserver/sqlservertest"
)

// wide is s as TDS writes it.
func wide(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// scrambled is a password as LOGIN7 has it.
func scrambled(s string) []byte {
	b := wide(s)
	for i, v := range b {
		b[i] = (v<<4 | v>>4) ^ 0xA5
	}
	return b
}

// TestEncryption looks at the wire: what must be hidden is, and what the mode leaves plain is plain.
func TestEncryption(t *testing.T) {
	const (
		plain     = "all in plain"
		loginOnly = "log-on hidden, requests in plain"
		full      = "all hidden"
	)
	for _, test := range []struct {
		name    string
		server  sqlservertest.Encryption
		encrypt string
		want    string // or the driver's error
	}{
		{"not supported, disable", sqlservertest.NotSupported, "disable", plain},
		{"not supported, false", sqlservertest.NotSupported, "false", plain},
		{"not supported, true", sqlservertest.NotSupported, "true", "server does not support encryption"},
		{"login only, disable", sqlservertest.LoginOnly, "disable", plain},
		{"login only, false", sqlservertest.LoginOnly, "false", loginOnly},
		{"login only, true", sqlservertest.LoginOnly, "true", full},
		{"on, disable", sqlservertest.On, "disable", plain},
		{"on, false", sqlservertest.On, "false", full},
		{"on, true", sqlservertest.On, "true", full},
		// The driver then encrypts all the same, and trusts the system's CAs alone.
		{"required, disable", sqlservertest.Required, "disable", "certificate signed by unknown authority"},
		{"required, false", sqlservertest.Required, "false", full},
		{"required, true", sqlservertest.Required, "true", full},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, test.server, sqlservertest.Tables{"count": count(7)})
			o := options{"encrypt": test.encrypt}
			if test.encrypt != "disable" {
				o["certificate"] = s.CAFile()
				o["TrustServerCertificate"] = "false"
			}
			db, wire := open(t, s, o)
			n, err := queryCount(t.Context(), db, "count")
			switch test.want {
			case plain, loginOnly, full:
				if err != nil || n != 7 {
					t.Fatalf("got %d, %v; want 7", n, err)
				}
			default:
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Fatalf("got %v; want an error with %q", err, test.want)
				}
				if c := s.Counts(); c.LogOns != 0 || c.Refused != 0 || c.Connections == 0 {
					t.Errorf("%+v: want a connection and no log-on", c)
				}
				return
			}
			sent, received := wire.bytes()
			got := full
			secret := bytes.Contains(sent, scrambled(password))
			text := bytes.Contains(sent, wide("SELECT n FROM t"))
			answer := bytes.Contains(received, []byte{0xD1, 8, 7, 0, 0, 0, 0, 0, 0, 0}) // a row with a bigint, 7
			switch {
			case secret && text && answer:
				got = plain
			case !secret && text && answer:
				got = loginOnly
			case secret || text || answer:
				got = "a mixture"
			}
			if got != test.want {
				t.Errorf("got %s; want %s", got, test.want)
			}
		})
	}
}

func TestCertificate(t *testing.T) {
	other := start(t, sqlservertest.Required, nil)
	for _, encrypt := range []string{"false", "true"} {
		t.Run("encrypt="+encrypt, func(t *testing.T) {
			t.Run("trusted without check", func(t *testing.T) {
				s := start(t, sqlservertest.LoginOnly, nil)
				db, _ := open(t, s, options{"encrypt": encrypt, "TrustServerCertificate": "true"})
				if err := db.PingContext(t.Context()); err != nil {
					t.Error(err)
				}
			})
			t.Run("unknown CA", func(t *testing.T) {
				s := start(t, sqlservertest.LoginOnly, nil)
				db, _ := open(t, s, options{"encrypt": encrypt, "TrustServerCertificate": "false", "certificate": other.CAFile()})
				wantRefusal(t, db.PingContext(t.Context()), "certificate signed by unknown authority")
				if s.Counts().LogOns != 0 {
					t.Error("there was a log-on")
				}
			})
			t.Run("wrong name", func(t *testing.T) {
				s := sqlservertest.Start(t, sqlservertest.Config{
					User: user, Password: password, Encryption: sqlservertest.LoginOnly, HostNames: []string{"sql.example", "192.0.2.1"},
				})
				o := options{"database": "", "encrypt": encrypt, "TrustServerCertificate": "false", "certificate": s.CAFile()}
				db, _ := open(t, s, o)
				wantRefusal(t, db.PingContext(t.Context()), "certificate is valid for 192.0.2.1, not 127.0.0.1")
				o["hostNameInCertificate"] = "sql.example"
				db, _ = open(t, s, o)
				if err := db.PingContext(t.Context()); err != nil {
					t.Errorf("under the name in the certificate: %v", err)
				}
			})
		})
	}
}

func wantRefusal(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v; want an error with %q", err, text)
	}
}
