package sqlserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"unicode"

	mssql "github.com/microsoft/go-mssqldb"

	"siteready/platform"
)

// The numbers of SQL Server's errors that have a meaning of their own here. The sources are
// the pages "Database Engine events and errors" of SQL Server's documentation.
const (
	errorInvalidColumn       = 207
	errorInvalidObject       = 208
	errorObjectDenied        = 229
	errorColumnDenied        = 230
	errorDatabaseStateDenied = 262
	errorActionDenied        = 297
	errorServerStateDenied   = 300
	errorNoSuchDatabase      = 911
	errorDatabaseDenied      = 916
	errorDeadlock            = 1205
	errorLockTimeout         = 1222
	errorInvalidFunction     = 4121
	errorCannotOpenDatabase  = 4060
	errorCannotOpenDefault   = 4064
	errorLogOnFirst          = 18400 // the errors of a refused log-on have numbers
	errorLogOnLast           = 18499 // from here to here; 18456 is the common one
)

// Databases that are there and cannot be read now: recovering, suspect, in a restore, not started, offline, without
// their files, in transition, a mirror; and replicas of an availability group that are not for reading.
var (
	errorsNotOnline = []int32{921, 922, 926, 927, 941, 942, 945, 952, 954}
	errorsReplica   = []int32{976, 978, 979, 982, 983, 988}
)

// classDenied is the class of errors for want of a right ("Database Engine error severities").
const classDenied = 14

const (
	helpLogOn = "Run siteready as an account that may log on to this SQL Server, or name a log-on with --sql-user and check its password."
	// SQL Server 2016 and older ones make themselves a certificate with SHA-1 ("SQL Server and client encryption
	// summary" in SQL Server's documentation), which TLS does not offer to take any more (RFC 9155).
	helpTLS   = "Check that the server has TLS 1.2 enabled, and give SQL Server a certificate that is signed with SHA-256: what SQL Server 2016 makes for itself has SHA-1, which TLS takes no more. On this machine --sql-encrypt disable does without TLS."
	helpReach = `Check that SQL Server runs, that TCP/IP is enabled for it, that no firewall is in between, and the port: --sql-server SERVER,PORT.`
	// A server that forces strict encryption hangs up on a client that does not begin with TLS.
	helpClosed = "If the server forces strict encryption, use --sql-encrypt strict. Else look into SQL Server's error log, and check the port: --sql-server SERVER,PORT."
	helpState  = "Grant the account VIEW SERVER STATE, or on SQL Server 2022 and newer VIEW SERVER PERFORMANCE STATE."
)

// serverError finds what SQL Server itself said in an error of the driver. Of several errors
// the first counts, as the others follow from it (4060 and then 18456); but 208, which a look-up
// may make an answer, counts only if nothing else was said.
func serverError(err error) (mssql.Error, bool) {
	var last mssql.Error
	if !errors.As(err, &last) {
		return mssql.Error{}, false
	}
	for _, e := range last.All {
		if e.Number != errorInvalidObject {
			return e, true
		}
	}
	return last, true
}

// said is an error in SQL Server's own words.
func (r *Reader) said(e mssql.Error) string {
	return fmt.Sprintf("(error %d): %s", e.Number, inOneLine(r.hide(strings.TrimPrefix(e.Message, "login error: "))))
}

