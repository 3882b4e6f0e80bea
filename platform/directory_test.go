package platform_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"siteready/platform"
)

const inDirectory = `{"sid":"S-1-5-21-1-2-3-1105","controller":"dc01.contoso.com","managed":false,"disabled":false,"locked":false,"must_change":false,"ends":false,"end":"0001-01-01T00:00:00Z"}`

// askDirectory asks a domain for some accounts, one after the other.
func askDirectory(t *testing.T, m *platform.Machine, domain string, names ...string) (last error) {
	t.Helper()
	for _, name := range names {
		_, last = platform.Ask(t.Context(), m.Session(), platform.ReadDirectoryAccount(domain+`\`+name))
	}
	return last
}

// A domain whose controller is silent costs one limit, however many accounts are asked for; the call
// is counted as one that hangs. Other domains, and other questions about its accounts, are not hurt.
func TestSilentDomainIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		release := make(chan struct{})
		m := open(t.Context(), reader(func(_ context.Context, q platform.Question) (json.RawMessage, error) {
			switch {
			case q.What == platform.AccountOfName:
				return json.RawMessage(`{"sid":"S-1-5-21-1-2-3-1105","name":"DEAD\\a","use":"user"}`), nil
			case !strings.HasPrefix(strings.ToUpper(q.Where), `DEAD\`):
				return json.RawMessage(inDirectory), nil
			}
			asked.Add(1)
			<-release // no call into Windows can be cut
			return nil, platform.Refuse(platform.ErrTimeout, "too late")
		}))
		start := time.Now()
		refused(t, askDirectory(t, m, "DEAD", "a", "b", "c"), platform.ErrTimeout, "no answer from the domain DEAD within 10s")
		refused(t, askDirectory(t, m, "dead", "d"), platform.ErrTimeout, "no answer from the domain DEAD within 10s")
		if took := time.Since(start); took != 10*time.Second || asked.Load() != 1 {
			t.Errorf("it took %v, and %d questions", took, asked.Load())
		}
		if err := askDirectory(t, m, "CONTOSO", "a", "b"); err != nil {
			t.Error(err)
		}
		if _, err := platform.Ask(t.Context(), m.Session(), platform.ReadAccount(`DEAD\a`)); err != nil {
			t.Error(err)
		}
		if hanging := m.Hanging(time.Second); len(hanging) != 1 || hanging[0] != platform.ReadDirectoryAccount(`DEAD\a`).Question {
			t.Errorf("hanging are %v", hanging)
		}
		close(release)
	})
}

// Without a controller nothing more is asked of a domain; a refusal, and an account that is not there,
// are about one account alone.
func TestDomainWithoutAControllerIsAskedOnce(t *testing.T) {
	var asked atomic.Int32
	m := open(t.Context(), reader(func(_ context.Context, q platform.Question) (json.RawMessage, error) {
		asked.Add(1)
		switch domain, name, _ := strings.Cut(q.Where, `\`); {
		case domain == "AWAY":
			return nil, platform.Refuse(platform.ErrUnreachable, "DsGetDcName AWAY: (1355)")
		case name == "denied":
			return nil, platform.Refuse(platform.ErrDenied, "NetUserGetInfo: (5)")
		case name == "gone":
			return nil, platform.Refuse(platform.ErrAbsent, "NetUserGetInfo: (2221)")
		}
		return json.RawMessage(inDirectory), nil
	}))
	refused(t, askDirectory(t, m, "AWAY", "a", "b", "c"), platform.ErrUnreachable, "(1355)")
	if asked.Load() != 1 {
		t.Errorf("%d questions were put", asked.Load())
	}
	refused(t, askDirectory(t, m, "CONTOSO", "denied"), platform.ErrDenied, "(5)")
	refused(t, askDirectory(t, m, "CONTOSO", "gone"), platform.ErrAbsent, "(2221)")
	if err := askDirectory(t, m, "CONTOSO", "a"); err != nil {
		t.Error(err)
	}
}
