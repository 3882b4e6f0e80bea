package sqlservertest_test

import (
	"encoding/binary"
	"io"
	"strings"
	"testing"

	"siteready/platform/sqlserver/sqlservertest"
)

func TestLogOn(t *testing.T) {
	s := start(t, sqlservertest.LoginOnly, sqlservertest.Tables{"count": count(7)})
	for _, test := range []struct {
		name   string
		o      options
		number int32 // 0: the log-on is good
		all    []int32
		text   string
	}{
		{name: "good"},
		{name: "database in other case", o: options{"database": "cm_ps1"}},
		{name: "encrypted", o: options{"encrypt": "true", "TrustServerCertificate": "true"}},
		{name: "user in other case", o: options{"user": "READER"}},
		{name: "wrong user", o: options{"user": "writer"}, number: 18456, all: []int32{18456}, text: "Login failed for user 'writer'."},
		{name: "wrong password", o: options{"password": "wrong"}, number: 18456, all: []int32{18456}, text: "Login failed for user 'reader'."},
		{name: "no password", o: options{"password": ""}, number: 18456, all: []int32{18456}},
		{name: "wrong password, encrypted", o: options{"password": "wrong", "encrypt": "true", "TrustServerCertificate": "true"}, number: 18456, all: []int32{18456}},
		{
			name: "unknown database", o: options{"database": "CM_XXX"}, number: 18456, all: []int32{4060, 18456},
			text: "Login failed for user 'reader'.",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := s.Counts()
			db, _ := open(t, s, test.o)
			err := db.PingContext(t.Context())
			after := s.Counts()
			if test.number == 0 {
				if err != nil {
					t.Fatal(err)
				}
				if n, err := queryCount(t.Context(), db, "count"); n != 7 || err != nil {
					t.Errorf("got %d, %v; want 7", n, err)
				}
				if after.LogOns != before.LogOns+1 || after.Refused != before.Refused {
					t.Errorf("%+v, then %+v: want one log-on more", before, after)
				}
				return
			}
			got := wantError(t, err, test.number)
			if got.State != 1 || got.Class != 14 || !strings.Contains(got.Message, test.text) {
				t.Errorf("got state %d, class %d, %q; want 1, 14, %q", got.State, got.Class, got.Message, test.text)
			}
			var all []int32
			for _, e := range got.All {
				all = append(all, e.Number)
				if e.Number == 4060 && (e.State != 1 || e.Class != 11 || !strings.Contains(e.Message, `"CM_XXX"`)) {
					t.Errorf("got state %d, class %d, %q; want 1, 11 and the database", e.State, e.Class, e.Message)
				}
			}
			if len(all) != len(test.all) || all[0] != test.all[0] {
				t.Errorf("got the errors %d; want %d", all, test.all)
			}
			if after.LogOns != before.LogOns || after.Refused != before.Refused+1 {
				t.Errorf("%+v, then %+v: want one refusal more", before, after)
			}
		})
	}
	if got := s.Received(); len(got) != 8 {
		t.Errorf("%d statements came; want a ping and a query of each of the four good log-ons", len(got))
	}
}

// TestMaster: without a database the client gets master, which is there even if the test gave none.
func TestMaster(t *testing.T) {
	s := sqlservertest.Start(t, sqlservertest.Config{User: user, Password: password})
	db, _ := open(t, s, options{"database": ""})
	_, err := queryCount(t.Context(), db, "count")
	wantError(t, err, 208)
	got := s.Received()
	if len(got) != 1 || got[0].Database != "master" {
		t.Errorf("got %+v; want one statement in master", got)
	}

	s = sqlservertest.Start(t, sqlservertest.Config{
		User: user, Password: password,
		Databases: map[string]sqlservertest.Tables{"Master": {"count": count(3)}},
	})
	db, _ = open(t, s, options{"database": ""})
	if n, err := queryCount(t.Context(), db, "count"); n != 3 || err != nil {
		t.Errorf("got %d, %v; want 3", n, err)
	}
}

// TestNoLogOn: a server without a user accepts nobody, not even a client without a name.
func TestNoLogOn(t *testing.T) {
	s := sqlservertest.Start(t, sqlservertest.Config{})
	db, _ := open(t, s, options{"database": "", "user": "", "password": ""})
	wantError(t, db.PingContext(t.Context()), 18456)
}

// TestIntegrated: a Windows log-on is refused as SQL Server refuses one from a domain that it does not trust.
func TestIntegrated(t *testing.T) {
	s := start(t, sqlservertest.NotSupported, nil)
	conn := dial(t, s)
	logOn := make([]byte, 94)
	binary.LittleEndian.PutUint32(logOn[4:], 0x74000004)
	logOn[25] = 0x80
	if _, err := io.WriteString(conn, pkt(0x12, hello)+pkt(0x10, string(logOn))); err != nil {
		t.Fatal(err)
	}
	stream, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	all := packets(stream)
	if len(all) != 2 || all[1].body[0] != 0xAA || binary.LittleEndian.Uint32(all[1].body[3:]) != 18452 {
		t.Errorf("got %x; want a packet with error 18452", stream)
	}
	if c := s.Counts(); c.Refused != 1 || c.LogOns != 0 {
		t.Errorf("got %+v; want one refusal", c)
	}
}