// explainServer words an error that SQL Server gave on a connection to t.
func (r *Reader) explainServer(t target, e mssql.Error) *platform.NoAnswer {
	said := r.said(e)
	place := fmt.Sprintf("SQL Server %s, database %s", t.on, t.databaseName())
	refuse := func(reason error, help, format string, args ...any) *platform.NoAnswer {
		no := platform.Refuse(reason, format, args...)
		no.Help = help
		return no
	}
	switch {
	case e.Number == errorCannotOpenDatabase, e.Number == errorNoSuchDatabase, e.Number == errorCannotOpenDefault:
		return refuse(platform.ErrDenied,
			"Check the database's name, --database, and that it is online, and map the account to a user in it.",
			"%s cannot be opened: it is missing, not online or closed to this account %s", place, said)
	case e.Number == errorDatabaseDenied:
		return refuse(platform.ErrDenied, "Map the account to a user in the database that the message names.",
			"%s refuses this account another database %s", place, said)
	case e.Number >= errorLogOnFirst && e.Number <= errorLogOnLast:
		no := refuse(platform.ErrDenied, helpLogOn, "SQL Server %s refused the log-on %s", t.on, said)
		no.EndsLine = true
		return no
	case e.Number == errorObjectDenied, e.Number == errorColumnDenied:
		return refuse(platform.ErrDenied, "Grant the account SELECT on what the message names, or EXECUTE if that is a function.",
			"%s refuses this account something to read %s", place, said)
	case e.Number == errorDatabaseStateDenied:
		return refuse(platform.ErrDenied, "Grant the account the permission that the message names.",
			"%s refuses this account its state %s", place, said)
	case e.Number == errorServerStateDenied, e.Number == errorActionDenied:
		return refuse(platform.ErrDenied, helpState, "SQL Server %s refuses this account its state %s", t.on, said)
	case e.Number == errorInvalidObject:
		// It is absent only when a look-up has shown it: the number also stands for what is hidden.
		return refuse(platform.ErrUnsupported, helpMissing, "%s has no such object %s", place, said)
	case e.Number == errorInvalidFunction:
		return refuse(platform.ErrUnsupported, helpMissing, "%s has no such function %s", place, said)
	case e.Number == errorInvalidColumn:
		return refuse(platform.ErrUnsupported, helpMissing,
			"%s has the object but not the column, so this build is not known to siteready %s", place, said)
	case slices.Contains(errorsReplica, e.Number):
		return refuse(platform.ErrDenied, "Name the listener of the availability group, or the server of its primary replica, with --sql-server.",
			"%s is a replica that cannot be read now %s", place, said)
	case slices.Contains(errorsNotOnline, e.Number):
		return refuse(platform.ErrDenied, "Bring the database that the message names online.", "%s: a database is not online %s", place, said)
	case e.Number == errorLockTimeout:
		return refuse(platform.ErrTimeout, "Try again when the server is less busy.",
			"%s did not release a lock within %v %s", place, lockLimit, said)
	case e.Number == errorDeadlock:
		return refuse(platform.ErrTimeout, "Try again when the server is less busy.",
			"%s ended the question in favour of another session %s", place, said)
	}
	if e.Class == classDenied {
		return refuse(platform.ErrDenied, "Grant the account the right that the message names.", "%s refuses this account something %s", place, said)
	}
	return refuse(platform.ErrUnsupported, "", "%s answered with an error %s", place, said)
}

// explainLogOn words an error that SQL Server gave in place of a log-on. One that is not about
// the database alone ends the line: each further log-on would get it too.
func (r *Reader) explainLogOn(t target, e mssql.Error) *platform.NoAnswer {
	ofDatabase := []int32{errorCannotOpenDatabase, errorNoSuchDatabase, errorCannotOpenDefault, errorDatabaseDenied}
	if slices.Contains(slices.Concat(ofDatabase, errorsNotOnline, errorsReplica), e.Number) {
		return r.explainServer(t, e)
	}
	no := platform.Refuse(platform.ErrDenied, "SQL Server %s refused the log-on %s", t.on, r.said(e))
	no.Help, no.EndsLine = helpLogOn, true
	return no
}

func (t target) databaseName() string {
	if t.database == "" {
		return "of the log-on"
	}
	return t.database
}

// explainRead words the error of a statement. A nil error stays nil.
func (r *Reader) explainRead(t target, err error) error {
	var no *platform.NoAnswer
	e, said := serverError(err)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &no):
		return no
	case said:
		return r.explainServer(t, e)
	case errors.Is(err, errTooMuch):
		return platform.Refuse(platform.ErrTooLarge, "SQL Server's answer has more than %d bytes", platform.MaxAnswer)
	}
	// The reason does not end the line: whether the server can be reached, the next connection tells.
	return platform.Refuse(platform.ErrMalformed, "the connection to SQL Server %s broke before an answer was complete: %s", t.on, plain(err))
}

