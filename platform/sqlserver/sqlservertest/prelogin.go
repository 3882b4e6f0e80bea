package sqlservertest

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Encryption says what the server answers when a client asks about TLS before the log-on.
type Encryption int

const (
	// NotSupported: the server has no TLS. Everything is plain.
	NotSupported Encryption = iota
	// LoginOnly: the server leaves it to the client, as SQL Server does by default. A client that asks for nothing
	// gets an encrypted log-on and plain requests, one that asks for encryption gets it for everything,
	// and one without TLS is served in plain.
	LoginOnly
	// On: everything is encrypted with each client that has TLS. One without is served in plain.
	On
	// Required: everything is encrypted. A client without TLS is turned away, as with Force Encryption.
	Required
	// Strict: TLS 1.2 or 1.3 comes before anything else (TDS 8.0), as with Force Strict Encryption.
	Strict
)

// The values of the ENCRYPTION option ([MS-TDS] 2.2.6.5).
const (
	encryptOff          = 0
	encryptOn           = 1
	encryptNotSupported = 2
	encryptRequired     = 3
)

// PRELOGIN options.
const (
	optionVersion    = 0
	optionEncryption = 1
	optionInstance   = 2
	optionThread     = 3
	optionMARS       = 4
	optionEnd        = 0xFF
)

// serverVersion is the version that the server tells: SQL Server 2022.
var serverVersion = [4]byte{16, 0, 0x10, 0x05}

// answer chooses the server's value for the client's.
func (e Encryption) answer(client byte) byte {
	switch {
	case e == Required:
		return encryptRequired
	case e == NotSupported || e == Strict || client == encryptNotSupported: // strict has TLS already
		return encryptNotSupported
	case e == On || client != encryptOff:
		return encryptOn
	default:
		return encryptOff
	}
}

// parsePrelogin finds the client's ENCRYPTION value. Options are id, offset and length, big-endian.
func parsePrelogin(body []byte) (encryption byte, err error) {
	found := false
	for c := (&cursor{rest: body}); ; {
		id := c.u8()
		if c.err != nil {
			return 0, fmt.Errorf("the option list has no end: %w", c.err)
		}
		if id == optionEnd {
			break
		}
		place := c.take(4)
		if place == nil {
			return 0, fmt.Errorf("option %d: %w", id, c.err)
		}
		offset, length := int(binary.BigEndian.Uint16(place)), int(binary.BigEndian.Uint16(place[2:]))
		if offset+length > len(body) {
			return 0, fmt.Errorf("option %d lies outside the message", id)
		}
		if id == optionEncryption && length > 0 {
			encryption, found = body[offset]&0x03, true
		}
	}
	if !found {
		return 0, errors.New("the ENCRYPTION option is missing")
	}
	return encryption, nil
}

// preloginAnswer is the server's option list with encryption filled in: default instance, no MARS.
func preloginAnswer(encryption byte) []byte {
	options := []struct {
		id    byte
		value []byte
	}{
		{optionVersion, append(serverVersion[:], 0, 0)},
		{optionEncryption, []byte{encryption}},
		{optionInstance, []byte{0}},
		{optionThread, nil},
		{optionMARS, []byte{0}},
	}
	var list, values []byte
	start := 5*len(options) + 1
	for _, o := range options {
		list = append(list, o.id)
		list = binary.BigEndian.AppendUint16(list, uint16(start+len(values)))
		list = binary.BigEndian.AppendUint16(list, uint16(len(o.value)))
		values = append(values, o.value...)
	}
	return append(append(list, optionEnd), values...)
}
