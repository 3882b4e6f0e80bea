package sqlservertest

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/md4" //nolint:staticcheck // NTLM is built on MD4
)

// NTLM messages ([MS-NLMP] 2.2.1).
const (
	ntlmSignature    = "NTLMSSP\x00"
	ntlmNegotiate    = 1
	ntlmChallenge    = 2
	ntlmAuthenticate = 3
)

const (
	ntlmUnicode          = 0x00000001
	ntlmRequestTarget    = 0x00000004
	ntlmNTLM             = 0x00000200
	ntlmTargetIsDomain   = 0x00010000
	ntlmExtendedSecurity = 0x00080000
	ntlmTargetInfo       = 0x00800000
)

// negotiateWindows asks the client to prove that it knows the account's password, and reports whether it does. The
// error says what is wrong with a message.
func (s *session) negotiateWindows() (proven bool, err error) {
	if kind, err := ntlmKind(s.login.sspi); err != nil || kind != ntlmNegotiate {
		return false, fmt.Errorf("LOGIN7 brings NTLM message %d instead of %d: %w", kind, ntlmNegotiate, err)
	}
	account := s.server.config.Windows
	nonce := make([]byte, 8)
	rand.Read(nonce)
	w := s.newMessage(min(s.login.packetSize, defaultPacketSize))
	token := challengeMessage(account.Domain, nonce)
	w.Write(binary.LittleEndian.AppendUint16([]byte{tokenSSPI}, uint16(len(token))))
	w.Write(token)
	if err := w.end(); err != nil {
		return false, err
	}
	m, err := readMessage(s.in, s.in, maxPacketSize, maxLoginMessage)
	if err != nil {
		return false, fmt.Errorf("no answer to the NTLM challenge came: %w", err)
	}
	if m.kind != packetSSPI {
		return false, fmt.Errorf("a packet of type %#02x came instead of the answer to the NTLM challenge", byte(m.kind))
	}
	proof, err := parseAuthenticate(m.body)
	if err != nil {
		return false, fmt.Errorf("the answer to the NTLM challenge: %w", err)
	}
	s.login.user = proof.domain + `\` + proof.user
	return proof.of(*account, nonce), nil
}

func ntlmKind(b []byte) (uint32, error) {
	if len(b) < 12 || string(b[:8]) != ntlmSignature {
		return 0, errors.New("it is no NTLM message")
	}
	return binary.LittleEndian.Uint32(b[8:]), nil
}

// challengeMessage names the domain, twice: as the target, and in the list of information about it.
func challengeMessage(domain string, nonce []byte) []byte {
	const (
		fixed        = 56
		infoEnd      = 0
		infoNBDomain = 2
	)
	target := appendText(nil, domain)
	info := binary.LittleEndian.AppendUint16(nil, infoNBDomain)
	info = append(binary.LittleEndian.AppendUint16(info, uint16(len(target))), target...)
	info = append(info, infoEnd, 0, 0, 0)
	field := func(b []byte, length, offset int) []byte {
		b = binary.LittleEndian.AppendUint16(b, uint16(length))
		b = binary.LittleEndian.AppendUint16(b, uint16(length))
		return binary.LittleEndian.AppendUint32(b, uint32(offset))
	}
	b := binary.LittleEndian.AppendUint32([]byte(ntlmSignature), ntlmChallenge)
	b = field(b, len(target), fixed)
	b = binary.LittleEndian.AppendUint32(b,
		ntlmUnicode|ntlmRequestTarget|ntlmNTLM|ntlmTargetIsDomain|ntlmExtendedSecurity|ntlmTargetInfo)
	b = append(append(b, nonce...), make([]byte, 8)...)
	b = field(b, len(info), fixed+len(target))
	b = append(b, make([]byte, fixed-len(b))...) // no version
	return append(append(b, target...), info...)
}

// ntlmProof is what a client claims and how it proves it.
type ntlmProof struct {
	domain, user string
	response     []byte // NTLMv2: the proof, then what it covers beside the challenge
}

func parseAuthenticate(b []byte) (ntlmProof, error) {
	if kind, err := ntlmKind(b); err != nil || kind != ntlmAuthenticate || len(b) < 64 {
		return ntlmProof{}, fmt.Errorf("message %d of %d bytes: %w", kind, len(b), err)
	}
	var fields [3][]byte
	for i, at := range []int{20, 28, 36} { // response, domain, user
		length, offset := int(binary.LittleEndian.Uint16(b[at:])), int(binary.LittleEndian.Uint32(b[at+4:]))
		if length > len(b) || offset > len(b)-length {
			return ntlmProof{}, fmt.Errorf("the field at %d lies outside the message", at)
		}
		fields[i] = b[offset : offset+length]
	}
	return ntlmProof{decodeText(fields[1]), decodeText(fields[2]), fields[0]}, nil
}

// of reports whether the response was made with the account's password for this challenge ([MS-NLMP] 3.3.2).
func (p ntlmProof) of(account WindowsAccount, nonce []byte) bool {
	const proofSize = md5.Size
	if len(p.response) <= proofSize || !strings.EqualFold(p.domain, account.Domain) || !strings.EqualFold(p.user, account.User) {
		return false
	}
	secret := md4.New()
	secret.Write(appendText(nil, account.Password))
	key := hmacMD5(secret.Sum(nil), appendText(nil, strings.ToUpper(p.user)+p.domain))
	return hmac.Equal(p.response[:proofSize], hmacMD5(key, append(nonce[:len(nonce):len(nonce)], p.response[proofSize:]...)))
}

func hmacMD5(key, data []byte) []byte {
	h := hmac.New(md5.New, key)
	h.Write(data)
	return h.Sum(nil)
}
