package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Encryption says how the way to a mail server is protected.
type Encryption string

// The values of --mail-encrypt.
const (
	StartTLS Encryption = "starttls" // begun in the clear, and ended when the server has no STARTTLS
	TLS      Encryption = "tls"      // from the beginning
	Clear    Encryption = "none"     // not at all
)

// Encryptions are all values of Encryption.
func Encryptions() []string { return []string{string(StartTLS), string(TLS), string(Clear)} }

// port is the one that is used when none is named.
func (e Encryption) port() string {
	return map[Encryption]string{TLS: "465", Clear: "25"}[e]
}

// Mail sends messages by SMTP.
type Mail struct {
	Server     string // HOST or HOST:PORT; without a port 587, 465 for TLS and 25 in the clear
	Encryption Encryption
	From       string
	To         []string
	User       string // empty: no log-on
	Password   string
	Roots      *x509.CertPool // authorities that are trusted; nil for those of the system
	Limit      time.Duration  // of all tries; 0 is DefaultLimit
	OneTry     time.Duration  // of one, until the letter is on its way; 0 is 25 s
	Wait       func(context.Context, time.Duration) error
	Now        func() time.Time // nil for the clock
}

// ParseAddress reads one mail address, with a name or without, that every mail server takes.
func ParseAddress(text string) (mail.Address, error) {
	address, err := mail.ParseAddress(text)
	if err != nil {
		return mail.Address{}, fmt.Errorf("%q is no mail address", text)
	}
	for _, r := range address.Address {
		if r > unicode.MaxASCII || unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune(`<>"`, r) {
			return mail.Address{}, fmt.Errorf("%q is no mail address that every server takes", text)
		}
	}
	const longest, longestName = 254, 200 // RFC 5321, 4.5.3.1.3; and what fits into a line of 998 characters
	switch {
	case len(address.Address) > longest:
		return mail.Address{}, fmt.Errorf("%q is no mail address: it has more than %d characters", line(text, 60), longest)
	case utf8.RuneCountInString(address.Name) > longestName:
		return mail.Address{}, fmt.Errorf("%q has a name of more than %d characters", line(text, 60), longestName)
	}
	if strings.ContainsFunc(address.Name, unicode.IsControl) {
		return mail.Address{}, fmt.Errorf("%q has a control character in its name", text)
	}
	return *address, nil
}

// ParseServer reads HOST or HOST:PORT; port is empty when there is none.
func ParseServer(text string) (host, port string, err error) {
	host = text
	if strings.Contains(text, "@") { // the text is not repeated: it may hold a password
		return "", "", errors.New("a user and a password do not stand in --mail-server: it is HOST or HOST:PORT")
	}
	if strings.Contains(text, ":") {
		if host, port, err = net.SplitHostPort(text); err != nil {
			if net.ParseIP(text) == nil {
				return "", "", fmt.Errorf("%q is no server as HOST or HOST:PORT", text)
			}
			host, port = text, ""
		}
	}
	unusable := func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune(`/\<>"'`, r)
	}
	if host == "" || strings.ContainsFunc(host, unusable) {
		return "", "", fmt.Errorf("%q is no server as HOST or HOST:PORT", text)
	}
	if n, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || n == 0) {
		return "", "", fmt.Errorf("%q has no port from 1 to 65535", text)
	}
	return host, port, nil
}

// Validate finds what keeps all mail from being sent.
func (m Mail) Validate() error {
	if !slices.Contains(Encryptions(), string(m.Encryption)) {
		return fmt.Errorf("the encryption is one of %s, not %q", strings.Join(Encryptions(), ", "), m.Encryption)
	}
	if _, _, err := ParseServer(m.Server); err != nil {
		return err
	}
	if len(m.To) == 0 {
		return errors.New("no address to send to")
	}
	for _, text := range append([]string{m.From}, m.To...) {
		if _, err := ParseAddress(text); err != nil {
			return err
		}
	}
	if (m.User == "") != (m.Password == "") {
		return errors.New("a log-on needs both a user and a password")
	}
	if m.User != "" && m.Encryption == Clear {
		return errors.New("a password is not sent in the clear")
	}
	return nil
}

// Channel is mail.
func (m Mail) Channel() string { return "mail" }