// explainConnect words why there is no connection to t. late says that the time was up.
func (r *Reader) explainConnect(t target, s stage, err error, late bool) *platform.NoAnswer {
	if e, said := serverError(err); said {
		return r.explainLogOn(t, e)
	}
	unreachable := func(help, format string, args ...any) *platform.NoAnswer {
		no := platform.Refuse(platform.ErrUnreachable, format, args...)
		no.Help, no.EndsLine = help, true
		return no
	}
	text := err.Error()
	tcp := fmt.Sprintf("%s on TCP port %d", t.host, t.tcpPort())
	if t.needsBrowser() {
		tcp = t.host
	}
	var unknown *net.DNSError
	switch {
	case errors.As(s.dialError, &unknown), errors.As(err, &unknown):
		return unreachable("Check the server's name, and give it with its domain: --sql-server SERVER.",
			"SQL Server %s: the name %s cannot be resolved", t.on, t.host)
	case t.needsBrowser() && !s.connected && s.dialError == nil && !s.browsed:
		return unreachable(`Start the service SQL Server Browser and let UDP port 1434 through, or give the port: --sql-server SERVER\INSTANCE,PORT.`,
			"SQL Server %s: SQL Server Browser on %s did not answer on UDP port 1434, so the port of the instance is not known", t.on, t.host)
	case t.needsBrowser() && !s.connected && s.dialError == nil:
		return unreachable(`Check the instance's name and that TCP/IP is enabled for it, or give the port: --sql-server SERVER\INSTANCE,PORT.`,
			"SQL Server %s: SQL Server Browser on %s knows no instance %s with TCP/IP", t.on, t.host, t.instance)
	case !s.connected && isErrno(s.dialError, syscall.ECONNREFUSED, wsaRefused):
		return unreachable(helpReach, "SQL Server %s: %s refused the connection", t.on, tcp)
	case !s.connected && isErrno(s.dialError, syscall.EHOSTUNREACH, syscall.ENETUNREACH, wsaNoHost, wsaNoNetwork):
		return unreachable(helpReach, "SQL Server %s: there is no route to %s", t.on, tcp)
	case !s.connected && (late || isTimeout(s.dialError)):
		return unreachable(helpReach, "SQL Server %s: no answer from %s within %v", t.on, tcp, r.connectLimit)
	case late:
		return unreachable(helpReach, "SQL Server %s: %s took the connection but completed no log-on within %v", t.on, tcp, r.connectLimit)
	case strings.Contains(text, "failed to verify certificate"):
		said := momentOfCheck.ReplaceAllString(afterLast(text, "failed to verify certificate: "), "it is $1")
		return unreachable(r.helpTrust(said), "SQL Server %s: its certificate is not trusted: %s", t.on, said)
	case strings.Contains(text, "server does not support encryption"):
		return unreachable("Give SQL Server a certificate, or allow less with --sql-encrypt.",
			"SQL Server %s offers no TLS, which --sql-encrypt %s demands", t.on, r.encryption)
	case strings.Contains(text, "protocol version"):
		return unreachable("Enable TLS 1.2 on the server and update SQL Server.",
			"SQL Server %s offers only versions of TLS older than 1.2", t.on)
	case r.encryption == Strict && strings.Contains(text, "TLS Handshake failed"):
		return unreachable("Strict encryption needs SQL Server 2022 or newer; use --sql-encrypt mandatory for an older one.",
			"SQL Server %s does not take strict encryption: %s", t.on, plain(err))
	case strings.Contains(text, "AcquireCredentialsHandle failed"), strings.Contains(text, "InitializeSecurityContext failed"):
		no := unreachable(helpLogOn, "Windows gave no credentials for the log-on to SQL Server %s: %s", t.on, plain(err))
		no.Reason = platform.ErrDenied
		return no
	case strings.Contains(text, "TLS Handshake failed"):
		return unreachable(helpTLS,
			"SQL Server %s broke off the TLS handshake: %s", t.on, afterLast(plain(err), "TLS Handshake failed: "))
	}
	said, help := plain(err), helpReach
	if said == serverClosed && r.encryption != Strict {
		help = helpClosed
	}
	return unreachable(help, "SQL Server %s: %s is not reachable as SQL Server: %s", t.on, tcp, said)
}

// momentOfCheck is when a certificate was looked at, as crypto/x509 words it: one cause has one
// text in each run.
var momentOfCheck = regexp.MustCompile(`current time \S+ is ((?:after|before) )`)

