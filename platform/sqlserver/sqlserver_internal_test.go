package sqlserver

import (
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"siteready/platform"
)

func TestParseAddress(t *testing.T) {
	tests := []struct {
		on      string
		want    address
		browser bool
	}{
		{`SQL1`, address{host: "SQL1"}, false},
		{`sql1.contoso.example`, address{host: "sql1.contoso.example"}, false},
		{`SQL1\MECM`, address{host: "SQL1", instance: "MECM"}, true},
		{`SQL1,14330`, address{host: "SQL1", port: 14330}, false},
		{`SQL1\MECM,14330`, address{host: "SQL1", instance: "MECM", port: 14330}, false},
		{` SQL1 \ MECM$1 , 14330 `, address{host: "SQL1", instance: "MECM$1", port: 14330}, false},
		{`.`, address{host: "localhost"}, false},
		{`.\MECM`, address{host: "localhost", instance: "MECM"}, true},
		{`(LOCAL)`, address{host: "localhost"}, false},
		{`10.0.0.7,1433`, address{host: "10.0.0.7", port: 1433}, false},
		{`fe80::1%eth0`, address{host: "fe80::1%eth0"}, false},
		{`::1,1433`, address{host: "::1", port: 1433}, false},
		{`TJÜST_1\ÜBER_1`, address{host: "TJÜST_1", instance: "ÜBER_1"}, true},
	}
	for _, test := range tests {
		got, err := parseAddress(test.on)
		if err != nil || got != test.want || got.needsBrowser() != test.browser {
			t.Errorf("%q is %+v, %v; want %+v", test.on, got, err, test.want)
		}
	}
	for _, on := range []string{
		``, ` `, `,`, `\`, `,1433`, `\MECM`, `SQL1\`, `SQL1,`, `SQL1,0`, `SQL1,65536`, `SQL1,-1`, `SQL1,+1`, `SQL1,1,2`, `SQL1,x`,
		`SQL1\A\B`, `SQL1\A B`, `SQL1 SQL2`, `tcp:SQL1`, `np:\\.\pipe\sql\query`, `\\.\pipe\sql\query`, `(localdb)\v11`, `[::1]`,
		`SQL1;encrypt=disable`, `SQL1/x`, "SQL\x001", `SQL1:1433`, `user@SQL1`,
	} {
		if got, err := parseAddress(on); err == nil {
			t.Errorf("%q is %+v; want an error", on, got)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{`SQL1`, `SQL1\MECM,14330`, `.\X`, `(local),1`, `::1`, `a,b,c`, `tcp:x`, ` \ , `, "\x00", `SQL1,99999999999999999999`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, on string) {
		a, err := parseAddress(on)
		if err != nil {
			if a != (address{}) {
				t.Fatalf("%q is refused and is %+v", on, a)
			}
			return
		}
		if a.host == "" || strings.ContainsAny(a.host+a.instance, "\\,;=/'\" \t\r\n\x00") {
			t.Fatalf("%q is %+v", on, a)
		}
		// What was understood, written again, is understood alike.
		text := a.host
		if a.instance != "" {
			text += `\` + a.instance
		}
		if a.port != 0 {
			text = fmt.Sprintf("%s,%d", text, a.port)
		}
		if again, err := parseAddress(text); err != nil || again != a {
			t.Fatalf("%q is %+v, but %q is %+v, %v", on, a, text, again, err)
		}
	})
}

func TestIsThisMachine(t *testing.T) {
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{
		".": true, "(local)": true, "localhost": true, "LOCALHOST": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true,
		"::ffff:127.0.0.1": true, name: true, strings.ToUpper(name): true,
		"": false, "10.0.0.1": false, name + "x": false, name + ".elsewhere.example": false, "localhost.example": false,
	} {
		if got := IsThisMachine(host); got != want {
			t.Errorf("%q is this machine: %v; want %v", host, got, want)
		}
	}
}

func TestPrincipal(t *testing.T) {
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for on, want := range map[string]string{
		`sql1.contoso.example`: "MSSQLSvc/sql1.contoso.example:1433",
		`SQL1,14330`:           "MSSQLSvc/SQL1:14330",
		`SQL1\MECM`:            "MSSQLSvc/SQL1:MECM",
		`.\MECM`:               "MSSQLSvc/" + name + ":MECM",
	} {
		a, err := parseAddress(on)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.principal(); got != want {
			t.Errorf("the principal of %q is %q; want %q", on, got, want)
		}
	}
}

func TestLogOnRefusal(t *testing.T) {
	if no := logOnRefusal("", "linux"); no == nil || !errors.Is(no, platform.ErrUnsupported) || !no.EndsLine || !strings.Contains(no.Help, "--sql-user") {
		t.Errorf("no user on Linux is refused with %+v", no)
	}
	if logOnRefusal("", "windows") != nil || logOnRefusal("reader", "linux") != nil {
		t.Error("a possible log-on is refused")
	}
	r, err := New(Options{Dial: nil})
	if err != nil {
		t.Fatal(err)
	}
	r.refusal = logOnRefusal("", "linux") // also where the tests run on Windows
	_, err = r.Read(t.Context(), platform.Question{Kind: platform.KindSQL, On: "127.0.0.1", What: "one", Text: "SELECT 1 AS may_see"})
	if !errors.Is(err, r.refusal) {
		t.Errorf("the question is answered with %v", err)
	}
}

func TestConfig(t *testing.T) {
	tests := []struct {
		name    string
		options Options
		want    msdsn.Encryption
		trust   bool
	}{
		{"default", Options{}, msdsn.EncryptionRequired, false},
		{"optional", Options{Encryption: Optional}, msdsn.EncryptionOff, false},
		{"disable", Options{Encryption: Disable}, msdsn.EncryptionDisabled, false},
		{"strict", Options{Encryption: Strict}, msdsn.EncryptionStrict, false},
		{"trust", Options{TrustServerCertificate: true}, msdsn.EncryptionRequired, true},
		{"local", Options{Local: func(string) bool { return true }}, msdsn.EncryptionRequired, true},
		{"strict and local", Options{Encryption: Strict, Local: func(string) bool { return true }}, msdsn.EncryptionStrict, false},
	}
	for _, test := range tests {
		r, err := New(test.options)
		if err != nil {
			t.Fatal(err)
		}
		c := r.config(target{address: address{host: "SQL1", instance: "MECM", port: 14330}, database: "CM_PS1"})
		if c.Encryption != test.want || c.TLSConfig.InsecureSkipVerify != test.trust || c.TrustServerCertificate != test.trust {
			t.Errorf("%s: encryption %v, trust %v; want %v, %v", test.name, c.Encryption, c.TLSConfig.InsecureSkipVerify, test.want, test.trust)
		}
		if c.TLSConfig.MinVersion != tls.VersionTLS12 || c.TLSConfig.ServerName != "SQL1" || c.AppName != "siteready" ||
			c.Host != "SQL1" || c.Instance != "MECM" || c.Port != 14330 || c.Database != "CM_PS1" || !c.DisableRetry {
			t.Errorf("%s: the configuration is wrong: %+v", test.name, c)
		}
	}
}

// fakeTable is rows in the driver's form.
type fakeTable struct {
	names, types []string
	rows         [][]driver.Value
	err          error
	more         bool
}

func (f *fakeTable) Columns() []string                       { return f.names }
func (f *fakeTable) ColumnTypeDatabaseTypeName(i int) string { return f.types[i] }
func (f *fakeTable) HasNextResultSet() bool                  { return f.more }

func (f *fakeTable) Next(dest []driver.Value) error {
	if len(f.rows) == 0 {
		if f.err != nil {
			return f.err
		}
		return io.EOF
	}
	copy(dest, f.rows[0])
	f.rows = f.rows[1:]
	return nil
}

func TestEncodeValues(t *testing.T) {
	day := time.Date(2026, 3, 4, 5, 6, 7, 890_000_000, time.UTC)
	id := []byte{0xff, 0x19, 0x96, 0x6f, 0x86, 0x8b, 0x11, 0xd0, 0xb4, 0x2d, 0x00, 0xc0, 0x4f, 0xc9, 0x64, 0xff}
	tests := []struct {
		kind  string
		value driver.Value
		want  string // empty for a refusal
	}{
		{"INT", nil, `null`},
		{"BIGINT", int64(math.MinInt64), `-9223372036854775808`},
		{"INT", "1", ``},
		{"BIT", false, `false`},
		{"BIT", int64(1), ``},
		{"REAL", float64(float32(0.1)), `0.1`},
		{"FLOAT", 1e300, `1e+300`},
		{"FLOAT", math.NaN(), ``},
		{"FLOAT", math.Inf(-1), ``},
		{"REAL", math.Inf(1), ``},
		{"DECIMAL", []byte("-0.050"), `-0.050`},
		{"MONEY", []byte("12.3400"), `12.3400`},
		{"DECIMAL", []byte("1,5"), ``},
		{"DECIMAL", []byte(`"1"`), ``},
		{"DECIMAL", []byte(".5"), ``},
		{"DECIMAL", []byte("null"), ``},
		{"DECIMAL", []byte(""), ``},
		{"CHAR", "a  ", `"a  "`},
		{"XML", `<a b="c"/>`, `"<a b=\"c\"/>"`},
		{"VARCHAR", "a\xffb\x00", `"a\ufffdb\u0000"`},
		{"NVARCHAR", []byte("a"), ``},
		{"DATETIME", day, `"2026-03-04T05:06:07.89Z"`},
		{"DATETIMEOFFSET", day.In(time.FixedZone("", 2*3600)), `"2026-03-04T05:06:07.89Z"`},
		{"DATETIME2", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), ``},
		{"DATE", day, `"2026-03-04"`},
		{"TIME", day, `"05:06:07.89"`},
		{"UNIQUEIDENTIFIER", id, `"6F9619FF-8B86-D011-B42D-00C04FC964FF"`},
		{"UNIQUEIDENTIFIER", id[:15], ``},
		{"SQL_VARIANT", "16.0", `"16.0"`},
		{"SQL_VARIANT", int64(3), `3`},
		{"SQL_VARIANT", true, `true`},
		{"SQL_VARIANT", 2.5, `2.5`},
		{"SQL_VARIANT", math.NaN(), ``},
		{"SQL_VARIANT", []byte("1.5"), ``},
		{"SQL_VARIANT", day, ``},
	}
	for _, test := range tests {
		raw, err := encodeRows(&fakeTable{names: []string{"a"}, types: []string{test.kind}, rows: [][]driver.Value{{test.value}}})
		switch {
		case test.want == "":
			if !errors.Is(err, platform.ErrMalformed) || !strings.Contains(err.Error(), "column a") {
				t.Errorf("%s %#v: %s, %v; want it refused", test.kind, test.value, raw, err)
			}
		case err != nil || string(raw) != `[{"a":`+test.want+`}]`:
			t.Errorf("%s %#v: %s, %v; want %s", test.kind, test.value, raw, err, test.want)
		}
	}
}

func TestEncodeRefusals(t *testing.T) {
	for _, kind := range []string{"VARBINARY", "BINARY", "IMAGE", "GEOGRAPHY", "HIERARCHYID", ""} {
		_, err := encodeRows(&fakeTable{names: []string{"a"}, types: []string{kind}})
		if !errors.Is(err, platform.ErrMalformed) || !strings.Contains(err.Error(), strings.ToLower(kind)) {
			t.Errorf("a column of type %s: %v; want it refused", kind, err)
		}
	}
	two := &fakeTable{names: []string{"a"}, types: []string{"INT"}, rows: [][]driver.Value{{int64(1)}}, more: true}
	if _, err := encodeRows(two); !errors.Is(err, platform.ErrMalformed) || !strings.Contains(err.Error(), "more than one table") {
		t.Errorf("two tables: %v; want them refused", err)
	}
	broken := errors.New("broken")
	late := &fakeTable{names: []string{"a"}, types: []string{"INT"}, rows: [][]driver.Value{{int64(1)}}, err: broken}
	if raw, err := encodeRows(late); !errors.Is(err, broken) {
		t.Errorf("an error after a row: %s, %v", raw, err)
	}
	odd := &fakeTable{names: []string{`"<&>` + "\xff"}, types: []string{"INT"}, rows: [][]driver.Value{{int64(1)}}}
	if raw, err := encodeRows(odd); err != nil || string(raw) != `[{"\"<&>\ufffd":1}]` {
		t.Errorf("an odd name: %s, %v", raw, err)
	}
}

func TestServerErrorThatCounts(t *testing.T) {
	list := func(numbers ...int32) error {
		var all []mssql.Error
		for _, n := range numbers {
			all = append(all, mssql.Error{Number: n})
		}
		last := all[len(all)-1]
		last.All = all
		return fmt.Errorf("wrapped: %w", last)
	}
	for want, err := range map[int32]error{
		208:  list(208, 208),
		229:  list(208, 229),
		300:  list(300, 297),
		4060: list(4060, 18456),
		1205: fmt.Errorf("wrapped: %w", mssql.Error{Number: 1205}),
	} {
		if e, said := serverError(err); !said || e.Number != want {
			t.Errorf("%v: %d, %v; want %d", err, e.Number, said, want)
		}
	}
	if _, said := serverError(io.EOF); said {
		t.Error("the end of a connection is taken for the server's word")
	}
}

func TestNoWindowsCredentials(t *testing.T) {
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	no := r.explainConnect(target{address: address{host: "SQL1"}, on: "SQL1"}, stage{connected: true}, errors.New("AcquireCredentialsHandle failed 8009030e"), false)
	if !errors.Is(no, platform.ErrDenied) || !no.EndsLine || !strings.Contains(no.Cause, "8009030e") || !strings.Contains(no.Help, "--sql-user") {
		t.Errorf("it is explained as %+v", no)
	}
}

func TestExplainConnect(t *testing.T) {
	r, err := New(Options{User: "reader", ConnectLimit: 7 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	dialled := func(err error) stage {
		return stage{dialError: &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", err)}}
	}
	open := stage{connected: true}
	tests := []struct {
		name  string
		stage stage
		err   error
		late  bool
		word  string
	}{
		{"refused", dialled(syscall.ECONNREFUSED), nil, false, "SQL1 on TCP port 1433 refused the connection"},
		{"refused on Windows", dialled(wsaRefused), nil, false, "SQL1 on TCP port 1433 refused the connection"},
		{"no route", dialled(syscall.EHOSTUNREACH), nil, false, "there is no route to SQL1 on TCP port 1433"},
		{"no network", dialled(syscall.ENETUNREACH), nil, false, "there is no route"},
		{"no route on Windows", dialled(wsaNoHost), nil, false, "there is no route"},
		{"no network on Windows", dialled(wsaNoNetwork), nil, false, "there is no route"},
		{"no answer", dialled(os.ErrDeadlineExceeded), nil, true, "no answer from SQL1 on TCP port 1433 within 7s"},
		{"no answer, says the system", dialled(syscall.ETIMEDOUT), nil, false, "no answer from SQL1 on TCP port 1433 within 7s"},
		{"no name", stage{dialError: &net.DNSError{Err: "no such host", Name: "SQL1", IsNotFound: true}}, nil, false, "the name SQL1 cannot be resolved"},
		{"silence", open, io.EOF, true, "completed no log-on within 7s"},
		{"old TLS, seen by us", open, errors.New("TLS Handshake failed: tls: server selected unsupported protocol version 301"), false, "versions of TLS older than 1.2"},
		{"old TLS, seen by the server", open, errors.New("TLS Handshake failed: remote error: tls: protocol version not supported"), false, "versions of TLS older than 1.2"},
		{"reset on Windows", open, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("wsarecv", wsaReset)}, false, "the server reset the connection"},
		{"reset in TLS", open, errors.New("TLS Handshake failed: cannot read handshake packet: read tcp 127.0.0.1:5->127.0.0.1:6: read: connection reset by peer"), false, "broke off the TLS handshake: the server reset the connection"},
		{"another service", open, errors.New("invalid packet size, it is longer than buffer size"), false, "is not reachable as SQL Server: invalid packet size"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.err
			if err == nil {
				err = test.stage.dialError
			}
			no := r.explainConnect(target{address: address{host: "SQL1"}, on: "SQL1"}, test.stage, err, test.late)
			if !errors.Is(no, platform.ErrUnreachable) || !no.EndsLine || no.Help == "" || !strings.Contains(no.Cause, test.word) {
				t.Errorf("it is explained as %+v; want %q", no, test.word)
			}
		})
	}
}