// Send sends the message to all addresses.
func (m Mail) Send(ctx context.Context, message Message) error {
	if err := m.Validate(); err != nil {
		return failed("mail to "+m.Server, err, m.Password)
	}
	now := time.Now
	if m.Now != nil {
		now = m.Now
	}
	from, _ := ParseAddress(m.From)
	var to []mail.Address
	for _, text := range m.To {
		address, _ := ParseAddress(text)
		to = append(to, address)
	}
	at := now()
	text, err := letter(message, from, to, at)
	message.Page = nil
	short, wrong := letter(message, from, to, at)
	if err = errors.Join(err, wrong); err != nil {
		return fmt.Errorf("make the mail: %w", err)
	}
	way := &delivery{from: from, left: to, text: text, short: short}
	err = try(ctx, m.Limit, m.Wait, func(ctx context.Context) error { return m.once(ctx, way) })
	if err = errors.Join(append(way.refused, err)...); err == nil {
		return nil
	}
	if way.taken {
		err = fmt.Errorf("%w: %w", ErrPartly, err)
	}
	// What a server says may hold what it was sent.
	told := failed("mail to "+m.Server, err, m.Password, m.User, "\x00"+m.User+"\x00"+m.Password)
	if way.taken {
		return fmt.Errorf("%w%w", told, quiet{ErrPartly})
	}
	return told
}

// delivery is a letter on its way.
type delivery struct {
	from        mail.Address
	left        []mail.Address // who has not got it, and has not been refused for ever
	text, short []byte         // the short one is for a server that takes none of the other's size
	taken       bool           // somebody has got it
	refused     []error        // of addresses that were refused for ever
}

// quiet is an error that errors.Is finds and nobody reads.
type quiet struct{ error }

// Error is nothing.
func (quiet) Error() string { return "" }

// Unwrap is the error itself.
func (q quiet) Unwrap() error { return q.error }

// oneTry is how long one try may take, until the letter is on its way.
const oneTry = 25 * time.Second

// once tries to bring a letter to everybody who is left.
func (m Mail) once(ctx context.Context, way *delivery) error {
	limit := m.OneTry
	if limit == 0 {
		limit = oneTry
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	patience := time.AfterFunc(limit, func() { cancel(fmt.Errorf("no answer within %v", limit)) })
	defer patience.Stop()
	host, port, err := ParseServer(m.Server)
	if err != nil {
		return err
	}
	if port == "" {
		if port = m.Encryption.port(); port == "" {
			port = "587"
		}
	}
	settings := &tls.Config{ServerName: host, RootCAs: m.Roots, MinVersion: tls.VersionTLS12}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return m.ended(ctx, "connect", err)
	}
	defer func() { _ = conn.Close() }() // what was sent was answered, or it was not
	wire := conn
	conn = &bounded{Conn: wire, left: mostTalk}
	defer context.AfterFunc(ctx, func() { _ = wire.SetDeadline(time.Unix(1, 0)) })()
	if m.Encryption == TLS {
		secure := tls.Client(conn, settings)
		if err := secure.HandshakeContext(ctx); err != nil {
			return m.ended(ctx, "TLS", err)
		}
		conn = secure
	}
	client, err := smtp.NewClient(conn, host)
	if err != nil {
		return m.ended(ctx, "greeting", err)
	}
	if err := client.Hello(ownName()); err != nil {
		return m.ended(ctx, "EHLO", err)
	}
	if m.Encryption == StartTLS {
		if offered, _ := client.Extension("STARTTLS"); !offered {
			return errors.New("the server offers no STARTTLS, and nothing was sent; --mail-encrypt tls or none is the other way")
		}
		if err := client.StartTLS(settings); err != nil {
			return m.ended(ctx, "STARTTLS", err)
		}
	}
	if err := m.logOn(ctx, client, host); err != nil {
		return err
	}
	err = m.deliver(ctx, client, way, patience)
	if ctx.Err() == nil {
		_ = wire.SetDeadline(time.Now().Add(goodbye))
		_ = client.Quit() // it is over, whatever is said now
	}
	return err
}

// mostTalk is how many bytes a server may say.
const mostTalk = 1 << 20

// bounded is a connection that gives up on a server that says too much: a line without an end would
// fill the memory.
type bounded struct {
	net.Conn
	left int
}

