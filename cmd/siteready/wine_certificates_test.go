//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"siteready/platform"
	"siteready/platform/platformtest"
)

// addCertificates gives the machine certificates like those of a constructed site: with the same
// subject, end and uses, and each signed by itself. Their thumbprints are others. What is seeded
// into files of the machine must have been before: this starts Windows.
func (s *siteServer) addCertificates(t *testing.T, site *platformtest.Site) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial := int64(0)
	for store, list := range site.Certificates {
		name, ofMachine := strings.CutPrefix(store, `LocalMachine\`)
		if !ofMachine {
			t.Fatalf("a certificate cannot be added to %s", store)
		}
		for _, one := range list {
			serial++
			container := ""
			if one.PrivateKey {
				container = "key " + strconv.FormatInt(serial, 10)
			}
			s.AddCertificate(name, likeIt(t, one, serial, key), container)
		}
	}
}

// likeIt makes a certificate with the subject, the end and the uses of another.
func likeIt(t *testing.T, one platform.Certificate, serial int64, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	name, simple := strings.CutPrefix(one.Subject, "CN=")
	if !simple || strings.Contains(name, "=") {
		t.Fatalf("the subject %q is not simple enough to be made", one.Subject)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: one.NotAfter,
	}
	if one.Usages != nil {
		for _, usage := range *one.Usages {
			var oid asn1.ObjectIdentifier
			for part := range strings.SplitSeq(usage, ".") {
				n, err := strconv.Atoi(part)
				if err != nil {
					t.Fatal(err)
				}
				oid = append(oid, n)
			}
			template.UnknownExtKeyUsage = append(template.UnknownExtKeyUsage, oid)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
