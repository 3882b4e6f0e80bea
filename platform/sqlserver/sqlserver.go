// Package sqlserver is the live reader of questions to SQL Server. It runs on every system
// and changes nothing: it sends only what platform.CheckSQL lets pass, reads uncommitted
// data, waits at most five seconds for a lock, and is the first to give way in a deadlock.
//
// # Answers
//
// An answer is a list of rows, each an object with the columns in their order. NULL is null.
//
//   - tinyint, smallint, int, bigint, real, float, decimal, numeric, money, smallmoney: number;
//     decimals keep their digits
//   - bit: true or false
//   - char, varchar, nchar, nvarchar, text, ntext, xml, sysname: text
//   - datetime, datetime2, smalldatetime: RFC 3339 with Z. SQL Server keeps no zone in them, so
//     statements convert to UTC themselves
//   - datetimeoffset: RFC 3339, converted to UTC
//   - date, time: text, 2006-01-02 and 15:04:05.9999999
//   - uniqueidentifier: text, XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX in upper case
//   - sql_variant: by its value, if that is text, a whole number, a float or a bit
//
// All other types are binary and never read: a column of such a type is ErrMalformed.
package sqlserver

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/microsoft/go-mssqldb/msdsn"

	"siteready/platform"
)

// Encryption says what must be encrypted on the way to SQL Server. Empty is Mandatory.
type Encryption string

// The policies, from the strictest to none.
const (
	Strict    Encryption = "strict"    // TLS before anything else (TDS 8.0, SQL Server 2022 and newer); the certificate is always verified
	Mandatory Encryption = "mandatory" // everything is encrypted, or there is no log-on
	Optional  Encryption = "optional"  // the log-on is encrypted if the server can; answers only if it insists
	Disable   Encryption = "disable"   // nothing is encrypted unless the server insists
)

// ParseEncryption reads a policy by its name, in any case; empty is Mandatory.
func ParseEncryption(name string) (Encryption, error) {
	switch e := Encryption(strings.ToLower(name)); e {
	case "":
		return Mandatory, nil
	case Strict, Mandatory, Optional, Disable:
		return e, nil
	}
	return "", fmt.Errorf("%q is no encryption policy: use %s, %s, %s or %s", name, Strict, Mandatory, Optional, Disable)
}

func (e Encryption) setting() msdsn.Encryption {
	switch e {
	case Strict:
		return msdsn.EncryptionStrict
	case Optional:
		return msdsn.EncryptionOff
	case Disable:
		return msdsn.EncryptionDisabled
	default:
		return msdsn.EncryptionRequired
	}
}

