//go:build linux

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"siteready/cmd/siteready/demo"
	"siteready/platform/windows/winetest"
	"siteready/report/notify"
	"siteready/report/notify/notifytest"
)

// The shipped program tells a web address of a run, signed, and remembers that it did. To a mail
// server whose certificate Windows does not trust it sends nothing.
func TestNotifyUnderWine(t *testing.T) {
	const site, history, secret = `C:\demo.site`, `C:\history`, "Planted-web-5ecret"
	exe := windowsProgram(t)
	p := winetest.New(t)
	p.WriteFile(site, demo.Site)
	p.WriteFile(history+`\about.txt`, []byte("the folder of the history must be there\n"))
	var posts atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get(notify.HeaderSignature) != notify.Sign(secret, r.Header.Get(notify.HeaderTime), body) {
			t.Errorf("the signature is wrong: %v", err)
		}
		posts.Add(1)
	}))
	t.Cleanup(server.Close)
	mail := notifytest.StartMail(t, notifytest.MailOptions{Mode: "starttls"})
	run := func(args ...string) winetest.Result {
		return p.Run(t.Context(), exe, winetest.RunOptions{Env: []string{webhookSecretVariable + "=" + secret}},
			append([]string{"check", "--no-config", "--site", site, "--format", "verdict", "--history", history}, args...)...)
	}
	for _, want := range []string{"told by webhook: what was told before is not known", "nothing was told by webhook: as before"} {
		if got := run("--webhook", server.URL); got.ExitCode != 2 || !strings.Contains(string(got.Stderr), want) || posts.Load() != 1 {
			t.Errorf("exit code %d, %d posts, wanted %q: %s", got.ExitCode, posts.Load(), want, got.Stderr)
		}
	}
	got := run("--mail-to", "a@b.test", "--mail-from", "c@d.test", "--mail-server", mail.Address)
	if got.ExitCode != 2 || !strings.Contains(string(got.Stderr), "the message by mail was not delivered: mail to "+mail.Address+": STARTTLS: ") || len(mail.Mails()) > 0 {
		t.Errorf("exit code %d, %d mails: %s", got.ExitCode, len(mail.Mails()), got.Stderr)
	}
}
