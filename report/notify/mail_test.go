package notify_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"siteready/report"
	"siteready/report/notify"
	"siteready/report/notify/notifytest"
)

// Planted secrets, which must stand nowhere.
const (
	mailUser     = "sr-mailer@contoso.com"
	mailPassword = `Pl@nted "mail" 77`
)

// mailServer is a real server.
type mailServer struct{ *notifytest.MailServer }

func startMail(t *testing.T, mode, user string, methods ...string) mailServer {
	t.Helper()
	o := notifytest.MailOptions{Mode: mode, User: user, Methods: methods}
	if user != "" {
		o.Password = mailPassword
	}
	return mailServer{notifytest.StartMail(t, o)}
}

func (s mailServer) mail(encryption notify.Encryption) notify.Mail {
	return notify.Mail{
		Server: s.Address, Encryption: encryption, From: "siteready <siteready@contoso.com>",
		To: []string{"Inès Albrecht <ines@contoso.com>", "ops@contoso.com"}, Roots: s.Roots, Wait: (&waits{}).wait,
	}
}

// taken is the only mail that the server took: what the server saw of it, and the mail.
func (s mailServer) taken(t *testing.T) (string, *mail.Message) {
	t.Helper()
	all := s.Mails()
	if len(all) != 1 {
		t.Fatalf("%d mails", len(all))
	}
	m, err := all[0].Message()
	if err != nil {
		t.Fatalf("%v\n%.2000s", err, all[0].Raw)
	}
	return all[0].Envelope, m
}

// A mail arrives whole, encrypted and with a log-on, over every way that is protected.
func TestMail(t *testing.T) {
	for name, test := range map[string]struct {
		encryption notify.Encryption
		user       string
		methods    []string
		encrypted  string
	}{
		"STARTTLS":              {notify.StartTLS, "", nil, "True"},
		"STARTTLS and a log-on": {notify.StartTLS, mailUser, nil, "True"},
		"only LOGIN":            {notify.StartTLS, mailUser, []string{"LOGIN"}, "True"},
		"TLS and a log-on":      {notify.TLS, mailUser, nil, "False"}, // of STARTTLS, as the server counts
		"in the clear":          {notify.Clear, "", nil, "False"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startMail(t, string(test.encryption), test.user, test.methods...)
			m := s.mail(test.encryption)
			if test.user != "" {
				m.User, m.Password = test.user, mailPassword
			}
			sent := message(t, nil)
			if err := m.Send(t.Context(), sent); err != nil {
				t.Fatal(err)
			}
			head, got := s.taken(t)
			want := "sender siteready@contoso.com\nrecipients ines@contoso.com ops@contoso.com\nencrypted " + test.encrypted + "\nuser " + test.user
			if head != want {
				t.Errorf("the server saw\n%s\nwanted\n%s", head, want)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
			if err != nil || subject != sent.Subject || !strings.HasPrefix(subject, "siteready: BLOCKED (12 of 13 checks) on ") {
				t.Errorf("the subject is %q: %v", subject, err)
			}
			if to, err := got.Header.AddressList("To"); err != nil || len(to) != 2 || to[0].Name != "Inès Albrecht" {
				t.Errorf("To is %v: %v", to, err)
			}
			if got.Header.Get("Auto-Submitted") != "auto-generated" || got.Header.Get("Message-ID") == "" {
				t.Errorf("the head is %v", got.Header)
			}
			text, page := parts(t, got)
			if !strings.HasPrefix(text, strings.ReplaceAll(sent.Text, "\n", "\r\n")) || !strings.Contains(text, "\r\nWhat was told before is not known.\r\n") {
				t.Errorf("the text is %q", text)
			}
			if page != string(sent.Page) || !strings.Contains(page, "</html>") {
				t.Errorf("the page has %d bytes instead of %d", len(page), len(sent.Page))
			}
		})
	}
}

// parts are the text and the page of a mail, as a reader of mail takes them apart.
func parts(t *testing.T, m *mail.Message) (text, page string) {
	t.Helper()
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	reader := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := reader.NextPart() // decodes quoted-printable
		if errors.Is(err, io.EOF) {
			return text, page
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		if part.FileName() == "" {
			text = string(data)
			continue
		}
		decoded, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(data)))
		if err != nil {
			t.Fatal(err)
		}
		page = string(decoded)
	}
}

