package network

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"siteready/platform"
	"siteready/platform/platformtest"
)

// book is a resolver that knows these names, and no others.
func book(names map[string][]string) func(context.Context, string, string) ([]netip.Addr, error) {
	return func(_ context.Context, _, host string) ([]netip.Addr, error) {
		var all []netip.Addr
		for _, address := range names[host] {
			all = append(all, netip.MustParseAddr(address))
		}
		if all == nil {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		return all, nil
	}
}

// listen opens a port of this machine.
func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func portOf(t *testing.T, l net.Listener) string {
	t.Helper()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// closedPort is a port of this machine on which nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l := listen(t, "127.0.0.1")
	port := portOf(t, l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}

func ask[A any](t *testing.T, r platform.Reader, q platform.Query[A]) (A, error) {
	t.Helper()
	return platform.Ask(t.Context(), platform.Open(t.Context(), r, time.Now(), platform.DefaultLimits()).Session(), q)
}

func TestOpenAndRefused(t *testing.T) {
	l := listen(t, "127.0.0.1")
	sent := make(chan int, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		n, _ := conn.Read(make([]byte, 16)) // ends when the other side closes
		sent <- n
	}()
	r := New()
	got, err := ask(t, r, platform.ReadTCP(l.Addr().String()))
	if err != nil || got.Outcome != platform.TCPOpen || !slices.Equal(got.Addresses, []string{"127.0.0.1"}) {
		t.Errorf("%+v, %v", got, err)
	}
	if n := <-sent; n != 0 {
		t.Errorf("%d bytes were sent", n)
	}
	got, err = ask(t, r, platform.ReadTCP("127.0.0.1:"+closedPort(t)))
	if err != nil || got.Outcome != platform.TCPRefused {
		t.Errorf("%+v, %v", got, err)
	}
}

// Of several addresses the best outcome counts.
func TestSeveralAddresses(t *testing.T) {
	l := listen(t, "127.0.0.3")
	r := New()
	r.lookup = book(map[string][]string{"both": {"127.0.0.3", "127.0.0.2"}, "mapped": {"::ffff:127.0.0.3", "127.0.0.3"}})
	got, err := ask(t, r, platform.ReadTCP("both:"+portOf(t, l)))
	if err != nil || got.Outcome != platform.TCPOpen || !slices.Equal(got.Addresses, []string{"127.0.0.2", "127.0.0.3"}) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = ask(t, r, platform.ReadTCP("mapped:"+portOf(t, l))); err != nil || len(got.Addresses) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	failed := func(number syscall.Errno) error { return &net.OpError{Op: "dial", Net: "tcp", Err: number} }
	for name, test := range map[string]struct {
		a, b error
		want string
	}{
		"refused and silent":      {failed(wsaRefused), failed(wsaTimedOut), platform.TCPRefused},
		"silent and no way":       {failed(syscall.ETIMEDOUT), failed(syscall.EHOSTUNREACH), platform.TCPNoAnswer},
		"no way and no way":       {failed(wsaNetUnreachable), failed(winUnreachable), platform.TCPUnreachable},
		"refused and forbidden":   {failed(winRefused), failed(wsaAccess), platform.TCPRefused},
		"silent and forbidden":    {failed(winSemTimeout), failed(wsaAccess), ""},
		"unreachable, not known":  {failed(wsaUnreachable), failed(syscall.Errno(9999)), ""},
		"forbidden and forbidden": {failed(syscall.EPERM), failed(syscall.EACCES), ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := New()
			r.lookup = book(map[string][]string{"both": {"127.0.0.2", "127.0.0.3"}})
			r.dial = func(_ context.Context, _, address string) (net.Conn, error) {
				if strings.HasPrefix(address, "127.0.0.2:") {
					return nil, test.a
				}
				return nil, test.b
			}
			got, err := ask(t, r, platform.ReadTCP("both:1433"))
			if got.Outcome != test.want || (err == nil) != (test.want != "") {
				t.Errorf("%+v, %v; want %q", got, err, test.want)
			}
		})
	}
}

// A port that says nothing is an answer when our own patience ends, and none when the time of
// who asked does.
func TestSilence(t *testing.T) {
	silent := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	r := &Reader{lookup: book(nil), dial: silent, patience: time.Nanosecond}
	if got, err := ask(t, r, platform.ReadTCP("10.0.0.1:1433")); err != nil || got.Outcome != platform.TCPNoAnswer {
		t.Errorf("%+v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r = &Reader{patience: time.Hour, lookup: book(nil), dial: func(inner context.Context, _, _ string) (net.Conn, error) {
		cancel()
		<-inner.Done()
		return nil, inner.Err()
	}}
	raw, err := r.Read(ctx, platform.ReadTCP("10.0.0.1:1433").Question)
	if !errors.Is(err, platform.ErrTimeout) {
		t.Errorf("%s, %v", raw, err)
	}
}

func TestNames(t *testing.T) {
	late, stop := context.WithCancel(t.Context())
	stop()
	fails := func(err error) func(context.Context, string, string) ([]netip.Addr, error) {
		return func(context.Context, string, string) ([]netip.Addr, error) { return nil, err }
	}
	for name, test := range map[string]struct {
		host   string
		lookup func(context.Context, string, string) ([]netip.Addr, error)
		want   []string
		reason error
	}{
		"one":             {"sql01.contoso.com", book(map[string][]string{"sql01.contoso.com": {"10.0.0.11"}}), []string{"10.0.0.11"}, nil},
		"two, sorted":     {"x", book(map[string][]string{"x": {"10.0.0.2", "10.0.0.1", "10.0.0.2"}}), []string{"10.0.0.1", "10.0.0.2"}, nil},
		"an address":      {"10.1.2.3", fails(errors.New("never asked")), []string{"10.1.2.3"}, nil},
		"not there":       {"gone.contoso.com", book(nil), nil, platform.ErrAbsent},
		"no addresses":    {"empty", func(context.Context, string, string) ([]netip.Addr, error) { return nil, nil }, nil, platform.ErrAbsent},
		"silent server":   {"x", fails(&net.DNSError{Err: "i/o timeout", IsTimeout: true}), nil, platform.ErrTimeout},
		"failing server":  {"x", fails(&net.DNSError{Err: "server misbehaving", IsTemporary: true}), nil, platform.ErrUnreachable},
		"another error":   {"x", fails(errors.New("odd")), nil, platform.ErrUnreachable},
		"empty":           {"", book(nil), nil, platform.ErrMalformed},
		"with a port":     {"x:1", book(nil), nil, platform.ErrMalformed},
		"with an inst.":   {`x\y`, book(nil), nil, platform.ErrMalformed},
		"with a NUL":      {"x\x00y", book(nil), nil, platform.ErrMalformed},
		"very long":       {strings.Repeat("a", 256), book(nil), nil, platform.ErrMalformed},
		"with underscore": {"sql_01", book(map[string][]string{"sql_01": {"10.0.0.1"}}), []string{"10.0.0.1"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Reader{lookup: test.lookup}
			raw, err := r.Read(t.Context(), platform.ReadAddresses(test.host).Question)
			if test.reason != nil {
				if !errors.Is(err, test.reason) || !strings.Contains(err.Error(), strings.Trim(test.host, "\x00xy:\\1")) {
					t.Errorf("%s, %v; want %v", raw, err, test.reason)
				}
				return
			}
			var got platform.Addresses
			if err != nil || json.Unmarshal(raw, &got) != nil || !slices.Equal(got.Addresses, test.want) {
				t.Errorf("%s, %v; want %v", raw, err, test.want)
			}
		})
	}
	if no := lookupRefused(late, "x", errors.New("whatever")); !errors.Is(no, platform.ErrTimeout) {
		t.Errorf("%v", no)
	}
}

func TestNoNameIsAnOutcome(t *testing.T) {
	r := &Reader{lookup: book(nil)}
	if got, err := ask(t, r, platform.ReadTCP("gone.contoso.com:445")); err != nil || got.Outcome != platform.TCPNoName || len(got.Addresses) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	r.lookup = func(context.Context, string, string) ([]netip.Addr, error) { return nil, errors.New("odd") }
	if got, err := ask(t, r, platform.ReadTCP("x:445")); !errors.Is(err, platform.ErrUnreachable) {
		t.Errorf("a resolver that fails is %+v, %v", got, err)
	}
}

func TestQuestionsThatAreNone(t *testing.T) {
	r := &Reader{lookup: book(nil)}
	for name, test := range map[string]struct {
		q      platform.Question
		reason error
	}{
		"no port":         {platform.ReadTCP("sql01").Question, platform.ErrMalformed},
		"port 0":          {platform.ReadTCP("sql01:0").Question, platform.ErrMalformed},
		"port 65536":      {platform.ReadTCP("sql01:65536").Question, platform.ErrMalformed},
		"a word for port": {platform.ReadTCP("sql01:http").Question, platform.ErrMalformed},
		"no host":         {platform.ReadTCP(":1433").Question, platform.ErrMalformed},
		"empty":           {platform.ReadTCP("").Question, platform.ErrMalformed},
		"elsewhere":       {platform.Question{Kind: platform.KindTCP, On: "x", Where: "y:1"}, platform.ErrUnsupported},
		"with what":       {platform.Question{Kind: platform.KindName, Where: "y", What: "z"}, platform.ErrUnsupported},
		"another kind":    {platform.ReadShare(`\\x\y`).Question, platform.ErrUnsupported},
	} {
		if raw, err := r.Read(t.Context(), test.q); !errors.Is(err, test.reason) {
			t.Errorf("%s: %s, %v; want %v", name, raw, err, test.reason)
		}
	}
}

// The reader is a reader like all others.
func TestConformance(t *testing.T) {
	l := listen(t, "127.0.0.1")
	r := New()
	r.lookup = func(ctx context.Context, network, host string) ([]netip.Addr, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return book(map[string][]string{"sql01.contoso.com": {"127.0.0.1"}})(ctx, network, host)
	}
	known := []platform.Question{
		platform.ReadTCP(l.Addr().String()).Question, platform.ReadTCP("127.0.0.1:" + closedPort(t)).Question,
		platform.ReadTCP("gone.contoso.com:1").Question, platform.ReadAddresses("sql01.contoso.com").Question,
	}
	if err := platformtest.TestReader(t.Context(), r, known, []platform.Question{platform.ReadAddresses("gone.contoso.com").Question}); err != nil {
		t.Error(err)
	}
}

// The machine's own resolver knows the name that every machine has.
func TestOwnResolver(t *testing.T) {
	got, err := ask(t, New(), platform.ReadAddresses("localhost"))
	if err != nil || !slices.Contains(got.Addresses, "127.0.0.1") && !slices.Contains(got.Addresses, "::1") {
		t.Errorf("%+v, %v", got, err)
	}
}