// Options says how to connect.
type Options struct {
	// User and Password are a SQL Server log-on. Without a user it is Windows authentication as
	// the account that runs this program, which only Windows has.
	User, Password string
	Encryption     Encryption
	// CAFile is a PEM file with the authorities that server certificates are verified against,
	// instead of those of the system.
	CAFile string
	// TrustServerCertificate takes any certificate. It cannot go with CAFile or Strict.
	TrustServerCertificate bool
	// Local reports whether a host, as a question names it, is this machine. The certificate of
	// a SQL Server on this machine is not verified, unless under Strict or with a CAFile. By default ".",
	// "(local)", localhost, loopback addresses and this machine's name are local.
	Local func(host string) bool
	// ConnectLimit is how long finding the server, connecting and logging on may take together;
	// 0 is 10 s.
	ConnectLimit time.Duration
	// Dial connects to host:port over "tcp", or "udp" for SQL Server Browser; nil is net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Reader answers questions of kind sql. It is safe for use by several goroutines, and is for
// one run: what ends the line to an instance is remembered, so that a refused log-on is never
// tried twice. At most two connections to an instance are in use at a time.
type Reader struct {
	encryption   Encryption
	roots        *x509.CertPool // nil for the system's
	trustAll     bool
	local        func(host string) bool
	connectLimit time.Duration
	dial         func(ctx context.Context, network, address string) (net.Conn, error)
	// logOn puts user and password into a configuration. A function shows them to nobody who
	// prints a Reader.
	logOn func(*msdsn.Config)
	// hide takes the password out of what a server said.
	hide func(string) string
	// refusal is why there is no log-on to try; nil if there is one.
	refusal *platform.NoAnswer

	pool *pool
}

var _ platform.Reader = (*Reader)(nil)

// New makes a reader. It connects to nothing; its errors are wrong options or a CA file that
// cannot be used.
func New(o Options) (*Reader, error) {
	encryption, err := ParseEncryption(string(o.Encryption))
	switch {
	case err != nil:
		return nil, err
	case o.TrustServerCertificate && encryption == Strict:
		return nil, errors.New("strict encryption always verifies the certificate of SQL Server, so it cannot be trusted without")
	case o.TrustServerCertificate && o.CAFile != "":
		return nil, errors.New("either the certificate of SQL Server is verified against a CA file, or it is trusted without")
	case o.User == "" && o.Password != "":
		return nil, errors.New("there is a password for SQL Server, but no user")
	case o.ConnectLimit < 0:
		return nil, fmt.Errorf("the limit for connecting to SQL Server is negative: %v", o.ConnectLimit)
	}
	r := &Reader{
		encryption:   encryption,
		trustAll:     o.TrustServerCertificate,
		local:        o.Local,
		connectLimit: o.ConnectLimit,
		dial:         o.Dial,
		logOn:        func(c *msdsn.Config) { c.User, c.Password = o.User, o.Password },
		hide:         func(text string) string { return text },
		refusal:      logOnRefusal(o.User, runtime.GOOS),
		pool:         newPool(),
	}
	if o.Password != "" {
		r.hide = strings.NewReplacer(o.Password, "(password)").Replace
	}
	if r.local == nil {
		r.local = IsThisMachine
	}
	if r.connectLimit == 0 {
		r.connectLimit = 10 * time.Second
	}
	if r.dial == nil {
		r.dial = new(net.Dialer).DialContext
	}
	if o.CAFile != "" {
		if r.roots, err = readAuthorities(o.CAFile); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// readAuthorities reads every certificate of a PEM file, whatever its extension.
func readAuthorities(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the CA file for SQL Server: %w", err)
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("the CA file for SQL Server, %s, has no certificate in PEM form", file)
	}
	return authorities, nil
}

// logOnRefusal says why there is no log-on to try on this system; nil if there is one.
func logOnRefusal(user, system string) *platform.NoAnswer {
	if user != "" || system == "windows" {
		return nil
	}
	no := platform.Refuse(platform.ErrUnsupported, "Windows authentication to SQL Server works on Windows only")
	no.Help = "Name a SQL Server log-on with --sql-user."
	no.EndsLine = true
	return no
}

// Read implements platform.Reader. What was refused, and why, is in the *platform.NoAnswer; when
// ctx ends first, the connection is cut at once and the error wraps ctx.Err().
func (r *Reader) Read(ctx context.Context, q platform.Question) (json.RawMessage, error) {
	if q.Kind != platform.KindSQL {
		return nil, platform.Refuse(platform.ErrUnsupported, "questions of kind %q are not for SQL Server", q.Kind)
	}
	// A statement should be a constant of this program, but a bug must not send anything else.
	if err := platform.CheckSQL(q.Text); err != nil {
		return nil, platform.Refuse(platform.ErrUnsupported, "the statement %s is not sent to SQL Server: %v", q.What, err)
	}
	if !isName(q.What) {
		return nil, platform.Refuse(platform.ErrUnsupported, "the statement's name %q is not sent to SQL Server: only letters, digits and -_. may be in it", q.What)
	}
	if r.refusal != nil {
		return nil, r.refusal
	}
	if err := CheckInstance(q.On); err != nil {
		return nil, platform.Refuse(platform.ErrUnsupported, "%v", err)
	}
	where, err := parseAddress(q.On)
	if err != nil {
		return nil, err
	}
	t := target{address: where, on: q.On, database: q.Where}
	raw, err := r.ask(ctx, t, q)
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("asking SQL Server %s: %w", q.On, ctx.Err())
	}
	return raw, err
}

// isName reports whether a statement's name cannot end the comment that it stands in.
func isName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-_.", c)
	})
}

// Close closes the connections that are kept. What is being read goes on until its context
// ends, and nothing can be asked any more.
func (r *Reader) Close() error { return r.pool.close() }

// ask puts q over a connection to t, a new one if need be, and keeps a connection only after a
// clean read.
func (r *Reader) ask(ctx context.Context, t target, q platform.Question) (json.RawMessage, error) {
	leave, err := r.pool.enter(ctx, t)
	if err != nil {
		return nil, err
	}
	defer leave()
	// In the database of something else every such statement would fail, and cost a log-on.
	if no := r.pool.instance(t).notOfSite(t.database); no != nil && readsSite(q.Text) {
		return nil, no
	}
	if l := r.pool.take(t); l != nil {
		raw, err := r.askOver(ctx, l, q)
		if !errors.Is(err, errGone) || ctx.Err() != nil {
			return raw, r.explainRead(t, err)
		}
		// The server closed the connection while it was not in use. A SELECT may be sent again.
	}
	l, err := r.connect(ctx, t)
	if err != nil {
		return nil, err
	}
	raw, err := r.askOver(ctx, l, q)
	return raw, r.explainRead(t, err)
}

func (r *Reader) askOver(ctx context.Context, l *link, q platform.Question) (json.RawMessage, error) {
	raw, sound, err := l.ask(ctx, "/* siteready: "+q.What+" */ "+q.Text)
	switch {
	case err != nil:
		if e, missing := saysMissing(err); missing {
			err = r.explainMissing(ctx, l, sound, q, e)
		}
		l.cut()
	case sound:
		r.pool.keep(l)
	}
	return raw, err
}