// Nothing that a site is called adds a header, an address or a mail.
func TestMailTakesNoOrders(t *testing.T) {
	s := startMail(t, "starttls", "")
	sent := message(t, func(r *report.Report) {
		r.Subject.Computer, r.Subject.Headline = hostile, hostile
		r.Checks[0].Summary, r.RunID = hostile, hostile
	})
	sent.Subject += hostile // whoever makes the message
	if err := s.mail(notify.StartTLS).Send(t.Context(), sent); err != nil {
		t.Fatal(err)
	}
	head, got := s.taken(t)
	if !strings.Contains(head, "recipients ines@contoso.com ops@contoso.com\n") {
		t.Errorf("the server saw\n%s", head)
	}
	for name := range got.Header {
		switch name {
		case "From", "To", "Subject", "Date", "Message-Id", "Mime-Version", "Auto-Submitted", "X-Auto-Response-Suppress", "Content-Type",
			"X-Peer", "X-Mailfrom", "X-Rcptto":
		default:
			t.Errorf("the mail has the header %s: %v", name, got.Header[name])
		}
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
	if err != nil || strings.ContainsAny(subject, "\r\n\x00\x1b\u202e\u2028") {
		t.Errorf("the subject is %q: %v", subject, err)
	}
	if text, page := parts(t, got); page == "" || strings.ContainsAny(text, "\x1b\x00\u202e") {
		t.Errorf("the text is %q, the page has %d bytes", text, len(page))
	}
}

// A long head and a text with lonely dots arrive as they are, in lines that every server takes.
func TestMailLines(t *testing.T) {
	s := startMail(t, "starttls", "")
	m := s.mail(notify.StartTLS)
	m.From = strings.Repeat("Ä", 200) + " <siteready@contoso.com>"
	m.To = nil
	for i := range 40 {
		m.To = append(m.To, fmt.Sprintf("%s %d <to-%d@contoso.com>", strings.Repeat("Größe ", 25), i, i))
	}
	sent := message(t, nil)
	sent.Subject = strings.Repeat("ö", 180)
	sent.Text = "a\n.\n..b\nQUIT\n.\n" + strings.Repeat("long", 1000) + "\n"
	if err := m.Send(t.Context(), sent); err != nil {
		t.Fatal(err)
	}
	raw := s.Mails()[0].Raw
	for line := range strings.Lines(raw) {
		if len(line) > 100 && !strings.HasPrefix(line, "X-") {
			t.Errorf("%d bytes: %.60q", len(line), line)
		}
		if strings.ContainsFunc(line, func(r rune) bool { return r > 0x7E }) {
			t.Errorf("not ASCII: %.60q", line)
		}
	}
	_, got := s.taken(t)
	to, err := got.Header.AddressList("To")
	if err != nil || len(to) != 40 || to[39].Name != strings.Repeat("Größe ", 25)+"39" {
		t.Errorf("To is %v: %v", to, err)
	}
	if subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject")); err != nil || subject != sent.Subject {
		t.Errorf("the subject is %q: %v", subject, err)
	}
	if text, _ := parts(t, got); !strings.HasPrefix(text, strings.ReplaceAll(sent.Text, "\n", "\r\n")) {
		t.Errorf("the text is %.200q", text)
	}
}

