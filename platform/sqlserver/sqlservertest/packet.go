package sqlservertest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// packetType is the first byte of every packet ([MS-TDS] 2.2.3.1.1).
type packetType byte

const (
	packetBatch     packetType = 0x01
	packetRPC       packetType = 0x03
	packetAnswer    packetType = 0x04
	packetAttention packetType = 0x06
	packetLogin     packetType = 0x10
	packetSSPI      packetType = 0x11
	packetPrelogin  packetType = 0x12
)

// Bits of the second byte of a packet ([MS-TDS] 2.2.3.1.2).
const (
	statusLast                 = 0x01
	statusReset                = 0x08
	statusResetKeepTransaction = 0x10
)

const (
	headerSize        = 8
	defaultPacketSize = 4096
	minPacketSize     = 512
	maxPacketSize     = 32767
	// A packet has to fit into one TLS record, so encrypted connections get smaller ones.
	maxEncryptedPacketSize = 16383
)

// What a client may send at most, in bytes, so that garbage cannot take the memory of a test.
const (
	maxLoginMessage   = 128 << 10
	maxRequestMessage = 4 << 20
)

type packet struct {
	kind   packetType
	status byte
	body   []byte
}

// readPacket reads one packet of at most limit bytes, header included.
// It reports io.EOF when r ends before the packet begins.
func readPacket(r io.Reader, limit int) (packet, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return packet{}, fmt.Errorf("the stream ends within a packet header: %w", err)
		}
		return packet{}, err
	}
	size := int(binary.BigEndian.Uint16(header[2:]))
	if size < headerSize || size > limit {
		return packet{}, fmt.Errorf("a packet of %d bytes: not between %d and %d", size, headerSize, limit)
	}
	body := make([]byte, size-headerSize)
	if _, err := io.ReadFull(r, body); err != nil {
		return packet{}, fmt.Errorf("the stream ends within a packet: %w", noEOF(err))
	}
	return packet{kind: packetType(header[0]), status: header[1], body: body}, nil
}

// noEOF keeps a stream that was cut from looking like one that ended.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

type message struct {
	kind  packetType
	reset bool // the client took the connection from its pool and wants a clean session
	body  []byte
}

// readMessage reads packets of one kind up to the last one: the first from first, the others from rest.
// The two differ when the log-on alone is encrypted, because only its first packet is.
func readMessage(first, rest io.Reader, packetLimit, messageLimit int) (message, error) {
	p, err := readPacket(first, packetLimit)
	if err != nil {
		return message{}, err
	}
	m := message{
		kind:  p.kind,
		reset: p.status&(statusReset|statusResetKeepTransaction) != 0,
		body:  p.body,
	}
	for p.status&statusLast == 0 {
		if p, err = readPacket(rest, packetLimit); err != nil {
			return message{}, fmt.Errorf("the message goes on: %w", noEOF(err))
		}
		if p.kind != m.kind {
			return message{}, fmt.Errorf("a packet of type %#02x within a message of type %#02x", byte(p.kind), byte(m.kind))
		}
		if len(m.body)+len(p.body) > messageLimit {
			return message{}, fmt.Errorf("a message of more than %d bytes", messageLimit)
		}
		m.body = append(m.body, p.body...)
	}
	return m, nil
}

// messageWriter splits what is written into packets of one message. Its first error stays.
type messageWriter struct {
	w      io.Writer
	kind   packetType
	spid   uint16
	size   int // of a packet, header included
	number byte
	buf    []byte // the packet in the making, header included
	err    error
}

func newMessageWriter(w io.Writer, kind packetType, spid uint16, size int) *messageWriter {
	return &messageWriter{w: w, kind: kind, spid: spid, size: size, number: 1, buf: make([]byte, headerSize, size)}
}

// Write sends full packets. The last one is held back until more comes or the message ends.
func (m *messageWriter) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 && m.err == nil {
		if len(m.buf) == m.size {
			m.send(0)
		}
		n := min(len(p), m.size-len(m.buf))
		m.buf = append(m.buf, p[:n]...)
		p = p[n:]
	}
	return total - len(p), m.err
}

// end sends the last packet of the message.
func (m *messageWriter) end() error {
	if m.err == nil {
		m.send(statusLast)
	}
	return m.err
}

// flush sends what has been written, as a packet that is not the last.
func (m *messageWriter) flush() {
	if m.err == nil && len(m.buf) > headerSize {
		m.send(0)
	}
}

// tear sends half of a packet. Its header says that the other half comes.
func (m *messageWriter) tear() {
	if m.err != nil {
		return
	}
	full := len(m.buf)
	w := m.w
	var packet bytes.Buffer
	m.w = &packet
	m.send(0)
	m.w = w
	_, m.err = w.Write(packet.Bytes()[:headerSize+(full-headerSize)/2])
}

func (m *messageWriter) send(status byte) {
	m.buf[0], m.buf[1] = byte(m.kind), status
	binary.BigEndian.PutUint16(m.buf[2:], uint16(len(m.buf)))
	binary.BigEndian.PutUint16(m.buf[4:], m.spid)
	m.buf[6], m.buf[7] = m.number, 0
	m.number++
	_, m.err = m.w.Write(m.buf)
	m.buf = m.buf[:headerSize]
}
