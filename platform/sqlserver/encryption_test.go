package sqlserver_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"siteready/platform"
	"siteready/platform/sqlserver"
	"siteready/platform/sqlserver/sqlservertest"
)

func TestEncryption(t *testing.T) {
	const (
		refused   = "refused"    // there is no log-on
		clear     = "clear"      // log-on and statement are in the clear
		logOnOnly = "log-on"     // only the log-on is encrypted
		all       = "everything" // and the statement too
	)
	servers := map[string]sqlservertest.Encryption{
		"not supported": sqlservertest.NotSupported,
		"log-on only":   sqlservertest.LoginOnly,
		"on":            sqlservertest.On,
		"required":      sqlservertest.Required,
	}
	tests := map[sqlserver.Encryption]map[string]string{
		"":                  {"not supported": refused, "log-on only": all, "on": all, "required": all},
		sqlserver.Mandatory: {"not supported": refused, "log-on only": all, "on": all, "required": all},
		sqlserver.Optional:  {"not supported": clear, "log-on only": logOnOnly, "on": all, "required": all},
		sqlserver.Disable:   {"not supported": clear, "log-on only": clear, "on": clear, "required": all},
		sqlserver.Strict:    {"not supported": refused, "log-on only": refused, "on": refused, "required": refused},
	}
	for policy, outcomes := range tests {
		for name, want := range outcomes {
			t.Run(fmt.Sprintf("%s to %s", policy, name), func(t *testing.T) {
				server := start(t, servers[name], nil)
				wire := newTap()
				r := newReader(t, sqlserver.Options{Encryption: policy, CAFile: server.CAFile(), Dial: wire.dial})
				_, err := ask(t, session(t, r), server, one)
				got := refused
				switch {
				case err != nil:
				case wire.carried(user) && wire.carried("SELECT 1 AS may_see"):
					got = clear
				case wire.carried("SELECT 1 AS may_see"):
					got = logOnOnly
				case !wire.carried(user):
					got = all
				}
				if got != want {
					t.Fatalf("encrypted: %s (error %v); want %s", got, err, want)
				}
				if want != refused {
					return
				}
				word, help := "offers no TLS, which --sql-encrypt mandatory demands", "--sql-encrypt"
				if policy == sqlserver.Strict {
					word, help = "does not take strict encryption", "--sql-encrypt mandatory"
				}
				no := refusal(t, err, platform.ErrUnreachable, word, instance(server))
				if !no.EndsLine || !strings.Contains(no.Help, help) {
					t.Errorf("the refusal is %+v", no)
				}
				if wire.carried(user) {
					t.Error("the user's name went out in the clear")
				}
			})
		}
	}
}

func TestCertificates(t *testing.T) {
	server := start(t, sqlservertest.On, nil)
	other := start(t, sqlservertest.On, nil)
	misnamed := sqlservertest.Start(t, sqlservertest.Config{
		User: user, Password: password, Encryption: sqlservertest.On, HostNames: []string{"sql9.contoso.example"},
		Databases: map[string]sqlservertest.Tables{database: {"one": yes()}},
	})
	otherName := filepath.Join(t.TempDir(), "authority.cer")
	pem, err := os.ReadFile(server.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(otherName, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		server  *sqlservertest.Server
		options sqlserver.Options
		refused string // empty if it must work
	}{
		{"unknown authority", server, sqlserver.Options{}, "unknown authority"},
		{"unknown authority, log-on only", server, sqlserver.Options{Encryption: sqlserver.Optional}, "unknown authority"},
		{"CA file", server, sqlserver.Options{CAFile: server.CAFile()}, ""},
		{"CA file of another extension", server, sqlserver.Options{CAFile: otherName}, ""},
		{"wrong CA file", server, sqlserver.Options{CAFile: other.CAFile()}, "unknown authority"},
		{"wrong name", misnamed, sqlserver.Options{CAFile: misnamed.CAFile()}, "127.0.0.1"},
		{"trusted", misnamed, sqlserver.Options{TrustServerCertificate: true}, ""},
		{"this machine", misnamed, sqlserver.Options{Local: func(host string) bool { return host == "127.0.0.1" }}, ""},
		{"this machine, with another's CA file", misnamed, sqlserver.Options{CAFile: other.CAFile(), Local: func(string) bool { return true }}, "127.0.0.1"},
		{"another machine", misnamed, sqlserver.Options{Local: func(host string) bool { return host == "localhost" }}, "127.0.0.1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := ask(t, session(t, newReader(t, test.options)), test.server, one)
			if test.refused == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			no := refusal(t, err, platform.ErrUnreachable, "certificate is not trusted", test.refused)
			if !no.EndsLine || !strings.Contains(no.Help, "--sql-ca") || !strings.Contains(no.Help, "--sql-trust-server-certificate") {
				t.Errorf("the refusal is %+v", no)
			}
		})
	}
	t.Run("local by default", func(t *testing.T) {
		r, err := sqlserver.New(sqlserver.Options{User: user, Password: password})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := ask(t, session(t, r), misnamed, one); err != nil {
			t.Error(err)
		}
	})
}

