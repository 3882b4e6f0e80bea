package notify_test

import (
	"bytes"
	"net"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"siteready/report/notify"
)

// What an operator gives as a mail address, a server or a web address is refused, or it can stand in
// a letter's head and in a log as it is: without a control character, a password or a path.
func FuzzAddresses(f *testing.F) {
	for _, text := range []string{
		"", "ops@contoso.com", `"Ops, East" <ops@contoso.com>`, "ops@contoso.com\r\nBcc: x@y.z", "=?utf-8?q?a?= <a@b.c>", "a@b\u202e.c", "mail.contoso.com:587", "[::1]:25", "::1",
		"user:secret@mail.contoso.com", "mail:0", "mail:65536", "https://chat.contoso.com/hooks/secret?x=1#y", "http://127.0.0.1:8080/x", "http://contoso.com", "https://u:p@x/", "https://", "HTTPS://x", "https://x:y/",
		"http://[::1%25eth0]/", "https://x/\r\n", "javascript:alert(1)",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if address, err := notify.ParseAddress(text); err == nil {
			if strings.ContainsFunc(address.String(), unicode.IsControl) {
				t.Errorf("%q became %q", text, address.String())
			}
			if again, err := notify.ParseAddress(address.String()); err != nil || again != address {
				t.Errorf("%q became %q, which is %q, %v", text, address.String(), again.String(), err)
			}
		}
		if host, port, err := notify.ParseServer(text); err == nil {
			if host == "" || strings.ContainsFunc(host+port, unicode.IsControl) || strings.ContainsAny(host, "@/ ") {
				t.Errorf("%q became %q and %q", text, host, port)
			}
			if again, other, err := notify.ParseServer(net.JoinHostPort(host, port)); port != "" && (err != nil || again != host || other != port) {
				t.Errorf("%q became %q and %q, and then %q and %q: %v", text, host, port, again, other, err)
			}
		} else if strings.Contains(text, "@") && strings.Contains(err.Error(), text) {
			t.Errorf("the error tells %q, in which may be a password: %v", text, err)
		}
		shown := notify.ShownURL(text)
		if strings.ContainsFunc(shown, unicode.IsControl) {
			t.Errorf("%q is shown as %q", text, shown)
		}
		u, err := notify.ParseURL(text)
		if err != nil {
			return
		}
		if u.Scheme != "https" && u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback() || u.User != nil {
			t.Errorf("%q was taken", text)
		}
		if seen, err := url.Parse(shown); err != nil || seen.Host != u.Host || seen.RawQuery != "" || seen.Path != "" && seen.Path != "/..." {
			t.Errorf("%q is shown as %q", text, shown)
		}
	})
}

// A file that says what each channel was told is refused, or is written again as the same.
func FuzzMemory(f *testing.F) {
	whole, err := notify.Memory{"mail": {}, "webhook": {}}.Encode()
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{string(whole), "", "{}", "null", `{"schema":1,"told":{}}`, `{"schema":1e999}`, `{"schema":1,"told":{"mail":null}}`, strings.Repeat("[", 20_000)} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		memory, err := notify.ParseMemory(data)
		if err != nil {
			if memory != nil || err.Error() == "" {
				t.Errorf("%v beside the error %q", memory, err)
			}
			return
		}
		first, err := memory.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := notify.ParseMemory(first)
		if err != nil {
			t.Fatalf("written again it is not read: %v\n%s", err, first)
		}
		if second, err := again.Encode(); err != nil || !bytes.Equal(first, second) {
			t.Errorf("written twice it is another file: %v\n%s\n%s", err, first, second)
		}
	})
}
