//go:build linux

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"siteready/report/notify"
	"siteready/report/notify/notifytest"
)

// toldBy is where a script's messages go.
type toldBy struct {
	mail  *notifytest.MailServer
	mu    sync.Mutex
	posts []string
	wrong string // what is wrong with a post
	codes []int  // the answers to come; 204 when there are none
}

// The planted secrets of scripts.
const (
	scriptMailUser     = "mailer@contoso.com"
	scriptMailPassword = "Planted-mail-5ecret"
	scriptWebSecret    = "Planted-web-5ecret"
)

// mailserver starts a mail server that wants STARTTLS and a log-on. It is at $MAILSERVER, its
// certificate is trusted, and the log-on is where siteready looks for it.
func cmdMailServer(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, len(args) == 0, "mailserver")
	s := notifytest.StartMail(of(ts), notifytest.MailOptions{Mode: "starttls", User: scriptMailUser, Password: scriptMailPassword})
	of(ts).mail = s
	ts.Setenv("MAILSERVER", s.Address)
	ts.Setenv("SSL_CERT_FILE", s.CertFile)
	ts.Setenv(mailUserVariable, scriptMailUser)
	ts.Setenv(mailPasswordVariable, scriptMailPassword)
}

// mail N FILE checks that the mail server took N mails so far, and writes the last one to FILE.
func cmdMail(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, len(args) == 2, "mail N FILE")
	all := of(ts).mail.Mails()
	if strconv.Itoa(len(all)) != args[0] {
		ts.Fatalf("the server took %d mails, wanted %s", len(all), args[0])
	}
	if len(all) > 0 {
		last := all[len(all)-1]
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.ReplaceAll(last.Envelope+"\n"+last.Raw, "\r\n", "\n")), 0o600))
	}
}

// webserver [CODE...] starts a web server at $WEBHOOK, or has the running one answer with these
// codes, and then with 204.
func cmdWebServer(ts *testscript.TestScript, neg bool, args []string) {
	var codes []int
	for _, arg := range args {
		code, err := strconv.Atoi(arg)
		ts.Check(err)
		codes = append(codes, code)
	}
	wants(ts, neg, true, "webserver [CODE...]")
	told := of(ts)
	told.mu.Lock()
	told.codes = codes
	told.mu.Unlock()
	if ts.Getenv("WEBHOOK") != "" {
		return
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		told.mu.Lock()
		defer told.mu.Unlock()
		if head := r.Header; err != nil || head.Get(notify.HeaderSignature) != notify.Sign(scriptWebSecret, head.Get(notify.HeaderTime), body) {
			told.wrong = "a post is not signed, or was cut"
		}
		code := http.StatusNoContent
		if len(told.codes) > 0 {
			code, told.codes = told.codes[0], told.codes[1:]
		}
		if code == http.StatusNoContent {
			told.posts = append(told.posts, string(body))
		}
		w.WriteHeader(code)
	}))
	told.Cleanup(server.Close)
	ts.Setenv("WEBHOOK", server.URL+"/hooks/Planted-t0ken-in-path")
	ts.Setenv(webhookSecretVariable, scriptWebSecret)
}

// post N FILE checks that the web server took N posts so far, each signed, and writes the last one.
func cmdPost(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, len(args) == 2, "post N FILE")
	told := of(ts)
	told.mu.Lock()
	defer told.mu.Unlock()
	if strconv.Itoa(len(told.posts)) != args[0] || told.wrong != "" {
		ts.Fatalf("the server took %d posts, wanted %s; %s", len(told.posts), args[0], told.wrong)
	}
	if len(told.posts) > 0 {
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(told.posts[len(told.posts)-1]), 0o600))
	}
}
