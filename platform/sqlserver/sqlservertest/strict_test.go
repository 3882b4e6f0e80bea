package sqlservertest_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"siteready/platform/sqlserver/sqlservertest"
)

// clientHello is what a TLS client sends first.
func clientHello(t *testing.T) string {
	t.Helper()
	here, there := net.Pipe()
	go func() {
		tls.Client(here, &tls.Config{ServerName: "localhost"}).Handshake()
		here.Close()
	}()
	b := make([]byte, 16<<10)
	n, err := there.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	there.Close()
	return string(b[:n])
}

func TestStrict(t *testing.T) {
	s := start(t, sqlservertest.Strict, sqlservertest.Tables{"count": count(7)})
	db, wire := open(t, s, options{"encrypt": "strict", "certificate": s.CAFile()})
	if n, err := queryCount(t.Context(), db, "count"); n != 7 || err != nil {
		t.Fatalf("got %d, %v; want 7", n, err)
	}
	sent, received := wire.bytes()
	if sent[0] != 22 || received[0] != 22 {
		t.Errorf("the first bytes are %d and %d; want a TLS handshake", sent[0], received[0])
	}
	for _, hidden := range [][]byte{wide(user), scrambled(password), wide("SELECT n FROM t")} {
		if bytes.Contains(sent, hidden) {
			t.Errorf("%x went out in the clear", hidden)
		}
	}
	if got := s.Received(); len(got) != 1 || got[0].TLS != tls.VersionTLS13 {
		t.Errorf("received %+v; want one statement inside TLS 1.3", got)
	}

	for _, encrypt := range []string{"disable", "false", "true"} {
		db, _ := open(t, s, options{"encrypt": encrypt, "TrustServerCertificate": "true"})
		if err := db.PingContext(t.Context()); err == nil {
			t.Errorf("encrypt=%s was served", encrypt)
		}
	}
	other := start(t, sqlservertest.Strict, nil)
	db, _ = open(t, s, options{"encrypt": "strict", "certificate": other.CAFile()})
	wantRefusal(t, db.PingContext(t.Context()), "certificate signed by unknown authority")
	if n := s.Counts().LogOns; n != 1 {
		t.Errorf("%d log-ons; want one", n)
	}
}

// hungUp is how a connection ends that the server closes. What the client has sent by then and
// the server has not read decides which of the three it sees.
const hungUp = "EOF, reset or broken pipe"

// TestStrictByHand: which versions of TLS and which protocols inside it are served.
func TestStrictByHand(t *testing.T) {
	s := start(t, sqlservertest.Strict, nil)
	pem, err := os.ReadFile(s.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	host, port := s.Addr()
	for _, test := range []struct {
		name      string
		version   uint16
		protocols []string
		refused   string // empty if it is served
	}{
		{"TLS 1.2", tls.VersionTLS12, []string{"tds/8.0"}, ""},
		{"TLS 1.3", tls.VersionTLS13, []string{"tds/8.0"}, ""},
		{"TLS 1.1", tls.VersionTLS11, []string{"tds/8.0"}, "protocol version"},
		{"another protocol", tls.VersionTLS13, []string{"h2"}, "no application protocol"},
		{"no protocol", tls.VersionTLS13, nil, hungUp},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn, err := tls.Dial("tcp", net.JoinHostPort(host, strconv.Itoa(port)), &tls.Config{
				RootCAs: roots, ServerName: "127.0.0.1", MinVersion: test.version, MaxVersion: test.version, NextProtos: test.protocols,
			})
			if err == nil {
				defer conn.Close()
				if _, err = io.WriteString(conn, pkt(0x12, hello)); err == nil {
					_, err = io.ReadFull(conn, make([]byte, 8))
				}
			}
			if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
				err = errors.New(hungUp)
			}
			switch {
			case test.refused == "" && err != nil:
				t.Error(err)
			case test.refused != "" && (err == nil || !strings.Contains(err.Error(), test.refused)):
				t.Errorf("got %v; want %q", err, test.refused)
			}
		})
	}
}
