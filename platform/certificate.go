package platform

import "time"

// Certificates are what a certificate store holds.
type Certificates struct {
	Count        int           `json:"count"`        // all of them, also those that are not in the list
	Certificates []Certificate `json:"certificates"` // sorted by thumbprint
	More         bool          `json:"more"`         // the list has fewer than Count: at most MaxEntries, and less for very long names
}

// Certificate is one certificate of a store.
type Certificate struct {
	Thumbprint string    `json:"thumbprint"`  // SHA-1 of the certificate, 40 hexadecimal digits in capitals
	Subject    string    `json:"subject"`     // as Windows writes it: CN=..., O=...; may be empty
	Issuer     string    `json:"issuer"`      // as Windows writes it
	NotAfter   time.Time `json:"not_after"`   // UTC
	PrivateKey bool      `json:"private_key"` // the store says where its private key is; the key is not opened
	// Usages are the OIDs of its extension for enhanced key usages, e.g. 1.3.6.1.5.5.7.3.1 for
	// a server. Null without the extension, which allows every use.
	Usages *[]string `json:"usages"`
}

// ReadCertificates asks what a certificate store holds. The store is LocalMachine\NAME or
// CurrentUser\NAME, e.g. LocalMachine\MY. A store that is not there is ErrAbsent.
func ReadCertificates(store string) Query[Certificates] {
	return Query[Certificates]{Question{Kind: KindCertificate, Where: store}}
}
