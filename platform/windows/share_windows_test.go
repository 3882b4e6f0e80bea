package windows

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"siteready/platform"
)

func TestShareOutcomes(t *testing.T) {
	const path = `\\fs01\source\folder`
	is := func(err error) func(string) error { return func(string) error { return err } }
	// missing is a folder that is not there, below a root with an outcome of its own.
	missing := func(root error) func(string) error {
		return func(asked string) error {
			if asked == path {
				return windows.ERROR_PATH_NOT_FOUND
			}
			return root
		}
	}
	malformed := platform.Refuse(platform.ErrMalformed, "a file")
	tests := map[string]struct {
		open   func(string) error
		want   platform.Share
		reason error
	}{
		"open":                {is(nil), platform.Share{Outcome: "reachable"}, nil},
		"denied":              {is(windows.ERROR_ACCESS_DENIED), platform.Share{Outcome: "denied", Number: 5}, nil},
		"log-on":              {is(windows.ERROR_LOGON_FAILURE), platform.Share{Outcome: "denied", Number: 1326}, nil},
		"no server":           {is(windows.ERROR_BAD_NETPATH), platform.Share{Outcome: "no_server", Number: 53}, nil},
		"no route":            {is(windows.ERROR_NETWORK_UNREACHABLE), platform.Share{Outcome: "no_server", Number: 1231}, nil},
		"no share":            {is(windows.ERROR_BAD_NET_NAME), platform.Share{Outcome: "no_share", Number: 67}, nil},
		"timeout":             {is(windows.ERROR_SEM_TIMEOUT), platform.Share{Outcome: "no_answer", Number: 121}, nil},
		"no folder":           {missing(nil), platform.Share{Outcome: "no_folder", Number: 3}, nil},
		"no folder, no share": {missing(windows.ERROR_BAD_NET_NAME), platform.Share{Outcome: "no_share", Number: 67}, nil},
		"no folder, no root":  {is(windows.ERROR_PATH_NOT_FOUND), platform.Share{}, platform.ErrUnreachable},
		"in use":              {is(windows.ERROR_SHARING_VIOLATION), platform.Share{}, platform.ErrDenied},
		"unknown number":      {is(windows.Errno(9999)), platform.Share{}, platform.ErrUnsupported},
		"busy":                {is(windows.ERROR_NETWORK_BUSY), platform.Share{}, platform.ErrUnreachable},
		"a file":              {is(malformed), platform.Share{}, platform.ErrMalformed},
		"a file as root":      {missing(malformed), platform.Share{}, platform.ErrUnreachable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := knock(t.Context(), path, time.Hour, test.open)
			if test.reason != nil {
				if !errors.Is(err, test.reason) {
					t.Errorf("%v, %v; want %v", got, err, test.reason)
				}
				return
			}
			if got != test.want || err != nil {
				t.Errorf("%v, %v; want %v", got, err, test.want)
			}
		})
	}
}

func TestShareThatDoesNotAnswer(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	hang := func(string) error {
		<-release
		return nil
	}
	if got, err := knock(t.Context(), `\\dead\x`, time.Nanosecond, hang); got != (platform.Share{Outcome: platform.ShareNoAnswer}) || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := knock(ctx, `\\dead\x`, time.Hour, hang); !errors.Is(err, platform.ErrTimeout) || !strings.Contains(err.Error(), `CreateFile \\dead\x`) {
		t.Errorf("%v, %v", got, err)
	}
}

// readerFunc is a reader made of a function.
type readerFunc func(context.Context, platform.Question) (json.RawMessage, error)

func (f readerFunc) Read(ctx context.Context, q platform.Question) (json.RawMessage, error) {
	return f(ctx, q)
}

// A share that hangs is counted until its call comes back, though there is an answer.
func TestHangingShareIsCounted(t *testing.T) {
	release := make(chan struct{})
	m := platform.Open(t.Context(), readerFunc(func(ctx context.Context, q platform.Question) (json.RawMessage, error) {
		answer, err := knock(ctx, q.Where, time.Nanosecond, func(string) error {
			<-release
			return nil
		})
		if err != nil {
			return nil, err
		}
		return json.Marshal(answer)
	}), time.Now(), platform.DefaultLimits())
	q := platform.ReadShare(`\\dead\x`)
	got, err := platform.Ask(t.Context(), m.Session(), q)
	if got != (platform.Share{Outcome: platform.ShareNoAnswer}) || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if hanging := m.Hanging(0); !slices.Equal(hanging, []platform.Question{q.Question}) {
		t.Errorf("these hang: %v", hanging)
	}
	close(release)
	if hanging := m.Hanging(time.Minute); len(hanging) > 0 {
		t.Errorf("after its return these hang: %v", hanging)
	}
}

func TestSharePaths(t *testing.T) {
	for path, want := range map[string]bool{
		`\\s\x`: true, `\\s.contoso.com\x$\`: true, `\\s\x\a b\c`: true, `\\[fe80]\x`: true,
		``: false, `\\`: false, `\\s`: false, `\\s\`: false, `\\\x\y`: false, `\\s\\x`: false, `\\s\x\\`: false, `C:\x`: false,
		`\\.\pipe\x`: false, `\\?\C:\x`: false, `\\s\x\..\y`: false, `//s/x`: false, `\\s\x*`: false, `\s\x`: false,
	} {
		if err := wantShare(path); (err == nil) != want {
			t.Errorf("%q: %v", path, err)
		}
	}
}
