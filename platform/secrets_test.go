package platform_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"siteready/platform"
)

// What looks like a secret in a refusal does not come through the door; the rest does.
func TestRefusalsHideSecrets(t *testing.T) {
	for _, test := range []struct{ said, want string }{
		{"Login failed for user 'sa'. (18456)", "Login failed for user 'sa'. (18456)"},
		{"the provider says: Server=a;User ID=sa;Password=S3CRET x;Encrypt=true", "the provider says: Server=a;User ID=sa;Password=(hidden);Encrypt=true"},
		{"PWD = {S3;CRET}; closed", "PWD = (hidden); closed"},
		{`Pwd="S3;CRET" closed`, "Pwd=(hidden) closed"},
		{"CREATE LOGIN x WITH PASSWORD = N'it''s S3CRET', CHECK_POLICY = OFF", "CREATE LOGIN x WITH PASSWORD = (hidden), CHECK_POLICY = OFF"},
		{"CREATE LOGIN x WITH PASSWORD = 'S3CRET and no end", "CREATE LOGIN x WITH PASSWORD = (hidden)"},
		{"password=S3CRET", "password=(hidden)"},
		{"AccountName=a;AccountKey=S3CRET==;x=y", "AccountName=a;AccountKey=(hidden);x=y"},
		{"SHARED ACCESS SIGNATURE = S3CRET", "SHARED ACCESS SIGNATURE = (hidden)"},
		{`{"user": "a", "Password": "S3\"CRET", "x": 1}`, `{"user": "a", "Password": (hidden), "x": 1}`},
		{"https://svc:S3/CR@ET@proxy:8080/x is closed", "https://svc:(hidden)@proxy:8080/x is closed"},
		{"https://proxy:8080/x is closed", "https://proxy:8080/x is closed"},
		{"-----BEGIN RSA PRIVATE KEY-----\nS3CRET\n-----END RSA PRIVATE KEY-----\nis no certificate", "(hidden)\nis no certificate"},
		{"-----BEGIN PRIVATE KEY-----\nS3CRET", "(hidden)"},
		{`the key HKLM\SOFTWARE\X, value Password, could not be read: error 5`, `the key HKLM\SOFTWARE\X, value Password, could not be read: error 5`},
		{"the password in SITEREADY_SQL_PASSWORD is refused", "the password in SITEREADY_SQL_PASSWORD is refused"},
	} {
		refusal := &platform.NoAnswer{Reason: platform.ErrDenied, Cause: test.said, Help: test.said, EndsLine: true}
		m := open(t.Context(), reader(func(context.Context, platform.Question) (json.RawMessage, error) { return nil, refusal }))
		_, err := platform.Ask(t.Context(), m.Session(), platform.ReadMemory())
		no := refused(t, err, platform.ErrDenied)
		if no.Cause != test.want || no.Help != test.want || !no.EndsLine {
			t.Errorf("%q became %q, %q; want %q", test.said, no.Cause, no.Help, test.want)
		}
		if refusal.Cause != test.said {
			t.Errorf("the reader's own error was changed to %q", refusal.Cause)
		}
	}
}

// FuzzSecrets plants a secret in each of the forms: it never comes through, whatever follows
// it, and whatever stands before it that does not begin such a form itself.
func FuzzSecrets(f *testing.F) {
	for _, text := range []string{"", "Server=a;", "'", `"`, "://u:", "-----BEGIN PRIVATE KEY-----", "password=", "{", "é", "\xff", "PASSWORD = N'x', y='", "api-key=", `\`} {
		f.Add(text, ";x")
		f.Add("x ", text)
	}
	const secret = "S3CRET"
	f.Fuzz(func(t *testing.T, before, after string) {
		if strings.Contains(before+after, "S3") || strings.Contains(before+after, "CRET") {
			return
		}
		before = strings.NewReplacer("'", "", `"`, "", "=", "", "{", "", ":", "", "-", "").Replace(before)
		for _, form := range []string{"Password=%", "pwd = '%'", `PWD="%"`, "Secret={%}", "PASSWORD = N'a''%'", "AccountKey=%;", "ftp://u:%@h", `{"password":"%"}`, "-----BEGIN PRIVATE KEY-----%-----END PRIVATE KEY-----"} {
			text := before + " " + strings.ReplaceAll(form, "%", secret) + after
			m := open(t.Context(), reader(func(context.Context, platform.Question) (json.RawMessage, error) {
				return nil, platform.Refuse(platform.ErrDenied, "%s", text)
			}))
			_, err := platform.Ask(t.Context(), m.Session(), platform.ReadMemory())
			if no := refused(t, err, platform.ErrDenied); strings.Contains(no.Cause, secret) {
				t.Errorf("%q comes through as %q", text, no.Cause)
			}
		}
	})
}
