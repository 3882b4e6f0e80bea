package notify_test

import (
	"net"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"siteready/report/notify"
)

// talking is a mail server in the clear that says what EHLO is answered with, and looks at a letter for a
// while before it takes it.
func talking(t *testing.T, hello string, looks time.Duration) (address string, letters chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	letters = make(chan string, 8)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			talk := textproto.NewConn(c)
			_ = talk.PrintfLine("220 mail.test")
			for line, err := talk.ReadLine(); err == nil; line, err = talk.ReadLine() {
				switch verb, _, _ := strings.Cut(line, " "); verb {
				case "EHLO":
					_ = talk.PrintfLine("%s", hello)
				case "DATA":
					_ = talk.PrintfLine("354 go on")
					letter, _ := talk.ReadDotBytes()
					timer := time.NewTimer(looks)
					<-timer.C
					letters <- string(letter)
					_ = talk.PrintfLine("250 taken")
				case "QUIT":
					_ = talk.PrintfLine("221 bye")
				default:
					_ = talk.PrintfLine("250 fine")
				}
			}
			_ = talk.Close()
		}
	}()
	return l.Addr().String(), letters
}

// Where STARTTLS is not offered, or is refused, nothing is sent that somebody on the way could read: no log-on, no
// address and no letter.
func TestMailStaysEncrypted(t *testing.T) {
	for name, test := range map[string]struct {
		offers []string
		answer string // to STARTTLS
		want   string
		waits  int
	}{
		"stripped":         {[]string{"AUTH PLAIN LOGIN", "SIZE 1000000"}, "", "offers no STARTTLS, and nothing was sent", 0},
		"refused for ever": {[]string{"STARTTLS", "AUTH PLAIN LOGIN"}, "501 no", `STARTTLS: 501 "no"`, 0},
		"refused for now":  {[]string{"STARTTLS", "AUTH PLAIN LOGIN"}, "454 later", `tried 4 times: STARTTLS: 454 "later"`, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			heard := make(chan string, 100)
			go func() {
				defer close(heard)
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					talk := textproto.NewConn(c)
					_ = talk.PrintfLine("220 mail.test")
					for line, err := talk.ReadLine(); err == nil; line, err = talk.ReadLine() {
						verb, _, _ := strings.Cut(line, " ")
						heard <- verb
						if verb == "STARTTLS" {
							_ = talk.PrintfLine("%s", test.answer)
							continue
						}
						_ = talk.PrintfLine("250-mail.test\r\n250-%s", strings.Join(test.offers, "\r\n250 "))
					}
					_ = talk.Close()
				}
			}()
			w := &waits{}
			m := notify.Mail{
				Server: l.Addr().String(), Encryption: notify.StartTLS, From: "a@b.test", To: []string{"c@d.test"},
				User: mailUser, Password: mailPassword, Wait: w.wait,
			}
			err = m.Send(t.Context(), message(t, nil))
			if err == nil || !strings.Contains(err.Error(), test.want) || len(w.all) != test.waits {
				t.Errorf("waited %d times: %v", len(w.all), err)
			}
			_ = l.Close()
			for verb := range heard {
				if verb != "EHLO" && verb != "STARTTLS" && verb != "QUIT" {
					t.Errorf("it said %s", verb)
				}
			}
		})
	}
}

// A server that takes no large letters gets the summary; one that looks at a letter for longer than a try may
// take is waited for, so that nobody gets it twice.
func TestMailServersWithLimits(t *testing.T) {
	for name, test := range map[string]struct {
		hello string
		looks time.Duration
		page  bool
	}{
		"small":       {"250-mail.test\r\n250 SIZE 20000", 0, false},
		"large":       {"250-mail.test\r\n250 SIZE 20000000", 0, true},
		"not limited": {"250-mail.test\r\n250 SIZE 0", 0, true},
		"no number":   {"250-mail.test\r\n250 SIZE", 0, true},
		"says none":   {"250 mail.test", 0, true},
		"thorough":    {"250 mail.test", 1500 * time.Millisecond, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, letters := talking(t, test.hello, test.looks)
			m := notify.Mail{Server: address, Encryption: notify.Clear, From: "a@b.test", To: []string{"c@d.test"}, Wait: (&waits{}).wait}
			if test.looks > 0 {
				m.OneTry = time.Second
			}
			if err := m.Send(t.Context(), message(t, nil)); err != nil {
				t.Fatal(err)
			}
			letter := <-letters
			if strings.Contains(letter, "attachment") != test.page || strings.Contains(letter, "too large to be sent as a page") == test.page || !strings.Contains(letter, "BLOCKED: 2 failed") {
				t.Errorf("%.3000s", letter)
			}
			if len(letters) > 0 {
				t.Error("it came twice")
			}
		})
	}
}
