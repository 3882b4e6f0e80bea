package sqlservertest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The TDS versions that the server speaks, as LOGIN7 has them. 8.0 is the one with strict encryption.
const (
	version74 = 0x74000004
	version80 = 0x08000000
)

// login is what a client tells in LOGIN7.
type login struct {
	version     uint32
	packetSize  int
	integrated  bool // Windows authentication
	host        string
	user        string
	password    string
	application string
	database    string
	sspi        []byte // Windows authentication's first message
}

// parseLogin reads a LOGIN7 message ([MS-TDS] 2.2.6.4): fixed fields, then pairs of offset and length in units.
func parseLogin(body []byte) (login, error) {
	const fixed = 94
	if len(body) < fixed {
		return login{}, fmt.Errorf("LOGIN7 of %d bytes: %w", len(body), errShort)
	}
	l := login{
		version:    binary.LittleEndian.Uint32(body[4:]),
		packetSize: agreedSize(binary.LittleEndian.Uint32(body[8:])),
		integrated: body[25]&0x80 != 0,
	}
	for _, field := range []struct {
		at    int
		value *string
	}{{36, &l.host}, {40, &l.user}, {44, &l.password}, {48, &l.application}, {68, &l.database}} {
		offset := int(binary.LittleEndian.Uint16(body[field.at:]))
		size := 2 * int(binary.LittleEndian.Uint16(body[field.at+2:]))
		if size == 0 {
			continue
		}
		if offset+size > len(body) {
			return login{}, fmt.Errorf("the LOGIN7 field at %d lies outside the message", field.at)
		}
		value := body[offset : offset+size]
		if field.value == &l.password {
			value = unscramble(value)
		}
		*field.value = decodeText(value)
	}
	offset, size := int(binary.LittleEndian.Uint16(body[78:])), int(binary.LittleEndian.Uint16(body[80:]))
	switch {
	case size == 0:
	case offset+size > len(body):
		return login{}, errors.New("the LOGIN7 field at 78 lies outside the message")
	default:
		l.sspi = body[offset : offset+size]
	}
	return l, nil
}

// unscramble undoes what clients do to a password: halves of each byte swapped, then XOR A5.
func unscramble(b []byte) []byte {
	plain := make([]byte, len(b))
	for i, v := range b {
		v ^= 0xA5
		plain[i] = v<<4 | v>>4
	}
	return plain
}

// agreedSize gives the packet size for the one that a client asks for; 0 asks for the default.
func agreedSize(wanted uint32) int {
	if wanted == 0 {
		return defaultPacketSize
	}
	return int(min(max(wanted, minPacketSize), maxPacketSize))
}

// logOn reads LOGIN7 and answers it. An error means that the connection is of no use.
func (s *session) logOn() error {
	first := s.in
	if s.loginOnly {
		first = s.secure
	}
	m, err := readMessage(first, s.in, maxPacketSize, maxLoginMessage)
	if err != nil {
		return fmt.Errorf("no LOGIN7 came: %w", err)
	}
	if m.kind != packetLogin {
		return fmt.Errorf("a packet of type %#02x came instead of LOGIN7", byte(m.kind))
	}
	if s.login, err = parseLogin(m.body); err != nil {
		return err
	}
	strict := s.server.config.Encryption == Strict
	if s.login.version < version74 && (s.login.version != version80 || !strict) {
		return fmt.Errorf("the client speaks TDS version %08X; only 7.4 is served, and 8.0 under strict encryption", s.login.version)
	}
	if s.secure != nil && !s.loginOnly {
		s.login.packetSize = min(s.login.packetSize, maxEncryptedPacketSize)
	}
	refusal, err := s.judgeLogin()
	if err != nil {
		return err
	}
	if refusal != nil {
		s.server.count(func(c *Counts) { c.Refused++ })
		w := s.newMessage(min(s.login.packetSize, defaultPacketSize))
		w.Write(appendErrors(nil, refusal))
		w.Write(appendDone(nil, tokenDone, doneError, 0, 0))
		return errors.Join(fmt.Errorf("the log-on was refused with error %d", refusal.Number), w.end())
	}
	s.server.count(func(c *Counts) { c.LogOns++ })
	answer := s.loginAnswer()
	if err := s.reach(InLogOn, half(frame(packetAnswer, s.spid, answer))); err != nil {
		return err
	}
	// The agreed packet size holds for what comes after this answer.
	w := s.newMessage(min(s.login.packetSize, defaultPacketSize))
	w.Write(answer)
	s.packetSize = s.login.packetSize
	return w.end()
}

// judgeLogin finds the database of a good log-on, or returns what SQL Server says to a bad one, or to all.
func (s *session) judgeLogin() (refusal *Error, err error) {
	c := s.server.config
	if s.login.integrated {
		proven := false
		if c.Windows != nil {
			if proven, err = s.negotiateWindows(); err != nil {
				return nil, err
			}
		}
		if !proven {
			return &Error{
				Number: 18452, State: 1, Class: 14,
				Message: "Login failed. The login is from an untrusted domain and cannot be used with Integrated authentication.",
			}, nil
		}
	}
	failed := &Error{Number: 18456, State: 1, Class: 14, Message: "Login failed for user '" + cut(s.login.user, 128) + "'."}
	if !s.login.integrated && (c.User == "" || !strings.EqualFold(s.login.user, c.User) || s.login.password != c.Password) {
		return failed, nil
	}
	name := s.login.database
	if name == "" {
		name = "master"
	}
	if s.database = s.server.databases[strings.ToLower(name)]; s.database == nil {
		return &Error{
			Number: 4060, State: 1, Class: 11,
			Message: `Cannot open database "` + cut(name, 128) + `" requested by the login. The login failed.`,
			Next:    failed,
		}, nil
	}
	return c.LogOn, nil
}

// loginAnswer is the token stream of a good log-on.
func (s *session) loginAnswer() []byte {
	var b []byte
	b = appendEnvChange(b, envDatabase, s.database.name, "master")
	b = appendMessage(b, tokenInfo, &Error{Number: 5701, State: 2, Message: "Changed database context to '" + s.database.name + "'."})
	b = append(b, tokenEnvChange, 8, 0, envCollation, byte(len(collation)))
	b = append(append(b, collation[:]...), 0)
	b = appendEnvChange(b, envLanguage, "us_english", "")
	b = appendMessage(b, tokenInfo, &Error{Number: 5703, State: 1, Message: "Changed language setting to us_english."})

	ack := binary.BigEndian.AppendUint32([]byte{1}, min(s.login.version, version74))
	ack = appendShortText(ack, "Microsoft SQL Server")
	ack = append(ack, serverVersion[:]...)
	b = binary.LittleEndian.AppendUint16(append(b, tokenLoginAck), uint16(len(ack)))
	b = append(b, ack...)

	b = appendEnvChange(b, envPacketSize, strconv.Itoa(s.login.packetSize), strconv.Itoa(defaultPacketSize))
	return appendDone(b, tokenDone, 0, 0, 0)
}