// What a server refuses is told in one line, and holds no secret.
func TestMailRefused(t *testing.T) {
	s := startMail(t, "starttls", mailUser)
	plain := startMail(t, "none", "")
	w := &waits{}
	for name, test := range map[string]struct {
		edit func(*notify.Mail)
		want string
		wait int
	}{
		"a wrong password":  {func(m *notify.Mail) { m.Password = "Wr0ng-Planted" }, "log-on: 535", 0},
		"no log-on":         {func(m *notify.Mail) { m.User, m.Password = "", "" }, "530", 0},
		"nobody":            {func(m *notify.Mail) { m.To = []string{"nobody@contoso.com"} }, "recipient nobody@contoso.com: 550", 0},
		"later":             {func(m *notify.Mail) { m.To = []string{"later@contoso.com"} }, "tried 4 times: recipient later@contoso.com: 451", 3},
		"one now, one ever": {func(m *notify.Mail) { m.To = []string{"nobody@contoso.com", "later@contoso.com"} }, `recipient nobody@contoso.com: 550 "5.1.1 no such mailbox"; tried 4 times: recipient later@contoso.com: 451`, 3},
		"no STARTTLS":       {func(m *notify.Mail) { *m = plain.mail(notify.StartTLS) }, "offers no STARTTLS, and nothing was sent", 0},
		"not trusted":       {func(m *notify.Mail) { m.Roots = nil }, "certificate", 0},
		"another name":      {func(m *notify.Mail) { m.Server = strings.Replace(m.Server, "127.0.0.1", "127.0.0.2", 1) }, "connect: ", 3},
		"TLS where none is": {func(m *notify.Mail) { m.Encryption = notify.TLS }, "TLS: ", 3},
	} {
		t.Run(name, func(t *testing.T) {
			m := s.mail(notify.StartTLS)
			m.User, m.Password = mailUser, mailPassword
			test.edit(&m)
			*w = waits{}
			m.Wait = w.wait
			err := m.Send(t.Context(), message(t, nil))
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("wanted %q: %v", test.want, err)
			}
			if len(w.all) != test.wait {
				t.Errorf("it waited %d times, wanted %d: %v", len(w.all), test.wait, err)
			}
			for _, secret := range []string{mailPassword, "Wr0ng-Planted", "UGxAbnRlZA"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("a secret is told: %v", err)
				}
			}
		})
	}
	if left := s.Mails(); len(left) > 0 {
		t.Errorf("the server took %v", left)
	}
}

// Who is refused does not keep the others from their mail.
func TestMailPartly(t *testing.T) {
	s := startMail(t, "starttls", "")
	m := s.mail(notify.StartTLS)
	m.To = append(m.To, "nobody@contoso.com")
	sent := message(t, nil)
	sent.Page = nil // it was too large
	err := m.Send(t.Context(), sent)
	if !errors.Is(err, notify.ErrPartly) || !strings.Contains(err.Error(), "recipient nobody@contoso.com: 550") {
		t.Errorf("%v", err)
	}
	head, got := s.taken(t)
	if !strings.Contains(head, "recipients ines@contoso.com ops@contoso.com\n") {
		t.Errorf("%s", head)
	}
	if text, page := parts(t, got); page != "" || !strings.Contains(text, "The report is too large to be sent as a page.") {
		t.Errorf("%d bytes of page, %s", len(page), text)
	}
}

// Who is refused for now alone is tried again, and who has got it does not get it twice.
func TestMailPartlyLater(t *testing.T) {
	s := startMail(t, "starttls", "")
	m := s.mail(notify.StartTLS)
	m.To = append(m.To, "later@contoso.com", "nobody@contoso.com")
	w := &waits{}
	m.Wait = w.wait
	err := m.Send(t.Context(), message(t, nil))
	if !errors.Is(err, notify.ErrPartly) || !strings.Contains(err.Error(), "recipient later@contoso.com: 451") || !strings.Contains(err.Error(), "not everybody has got it: recipient nobody@contoso.com: 550") || len(w.all) != 3 {
		t.Errorf("waited %v: %v", w.all, err)
	}
	if head, _ := s.taken(t); !strings.Contains(head, "recipients ines@contoso.com ops@contoso.com\n") {
		t.Errorf("%s", head)
	}
}

// Who is served the second time gets the letter alone, and then everybody has it.
func TestMailTwice(t *testing.T) {
	s := startMail(t, "starttls", "")
	m := s.mail(notify.StartTLS)
	m.To = append(m.To, "once@contoso.com")
	if err := m.Send(t.Context(), message(t, nil)); err != nil {
		t.Fatal(err)
	}
	var to []string
	for _, mail := range s.Mails() {
		for line := range strings.Lines(mail.Envelope) {
			if strings.HasPrefix(line, "recipients ") {
				to = append(to, strings.TrimSpace(line))
			}
		}
	}
	if strings.Join(to, "; ") != "recipients ines@contoso.com ops@contoso.com; recipients once@contoso.com" {
		t.Errorf("%q", to)
	}
}

