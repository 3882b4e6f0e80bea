// Package notifytest runs a real mail server for tests: Debian's python3-aiosmtpd, with a
// throwaway certificate.
package notifytest

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed" // the server is a program of its own
	"encoding/pem"
	"math/big"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

//go:embed smtpd.py
var smtpd []byte

// MailOptions say how the server behaves.
type MailOptions struct {
	Mode     string   // starttls, tls or none
	User     string   // with one, a log-on is required
	Password string   // of User
	Methods  []string // of log-ons that are offered; none for all
}

// MailServer is a server that runs until the test ends. It refuses addresses that begin with nobody for
// ever, those that begin with later for now, and those that begin with once for the first time.
type MailServer struct {
	Address  string // HOST:PORT
	CertFile string // PEM file of its authority
	Roots    *x509.CertPool

	tb     testing.TB
	folder string
}

// StartMail starts a mail server.
func StartMail(tb testing.TB, o MailOptions) *MailServer {
	tb.Helper()
	dir := tb.TempDir()
	s := &MailServer{tb: tb, folder: filepath.Join(dir, "mails"), CertFile: filepath.Join(dir, "cert.pem")}
	script, key := filepath.Join(dir, "smtpd.py"), filepath.Join(dir, "key.pem")
	certificate, private := s.certificate()
	for file, content := range map[string][]byte{script: smtpd, s.CertFile: certificate, key: private} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	if err := os.Mkdir(s.folder, 0o700); err != nil {
		tb.Fatal(err)
	}
	// Debian's own: another Python before it in PATH has not its packages.
	cmd := exec.CommandContext(tb.Context(), "/usr/bin/python3", append([]string{script, o.Mode, s.folder, s.CertFile, key, o.User, o.Password}, o.Methods...)...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	const install = ".ci/install-test-tools installs what the tests need"
	if err := cmd.Start(); err != nil {
		tb.Fatalf("the mail server does not start: %v; %s", err, install)
	}
	tb.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		_ = cmd.Wait()
		tb.Fatalf("the mail server does not start: %v; %s\n%s", err, install, &stderr)
	}
	s.Address = net.JoinHostPort("127.0.0.1", strings.TrimSpace(port))
	return s
}

// certificate makes an authority that is a server, too, for 127.0.0.1 and localhost.
func (s *MailServer) certificate() (certificate, key []byte) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		s.tb.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		s.tb.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		s.tb.Fatal(err)
	}
	s.Roots = x509.NewCertPool()
	s.Roots.AddCert(parsed)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})
}

// Taken is a mail that the server took.
type Taken struct {
	Envelope string // what the server saw: lines with sender, recipients, encrypted and user
	Raw      string // the mail as it came
}

// Message is the mail, taken apart.
func (t Taken) Message() (*mail.Message, error) { return mail.ReadMessage(strings.NewReader(t.Raw)) }

// Mails are all mails that the server took, the oldest first.
func (s *MailServer) Mails() []Taken {
	s.tb.Helper()
	files, err := filepath.Glob(filepath.Join(s.folder, "*.eml"))
	if err != nil {
		s.tb.Fatal(err)
	}
	slices.SortFunc(files, func(a, b string) int { return len(a) - len(b) + strings.Compare(a, b) })
	var all []Taken
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			s.tb.Fatal(err)
		}
		envelope, raw, _ := strings.Cut(string(data), "\n\n")
		all = append(all, Taken{envelope, raw})
	}
	return all
}
