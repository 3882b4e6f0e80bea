//go:build linux

package winetest

// AddCertificate adds a certificate, as DER, to a store of the machine, as "MY" or "SMS". key
// names the container of its private key; empty: it has none. No key is made. It starts
// Windows: call it after all that must be done before the first Run.
func (p *Prefix) AddCertificate(store string, der []byte, key string) {
	p.tb.Helper()
	if err := p.startSession(p.tb.Context(), ""); err != nil {
		p.tb.Fatalf("start Windows to add a certificate: %v", err)
	}
	const file = `C:\windows\temp\certificate.cer`
	p.WriteFile(file, der)
	if err := p.guest(p.tb.Context(), "certificate", store, file, key); err != nil {
		p.tb.Fatalf("add a certificate to the store %s: %v", store, err)
	}
}
