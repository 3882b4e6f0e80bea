package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stampingConfiguration is what `openssl ts` wants to be told.
const stampingConfiguration = `[tsa]
default_tsa = here
[here]
serial = serial
crypto_device = builtin
default_policy = 1.2.3.4
digests = sha256
signer_digest = sha256
`

// A time stamp comes from a server of this test.
func TestTimestamp(t *testing.T) {
	folder := t.TempDir()
	openssl := func(input string, args ...string) ([]byte, error) {
		return command{dir: folder, name: "openssl", args: args, input: input}.run(t.Context())
	}
	if _, err := openssl("", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "certificate.pem", "-days", "2",
		"-subj", "/CN=siteready's clock", "-addext", "extendedKeyUsage=critical,timeStamping", "-addext", "keyUsage=critical,digitalSignature"); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "ts.cnf"), stampingConfiguration)
	write(t, filepath.Join(folder, "serial"), "01\n")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, "query"), query, 0o644)
		}
		if err == nil {
			_, err = openssl("", "ts", "-reply", "-config", "ts.cnf", "-queryfile", "query", "-inkey", "key.pem", "-signer", "certificate.pem", "-out", "reply")
		}
		if err != nil {
			t.Error(err)
			http.Error(w, "no time", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		http.ServeFile(w, r, filepath.Join(folder, "reply"))
	}))
	defer server.Close()

	program := filepath.Join(folder, programFile)
	if _, err := (command{env: []string{"GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0"}, name: "go", args: []string{"build", "-ldflags=-s -w", "-o", program, "./testdata/empty"}}).run(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := testSigner(t)
	wrong := *s
	wrong.password = "another pass word"
	if err := wrong.sign(t.Context(), program); err == nil || strings.Contains(err.Error(), wrong.password) {
		t.Errorf("signed with a wrong password: %v", err)
	}
	s.timestamp = server.URL
	if err := s.sign(t.Context(), program); err != nil {
		t.Fatal(err)
	}
	said, err := command{name: "osslsigncode", args: []string{
		"verify", "-CAfile", filepath.Join(filepath.Dir(s.certificate), "certificate.pem"), "-TSA-CAfile", filepath.Join(folder, "certificate.pem"), "-in", program,
	}}.run(t.Context())
	if err != nil || !strings.Contains(string(said), "siteready's clock") {
		t.Errorf("the time stamp: %v\n%s", err, said)
	}
	server.Close()
	if err := s.sign(t.Context(), program); err == nil {
		t.Error("signed without a time stamp though one was asked for")
	}
}

const testPassword = "a throw-away pass word"

// testSigner has a certificate of its own, which signs itself.
func testSigner(t *testing.T) *signer {
	t.Helper()
	folder := t.TempDir()
	key, certificate, both := filepath.Join(folder, "key.pem"), filepath.Join(folder, "certificate.pem"), filepath.Join(folder, "both.p12")
	for _, c := range []command{
		{name: "openssl", args: []string{
			"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
			"-subj", "/CN=siteready's test", "-addext", "extendedKeyUsage=codeSigning", "-addext", "keyUsage=digitalSignature",
		}},
		{name: "openssl", args: []string{"pkcs12", "-export", "-inkey", key, "-in", certificate, "-out", both, "-passout", "stdin"}, input: testPassword},
	} {
		if _, err := c.run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s, err := signerOf(environment(map[string]string{certificateVariable: both, passwordVariable: testPassword}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// environment stands for that of the process.
func environment(variables map[string]string) func(string) string {
	return func(name string) string { return variables[name] }
}

// lookAtSignatures verifies the signatures of a release, and that a changed file has none that holds.
func lookAtSignatures(t *testing.T, out string, s *signer) {
	certificate := filepath.Join(filepath.Dir(s.certificate), "certificate.pem")
	verify := func(data []byte) error {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := command{name: "osslsigncode", args: []string{"verify", "-CAfile", certificate, "-in", file}}.run(t.Context())
		return err
	}
	base := filepath.Join(out, "siteready-1.2.4-windows-")
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"the program for amd64", unzipped(t, base+"amd64.zip")[programFile]},
		{"the program for arm64", unzipped(t, base+"arm64.zip")[programFile]},
		{"the installer", contents(t, out)["siteready-1.2.4-windows-amd64.msi"]},
	} {
		if err := verify(c.data); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		changed := bytes.Clone(c.data)
		changed[len(changed)/2] ^= 1
		if verify(changed) == nil {
			t.Errorf("%s: the signature holds though a bit was changed", c.name)
		}
	}
}

func TestSignerOf(t *testing.T) {
	file := filepath.Join(t.TempDir(), "certificate.p12")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		variables map[string]string
		signs     bool
		says      string
	}{
		{"nothing", nil, false, ""},
		{"certificate", map[string]string{certificateVariable: file}, true, ""},
		{"absent", map[string]string{certificateVariable: file + "x"}, false, "SITEREADY_SIGN_PKCS12: stat"},
		{"password alone", map[string]string{passwordVariable: "x"}, false, "SITEREADY_SIGN_PKCS12 is not"},
		{"time stamp alone", map[string]string{timestampVariable: "x"}, false, "SITEREADY_SIGN_PKCS12 is not"},
	} {
		s, err := signerOf(environment(c.variables))
		if (s != nil) != c.signs || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v", c.name, s, err)
		}
	}
}
