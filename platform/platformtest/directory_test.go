package platformtest_test

import (
	"errors"
	"testing"

	"siteready/platform"
	"siteready/platform/platformtest"
)

// A constructed directory knows its accounts, and the groups of those that it tells of. What it does not
// have is not there; a domain that is not there has no controller.
func TestDirectorySite(t *testing.T) {
	account := func(sid string) map[string]any {
		return map[string]any{"sid": sid, "managed": true, "disabled": false, "locked": false, "must_change": false, "ends": false, "end": "0001-01-01T00:00:00Z"}
	}
	site := newSite(t, platformtest.Edit(small(), map[string]any{"directories": map[string]any{"CONTOSO": map[string]any{
		"controller": "dc01.contoso.com",
		"accounts":   map[string]any{"svc": account("S-1-5-21-1-1105"), "msa$": account("S-1-5-21-1-1106")},
		"groups":     map[string]any{"svc": []any{"S-1-5-21-1-513", "S-1-5-21-1-1170"}},
	}}}))
	for _, test := range []struct {
		question platform.Question
		want     string
		reason   error
	}{
		{
			question: platform.ReadDirectoryAccount(`contoso\SVC`).Question,
			want:     `{"sid":"S-1-5-21-1-1105","controller":"dc01.contoso.com","managed":true,"disabled":false,"locked":false,"must_change":false,"ends":false,"end":"0001-01-01T00:00:00Z"}`,
		},
		{
			question: platform.ReadDirectoryGroups(`CONTOSO\svc`).Question,
			want:     `{"sid":"S-1-5-21-1-1105","controller":"dc01.contoso.com","count":2,"list":["S-1-5-21-1-1170","S-1-5-21-1-513"],"more":false}`,
		},
		{question: platform.ReadDirectoryGroups(`CONTOSO\msa$`).Question, reason: platform.ErrDenied},
		{question: platform.ReadDirectoryGroups(`CONTOSO\gone`).Question, reason: platform.ErrAbsent},
		{question: platform.ReadDirectoryAccount(`CONTOSO\gone`).Question, reason: platform.ErrAbsent},
		{question: platform.ReadDirectoryAccount(`AWAY\svc`).Question, reason: platform.ErrUnreachable},
	} {
		if raw, err := site.Read(t.Context(), test.question); string(raw) != test.want || !errors.Is(err, test.reason) {
			t.Errorf("%s: %s, %v; want %s, %v", test.question, raw, err, test.want, test.reason)
		}
	}
	away := append(absent(site), platform.ReadDirectoryAccount(`CONTOSO\gone`).Question)
	if err := platformtest.TestReader(t.Context(), site, site.Questions(), away); err != nil {
		t.Error(err)
	}
}