func TestStrict(t *testing.T) {
	server := start(t, sqlservertest.NotSupported, nil)
	certificate, caFile := newCertificate(t, "127.0.0.1")
	front := strictFront(t, server, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"tds/8.0"}})
	old := strictFront(t, server, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	tests := []struct {
		name, instance string
		options        sqlserver.Options
		refused        string
		help           string
	}{
		{"CA file", front, sqlserver.Options{CAFile: caFile}, "", ""},
		{"unknown authority", front, sqlserver.Options{}, "certificate is not trusted", "--sql-ca"},
		{"this machine", front, sqlserver.Options{Local: func(string) bool { return true }}, "certificate is not trusted", "--sql-ca"},
		{"TLS 1.1", old, sqlserver.Options{CAFile: caFile}, "versions of TLS older than 1.2", "Enable TLS 1.2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wire := newTap()
			test.options.Encryption, test.options.Dial = sqlserver.Strict, wire.dial
			_, err := platform.Ask(t.Context(), session(t, newReader(t, test.options)), one.In(test.instance, database))
			if wire.carried(user) || wire.carried("SELECT 1 AS may_see") {
				t.Error("something went out in the clear")
			}
			if test.refused == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if no := refusal(t, err, platform.ErrUnreachable, test.refused); !no.EndsLine || !strings.Contains(no.Help, test.help) {
				t.Errorf("the refusal is %+v", no)
			}
		})
	}
}

// newCertificate makes an authority and a certificate for an address.
func newCertificate(t *testing.T, address string) (certificate tls.Certificate, caFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "front"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.ParseIP(address)},
		IsCA:        true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	caFile = filepath.Join(t.TempDir(), "front.pem")
	if err := os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, caFile
}

// strictFront takes TLS from the first byte on, as SQL Server does under strict encryption,
// and hands what is inside to a server without TLS. In LOGIN7 it writes TDS version 7.4 for
// 8.0, which that server does not know.
func strictFront(t *testing.T, server *sqlservertest.Server, config *tls.Config) (instance string) {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() {
		listener.Close()
		server.Close()
		running.Wait()
	})
	host, port := server.Addr()
	behind := net.JoinHostPort(host, strconv.Itoa(port))
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer client.Close()
				back, err := net.Dial("tcp", behind)
				if err != nil {
					return
				}
				running.Go(func() {
					io.Copy(client, back)
					client.Close()
				})
				defer back.Close()
				for {
					header := make([]byte, 8)
					if _, err := io.ReadFull(client, header); err != nil {
						return
					}
					body := make([]byte, int(binary.BigEndian.Uint16(header[2:]))-len(header))
					if _, err := io.ReadFull(client, body); err != nil {
						return
					}
					if header[0] == 0x10 && binary.LittleEndian.Uint32(body[4:]) == 0x08000000 {
						binary.LittleEndian.PutUint32(body[4:], 0x74000004)
					}
					if _, err := back.Write(append(header, body...)); err != nil {
						return
					}
				}
			})
		}
	})
	return fmt.Sprintf("127.0.0.1,%d", listener.Addr().(*net.TCPAddr).Port)
}
