package main

import (
	"context"
	"fmt"
	"os"
)

// The environment variables that say how a release is signed.
const (
	certificateVariable = "SITEREADY_SIGN_PKCS12"    // a file with the certificate, its chain and its private key
	passwordVariable    = "SITEREADY_SIGN_PASSWORD"  // of that file
	timestampVariable   = "SITEREADY_SIGN_TIMESTAMP" // the address of a time stamp server as RFC 3161 has it
)

// signer signs files with osslsigncode. A nil one leaves them as they are.
type signer struct{ certificate, password, timestamp string }

// signerOf reads the environment. Without a certificate it is nil; a password or a time stamp
// server without a certificate is an error, so that no release comes out unsigned by mistake.
func signerOf(getenv func(string) string) (*signer, error) {
	s := signer{getenv(certificateVariable), getenv(passwordVariable), getenv(timestampVariable)}
	if s.certificate != "" {
		if _, err := os.Stat(s.certificate); err != nil {
			return nil, fmt.Errorf("%s: %w", certificateVariable, err)
		}
		return &s, nil
	}
	if s.password != "" || s.timestamp != "" {
		return nil, fmt.Errorf("%s or %s is set, and %s is not: name the file with the certificate there", passwordVariable, timestampVariable, certificateVariable)
	}
	return nil, nil
}

// sign puts a signature into a program or an installer. The password is in no list of processes.
func (s *signer) sign(ctx context.Context, file string) error {
	if s == nil {
		return nil
	}
	signed := file + ".signed"
	args := []string{"sign", "-pkcs12", s.certificate, "-readpass", "/dev/stdin", "-h", "sha256", "-n", "siteready"}
	if s.timestamp != "" {
		args = append(args, "-ts", s.timestamp)
	}
	_, err := command{name: "osslsigncode", args: append(args, "-in", file, "-out", signed), input: s.password}.run(ctx)
	if err != nil {
		return fmt.Errorf("sign %s: %w", file, err)
	}
	return os.Rename(signed, file)
}
