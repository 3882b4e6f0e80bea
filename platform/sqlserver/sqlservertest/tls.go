package sqlservertest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"time"
)

// Certificate is what is odd about the server's certificate.
type Certificate int

const (
	// Sound is signed by the server's CA and names the server in the extension for alternative names.
	Sound Certificate = iota
	// NamedInSubject has the server's first name in its subject alone, as clients of old took it.
	NamedInSubject
	// Ended is a sound one whose last day was yesterday.
	Ended
	// OwnMade is one that SQL Server makes for itself when nobody gave it one: signed by nobody else, with a name of its
	// own, and with a serial number below zero, which half of those of SQL Server 2017 have.
	OwnMade
)

// newCertificate makes a CA and a server certificate for the names and addresses, and returns the CA as PEM.
func newCertificate(hostNames []string, kind Certificate) (tls.Certificate, []byte, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	now := time.Now()
	ca := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "sqlservertest CA"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leaf := &x509.Certificate{
		Subject:     pkix.Name{CommonName: hostNames[0]},
		NotBefore:   ca.NotBefore,
		NotAfter:    ca.NotAfter,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	switch kind {
	case NamedInSubject:
		hostNames = nil
	case Ended:
		leaf.NotBefore, leaf.NotAfter = now.AddDate(0, 0, -30), now.AddDate(0, 0, -1)
	case OwnMade:
		own, err := newOwnCertificate(now)
		return own, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}), err
	}
	for _, name := range hostNames {
		if ip := net.ParseIP(name); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}), nil
}

// newOwnCertificate makes an OwnMade certificate. Go makes none with such a serial number, so its sign is set afterwards
// and the certificate is signed anew.
func newOwnCertificate(now time.Time) (tls.Certificate, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial := bytes.Repeat([]byte{0x5a}, 16)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial),
		Subject:      pkix.Name{CommonName: "SSL_Self_Signed_Fallback"},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(30, 0, 0),
	}, &x509.Certificate{Subject: pkix.Name{CommonName: "SSL_Self_Signed_Fallback"}}, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	var parts struct {
		Signed    asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &parts); err != nil {
		return tls.Certificate{}, err
	}
	at := bytes.Index(parts.Signed.FullBytes, serial)
	parts.Signed.FullBytes[at] |= 0x80
	digest := sha256.Sum256(parts.Signed.FullBytes)
	if parts.Signature.Bytes, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:]); err != nil {
		return tls.Certificate{}, err
	}
	der, err = asn1.Marshal(parts)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// tlsConfig is what the server brings to a handshake. Where that is to fail, begun is sent.
func (s *session) tlsConfig(newest uint16, begun []byte) *tls.Config {
	oldest := uint16(tls.VersionTLS12)
	if limit := s.server.config.NewestTLS; limit != 0 {
		newest, oldest = limit, min(oldest, limit)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{s.server.certificate},
		MinVersion:   oldest,
		MaxVersion:   newest,
		// One packet is one record, as SQL Server sends them.
		DynamicRecordSizingDisabled: true,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return nil, s.reach(InTLS, begun)
		},
	}
}

// helloRecord is a record that looks like one with a ServerHello.
func helloRecord() []byte {
	const size = 80
	return append([]byte{22, 3, 3, 0, size, 2, 0, 0, size - 4, 3, 3}, make([]byte, size-6)...)
}

// strictProtocol is what client and server agree upon with ALPN where TLS comes first.
const strictProtocol = "tds/8.0"

// handshakeFirst speaks TLS before anything else.
func (s *session) handshakeFirst() (*tls.Conn, error) {
	config := s.tlsConfig(tls.VersionTLS13, half(helloRecord()))
	config.NextProtos = []string{strictProtocol}
	secure := tls.Server(s.conn, config)
	if err := secure.Handshake(); err != nil {
		return nil, err
	}
	if got := secure.ConnectionState().NegotiatedProtocol; got != strictProtocol {
		return nil, fmt.Errorf("the client speaks %q inside TLS, not %q", got, strictProtocol)
	}
	return secure, nil
}

// handshakeInTDS speaks TLS with the handshake inside PRELOGIN packets ([MS-TDS] 3.2.5.1). After it the records
// stand bare on the connection. TLS 1.2 at most: SQL Server uses 1.3 only where TLS comes before TDS, and FreeTDS
// hangs on it.
func (s *session) handshakeInTDS() (*tls.Conn, error) {
	lower := &recordConn{Conn: s.conn, spid: s.spid, handshaking: true}
	secure := tls.Server(lower, s.tlsConfig(tls.VersionTLS12, half(frame(packetPrelogin, s.spid, helloRecord()))))
	err := secure.Handshake()
	// The last flight has nobody reading after it, and an alert has to go out as well.
	if flushErr := lower.flush(); err == nil {
		err = flushErr
	}
	if err != nil {
		return nil, err
	}
	if len(lower.in) > 0 {
		return nil, fmt.Errorf("%d bytes too many in the last handshake packet", len(lower.in))
	}
	lower.handshaking = false
	return secure, nil
}

// recordConn is what lies under TLS. It never takes more from the socket than the record that TLS is reading:
// when the log-on alone is encrypted, plain packets follow right behind the last record.
type recordConn struct {
	net.Conn
	spid        uint16
	handshaking bool

	out  bytes.Buffer // handshake bytes of ours that wait to become one message
	in   []byte       // bytes read and not yet given to TLS
	left int          // bytes of the current record that are still on the socket
}

func (c *recordConn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for c.handshaking && len(c.in) == 0 {
		if err := c.flush(); err != nil {
			return 0, err
		}
		pkt, err := readPacket(c.Conn, maxPacketSize)
		if err != nil {
			return 0, err
		}
		if pkt.kind != packetPrelogin {
			return 0, fmt.Errorf("a packet of type %#02x within the TLS handshake", byte(pkt.kind))
		}
		c.in = pkt.body
	}
	if len(c.in) == 0 && c.left == 0 {
		header := make([]byte, 5) // type, version, length
		if _, err := io.ReadFull(c.Conn, header); err != nil {
			return 0, err
		}
		c.in, c.left = header, int(binary.BigEndian.Uint16(header[3:]))
	}
	if len(c.in) > 0 {
		n := copy(p, c.in)
		c.in = c.in[n:]
		return n, nil
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

func (c *recordConn) Write(p []byte) (int, error) {
	if c.handshaking {
		return c.out.Write(p)
	}
	return c.Conn.Write(p)
}

// flush sends what TLS has written as one message: clients read one message for each flight.
// The packets are small: the client has not yet said how large ones it takes.
func (c *recordConn) flush() error {
	if c.out.Len() == 0 {
		return nil
	}
	w := newMessageWriter(c.Conn, packetPrelogin, c.spid, minPacketSize)
	_, err := w.Write(c.out.Bytes())
	c.out.Reset()
	return errors.Join(err, w.end())
}