// helpTrust is what to do about a certificate, by what crypto/x509 says of it.
func (r *Reader) helpTrust(said string) string {
	help := "Name the authority that issued the certificate with --sql-ca"
	switch {
	case strings.Contains(said, "has expired or is not yet valid"):
		help = "Give SQL Server a certificate that is valid now"
	case strings.Contains(said, "legacy Common Name"):
		help = "Give SQL Server a certificate that has its name as an alternative name, and not in the subject alone"
	case strings.Contains(said, "certificate is valid for"), strings.Contains(said, "certificate is not valid for"), strings.Contains(said, "cannot validate certificate for"):
		help = "Name the server as its certificate does with --sql-server SERVER"
	}
	if r.encryption == Strict {
		return help + ". Strict encryption always verifies it."
	}
	return help + ", or take the certificate unverified with --sql-trust-server-certificate."
}

// explainSetUp words why a session on t was not set up: nothing is read in one that could wait
// for locks, or hold up others. It ends the line, as every connection would fare alike.
func (r *Reader) explainSetUp(t target, _ stage, err error, late bool) *platform.NoAnswer {
	no := platform.Refuse(platform.ErrUnreachable, "SQL Server %s: the connection broke while the session was set up: %s", t.on, plain(err))
	no.Help = "Look into SQL Server's error log, and try again."
	e, said := serverError(err)
	switch {
	case said:
		no = platform.Refuse(platform.ErrUnsupported, "SQL Server %s refused to set up the session %s", t.on, r.said(e))
		no.Help = "siteready reads only in a session that waits for no lock for long. What stands between it and SQL Server must let its SET statements pass."
	case late:
		no = platform.Refuse(platform.ErrUnreachable, "SQL Server %s took the log-on but did not set up the session within %v", t.on, r.connectLimit)
		no.Help = "Try again when the server is less busy."
	}
	no.EndsLine = true
	return no
}

// errClosed is the answer to a question that comes after Close.
func errClosed(t target) *platform.NoAnswer {
	return platform.Refuse(platform.ErrUnsupported, "SQL Server %s was asked after the reader was closed", t.on)
}

// Windows has numbers of its own for these; syscall's are not what its sockets return.
const (
	wsaNoNetwork = syscall.Errno(10051)
	wsaReset     = syscall.Errno(10054)
	wsaRefused   = syscall.Errno(10061)
	wsaNoHost    = syscall.Errno(10065)
)

func isErrno(err error, numbers ...syscall.Errno) bool {
	for _, n := range numbers {
		if errors.Is(err, n) {
			return true
		}
	}
	return false
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

// ends are the two ends of a connection as Go's errors name them.
var ends = regexp.MustCompile(`(?:read|write|dial) (?:tcp|udp)\S* \S+: `)

const (
	serverReset  = "the server reset the connection"
	serverClosed = "the server closed the connection"
)

// plain words an error of the connection without addresses and ports, which differ from one
// connection to the next: one cause has one text.
func plain(err error) string {
	switch {
	case isErrno(err, syscall.ECONNRESET, syscall.EPIPE, wsaReset):
		return serverReset
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return serverClosed
	}
	// Within an answer and within TLS the driver leaves only a text.
	text := inOneLine(strings.TrimPrefix(ends.ReplaceAllString(err.Error(), ""), errGone.Error()+": "))
	switch {
	case strings.HasSuffix(text, "connection reset by peer"), strings.HasSuffix(text, "forcibly closed by the remote host."):
		return serverReset
	case strings.HasSuffix(text, "EOF"):
		return serverClosed
	}
	return text
}

// inOneLine makes a foreign text fit for a report: one line of at most 500 characters.
func inOneLine(text string) string {
	const most = 500
	text = strings.Join(strings.Fields(text), " ")
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, text)
	if short := []rune(text); len(short) > most {
		return string(short[:most]) + "…"
	}
	return text
}

// afterLast is what follows the last mark in text, or all of it.
func afterLast(text, mark string) string {
	if at := strings.LastIndex(text, mark); at >= 0 {
		text = text[at+len(mark):]
	}
	return inOneLine(text)
}