// Read reads what may still be said.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("the server said more than %d MiB", mostTalk>>20)
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// goodbye is how long a server may take to end a conversation that is over.
const goodbye = 2 * time.Second

// ownName is this machine's name, as far as a mail server can read it.
func ownName() string {
	name, err := os.Hostname()
	odd := func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '.'
	}
	if err != nil || name == "" || strings.ContainsFunc(name, odd) {
		return "localhost"
	}
	return name
}

// ended is an error of a step, which another try may heal when the network or the server says so.
func (m Mail) ended(ctx context.Context, step string, err error) error {
	var reply *textproto.Error
	var certificate *tls.CertificateVerificationError
	if !errors.As(err, &reply) && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	told := fmt.Errorf("%s: %w", step, err)
	switch {
	case errors.As(err, &certificate):
		return told
	case errors.As(err, &reply) && reply.Code >= 500:
		return told
	default:
		return again{error: told}
	}
}

func (m Mail) logOn(ctx context.Context, client *smtp.Client, host string) error {
	if m.User == "" {
		return nil
	}
	_, methods := client.Extension("AUTH")
	var auth smtp.Auth
	switch offered := strings.Fields(strings.ToUpper(methods)); {
	case slices.Contains(offered, "PLAIN"):
		auth = smtp.PlainAuth("", m.User, m.Password, host)
	case slices.Contains(offered, "LOGIN"):
		auth = login{m.User, m.Password}
	case slices.Contains(offered, "CRAM-MD5"):
		auth = smtp.CRAMMD5Auth(m.User, m.Password)
	default:
		return fmt.Errorf("the server offers none of the log-ons PLAIN, LOGIN and CRAM-MD5, but %q", methods)
	}
	if err := client.Auth(auth); err != nil {
		return m.ended(ctx, "log-on", err)
	}
	return nil
}

// deliver hands the letter over. Addresses that are refused do not keep the others from it; those that are
// refused for now alone are left for another try. Patience ends the try until the letter is on its way.
func (m Mail) deliver(ctx context.Context, client *smtp.Client, way *delivery, patience *time.Timer) error {
	text := way.text
	_, said := client.Extension("SIZE") // RFC 1870; nothing and 0 set no limit
	if most, err := strconv.ParseUint(said, 10, 64); err == nil && most > 0 && most < uint64(len(text)) {
		text = way.short
	}
	if err := client.Mail(way.from.Address); err != nil {
		return m.ended(ctx, "sender "+way.from.Address, err)
	}
	var accepted, later []mail.Address
	var whyLater []error
	for _, address := range way.left {
		err := client.Rcpt(address.Address)
		if err == nil {
			accepted = append(accepted, address)
			continue
		}
		err = m.ended(ctx, "recipient "+address.Address, err)
		if !errors.As(err, new(again)) {
			way.refused = append(way.refused, err)
			continue
		}
		later, whyLater = append(later, address), append(whyLater, err)
	}
	way.left = slices.Concat(accepted, later)
	if len(accepted) == 0 {
		return errors.Join(whyLater...)
	}
	w, err := client.Data()
	if err != nil {
		return m.ended(ctx, "DATA", err)
	}
	// Servers look into letters before they take them, some for long. Who leaves meanwhile does not know
	// whether it was taken.
	patience.Stop()
	if _, err := w.Write(text); err != nil {
		return m.ended(ctx, "the letter", err)
	}
	if err := w.Close(); err != nil {
		var reply *textproto.Error
		if errors.As(err, &reply) {
			return m.ended(ctx, "the letter", err)
		}
		// It may have arrived: no other try, which could bring it twice.
		return fmt.Errorf("the letter was sent, and the server did not say whether it takes it: %w", err)
	}
	way.left, way.taken = later, true
	return errors.Join(whyLater...)
}

// login is the log-on that Exchange offers beside its own.
type login struct{ user, password string }

// Start begins, and only over TLS.
func (l login) Start(server *smtp.ServerInfo) (string, []byte, error) {
	if !server.TLS {
		return "", nil, errors.New("a password is not sent in the clear")
	}
	return "LOGIN", nil, nil
}

// Next answers what the server asks for, first the user, then the password, whatever it calls them.
func (l login) Next(asked []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	if strings.HasPrefix(strings.ToLower(string(asked)), "user") {
		return []byte(l.user), nil
	}
	return []byte(l.password), nil
}
