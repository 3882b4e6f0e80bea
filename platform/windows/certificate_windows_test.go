package windows

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"siteready/platform"
)

// memoryStore is a store that nothing else sees.
func memoryStore(t *testing.T) windows.Handle {
	t.Helper()
	store, err := windows.CertOpenStore(windows.CERT_STORE_PROV_MEMORY, 0, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		const checkAllFreed = 2 // CERT_CLOSE_STORE_CHECK_FLAG
		if err := windows.CertCloseStore(store, checkAllFreed); err != nil {
			t.Errorf("the store was left with open certificates: %v", err)
		}
	})
	return store
}

// newCertificate adds a certificate to a store and returns its thumbprint.
func newCertificate(t *testing.T, store windows.Handle, template x509.Certificate) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.NotBefore = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	issuer := x509.Certificate{Subject: pkix.Name{CommonName: "Contoso CA", Organization: []string{"Contoso, Ltd"}}}
	raw, err := x509.CreateCertificate(rand.Reader, &template, &issuer, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	context, err := windows.CertCreateCertificateContext(windows.X509_ASN_ENCODING, &raw[0], uint32(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	defer windows.CertFreeCertificateContext(context)
	if err := windows.CertAddCertificateContextToStore(store, context, windows.CERT_STORE_ADD_ALWAYS, nil); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%X", sha1.Sum(raw))
}

func TestCertificates(t *testing.T) {
	store := memoryStore(t)
	ends := time.Date(2027, 3, 4, 5, 6, 7, 0, time.UTC)
	forEver := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	server := []string{"1.3.6.1.5.5.7.3.1", "1.3.6.1.4.1.311.101.2"}
	want := map[string]platform.Certificate{}
	one := newCertificate(t, store, x509.Certificate{
		Subject: pkix.Name{CommonName: "cm01.contoso.com"}, NotAfter: ends,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, UnknownExtKeyUsage: []asn1.ObjectIdentifier{{1, 3, 6, 1, 4, 1, 311, 101, 2}},
	})
	two := newCertificate(t, store, x509.Certificate{NotAfter: forEver})
	const issuer = `O="Contoso, Ltd", CN=Contoso CA`
	want[one] = platform.Certificate{Thumbprint: one, Subject: "CN=cm01.contoso.com", Issuer: issuer, NotAfter: ends, Usages: &server}
	want[two] = platform.Certificate{Thumbprint: two, Issuer: issuer, NotAfter: forEver}
	answer, err := listStore("test", store)
	if err != nil {
		t.Fatal(err)
	}
	got := answer.(platform.Certificates)
	if got.Count != 2 || len(got.Certificates) != 2 || got.More || got.Certificates[0].Thumbprint > got.Certificates[1].Thumbprint {
		t.Fatalf("%+v", got)
	}
	for _, c := range got.Certificates {
		if fmt.Sprintf("%+v", plain(c)) != fmt.Sprintf("%+v", plain(want[c.Thumbprint])) {
			t.Errorf("got %+v, want %+v", plain(c), plain(want[c.Thumbprint]))
		}
	}
}

// plain is a certificate without pointers.
func plain(c platform.Certificate) any {
	usages := "none"
	if c.Usages != nil {
		usages = fmt.Sprint(*c.Usages)
	}
	c.Usages = nil
	return []any{c, usages}
}

func TestCertificateWithBrokenUsages(t *testing.T) {
	store := memoryStore(t)
	newCertificate(t, store, x509.Certificate{
		NotAfter:        time.Date(2027, 3, 4, 5, 6, 7, 0, time.UTC),
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Value: []byte{0x30, 1}}},
	})
	if got, err := listStore("test", store); !errors.Is(err, platform.ErrMalformed) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestCertificatesRefuse(t *testing.T) {
	for _, store := range []string{"", "MY", "LocalMachine", `LocalMachine\`, `Services\MY`, `LocalMachine\MY\x`, `LocalMachine\\other\MY`} {
		refuse(t, platform.ReadCertificates(store), platform.ErrMalformed)
	}
	refuse(t, platform.ReadCertificates(`LocalMachine\siteready-nobody`), platform.ErrAbsent, `CertOpenStore LocalMachine\siteready-nobody`, numbered(windows.ERROR_FILE_NOT_FOUND))
	if got := ask(t, platform.ReadCertificates(`LocalMachine\ROOT`)); got.Count < 1 || len(got.Certificates) < 1 || len(got.Certificates) > got.Count {
		t.Errorf("ROOT has %d certificates, of which %d are listed", got.Count, len(got.Certificates))
	}
}

func TestTimeOf(t *testing.T) {
	for _, want := range []time.Time{
		time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999900, time.UTC),
	} {
		ticks := (want.Unix()+11_644_473_600)*10_000_000 + int64(want.Nanosecond()/100)
		if got := timeOf(windows.Filetime{LowDateTime: uint32(ticks), HighDateTime: uint32(ticks >> 32)}); !got.Equal(want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}