// A server that gives back what it was sent, in every spelling, does not make siteready tell it.
// One that hangs, cuts the line or speaks another language ends in time.
func TestMailFromStrangeServers(t *testing.T) {
	for name, test := range map[string]struct {
		talk func(net.Conn)
		want string
	}{
		"hangs at once":      {func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, "no success within 300ms"},
		"cuts":               {func(c net.Conn) {}, "greeting: "},
		"speaks HTTP":        {func(c net.Conn) { fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }, "greeting: "},
		"refuses":            {func(c net.Conn) { fmt.Fprint(c, "554 5.7.1 "+mailPassword+" "+strings.Repeat("x", 100000)+"\r\n") }, `greeting: 554 "5.7.1 (hidden) xxx`},
		"never ends a line":  {func(c net.Conn) { _, _ = io.Copy(c, endless{}) }, "greeting: the server said more than 1 MiB"},
		"hangs after HELLO":  {func(c net.Conn) { fmt.Fprint(c, "220 x\r\n"); _, _ = io.Copy(io.Discard, c) }, "no success within 300ms"},
		"a terminal's codes": {func(c net.Conn) { fmt.Fprint(c, "554 \x1b[31mred\x07\r\n") }, `greeting: 554 "`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					test.talk(c)
					_ = c.Close()
				}
			}()
			m := notify.Mail{
				Server: l.Addr().String(), Encryption: notify.StartTLS, From: "a@b.test", To: []string{"c@d.test"},
				User: mailUser, Password: mailPassword, Limit: 300 * time.Millisecond,
			}
			err = m.Send(t.Context(), message(t, nil))
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), mailPassword) || strings.ContainsAny(err.Error(), "\x1b\x07\r\n") || len(err.Error()) > 2100 {
				t.Errorf("%.500v", err)
			}
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestMailValidate(t *testing.T) {
	good := notify.Mail{Server: "mail.contoso.com", Encryption: notify.StartTLS, From: "a@b.test", To: []string{"c@d.test"}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, edit := range map[string]func(*notify.Mail){
		"one of starttls, tls, none":        func(m *notify.Mail) { m.Encryption = "ssl" },
		"no server as HOST":                 func(m *notify.Mail) { m.Server = "" },
		`"smtp://mail" has no port`:         func(m *notify.Mail) { m.Server = "smtp://mail" },
		"no port from 1 to 65535":           func(m *notify.Mail) { m.Server = "mail:70000" },
		"no address to send to":             func(m *notify.Mail) { m.To = nil },
		`"x" is no mail address`:            func(m *notify.Mail) { m.From = "x" },
		`"a@b.test\r\nBcc: c@d.test" is no`: func(m *notify.Mail) { m.To = []string{"a@b.test\r\nBcc: c@d.test"} },
		"needs both a user and a password":  func(m *notify.Mail) { m.User = "u" },
		"not sent in the clear":             func(m *notify.Mail) { m.User, m.Password, m.Encryption = "u", "p", notify.Clear },
		"a name of more than 200":           func(m *notify.Mail) { m.From = strings.Repeat("x", 201) + " <a@b.test>" },
		"it has more than 254 characters":   func(m *notify.Mail) { m.To = []string{"a@" + strings.Repeat("b.", 125) + "test"} },
		"that every server takes":           func(m *notify.Mail) { m.From = "ä@b.test" },
	} {
		m := good
		edit(&m)
		if err := m.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("wanted %q: %v", want, err)
		}
	}
	for _, text := range []string{"u:Planted@mail", "u:Planted@mail:587", "smtp://u:Planted@mail:587", "u:Plan:ted@[::1]"} {
		if _, _, err := notify.ParseServer(text); err == nil || strings.Contains(err.Error(), "Plan") {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]string{"mail": "mail ", "mail:25": "mail 25", "[::1]:25": "::1 25", "::1": "::1 "} {
		host, port, err := notify.ParseServer(text)
		if err != nil || host+" "+port != want {
			t.Errorf("%s: %q %q %v", text, host, port, err)
		}
	}
}
